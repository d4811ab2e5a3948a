/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ACCOUNT_H
#define CLI_ACCOUNT_H

/** @file account.h Between the files that tell what a message says: lines, and the doubts that are collected meanwhile. */

#include "saml/algorithm.h"
#include "show.h"

typedef struct {
    apr_pool_t *p;
    apr_time_t now;
    const char *indent;         /* before each line */
    apr_array_header_t *doubts; /* const char *: what would be refused, in the order it was met */
} account_t;

/** "label   value" on a line; nothing for NULL. The value is made safe for a terminal. */
void account_line(const account_t *a, const char *label, const char *value);

/** As account_line, formatted. */
void account_linef(const account_t *a, const char *label, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** Something that would be refused. */
void account_doubt(account_t *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Text of `el` without white space around it; NULL for no element, "" for one that has child elements. */
const char *account_text(const account_t *a, const xmlNode *el);

/** "2026-03-02T09:15:30Z (3 h 2 min ago)"; the text as it stands where it is no time; NULL for NULL. `*t` is 0 then. */
const char *account_time(const account_t *a, const char *text, apr_time_t *t);

/** What an algorithm is called; a doubt where it needs an allowance or is unknown. */
const char *account_algorithm(account_t *a, saml_alg_use_t use, const char *uri);

/** account_assertion.c: one Assertion or EncryptedAssertion. */
void account_assertion(account_t *a, const xmlNode *el);

/** The signature that is a child of `el`, in a line; doubts about weak algorithms. @return whether there is one */
int account_signature(account_t *a, const xmlNode *el);

#endif
