/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_FAILING_H
#define T_UNIT_FAILING_H

/**
 * @file failing.h
 * Makes single calls of a library fail: FAILING puts a function of the library's name into the test, which hands on to the
 * real one unless the plan says that this call is to fail. First of all includes, as it asks for GNU's dlsym.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <string.h>

static struct {
    const char *function;       /* NULL: none */
    int seen, fail_at;
} plan;

extern const char __executable_start[], etext[];

/* Where the libraries call each other, they are left alone: how they live through it is theirs. */
static int is_due(const char *function, const void *caller)
{
    if (!plan.function || strcmp(plan.function, function) != 0)
        return 0;
    if ((const char *)caller < __executable_start || (const char *)caller >= etext)
        return 0;
    return ++plan.seen == plan.fail_at;
}

#define NAME_OF(name) #name

/* A function pointer out of an object pointer, as POSIX has it for dlsym. */
#define FIND(next, name)                             \
    do {                                             \
        void *found_ = dlsym(RTLD_NEXT, name);       \
                                                     \
        assert_non_null(found_);                     \
        memcpy(&(next), &found_, sizeof(found_));    \
    } while (0)

#define FAILING(type, failure, name, params, args)                  \
    type name params                                                \
    {                                                               \
        static type(*next) params;                                  \
                                                                    \
        if (!next)                                                  \
            FIND(next, NAME_OF(name));                              \
        if (is_due(NAME_OF(name), __builtin_return_address(0)))     \
            return failure;                                         \
        return next args;                                           \
    }

#endif
