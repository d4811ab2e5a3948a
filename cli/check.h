/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

/** @file check.h The parts of `saml-sso check`: httpd looks at a configuration, and what it says is put in order. */

#include "cli.h"

#define CHECK_COMMAND "check"

/** What is looked at, and with what. */
typedef struct {
    apr_pool_t *p;
    const char *file;           /* absolute */
    const char *httpd;          /* the program */
    const char *module;         /* mod_saml_sso.so */
    const char *modules;        /* folder of httpd's own modules */
    const char *server_root;    /* NULL: httpd's own */
    const char *server_name;
    const apr_array_header_t *defines;  /* const char *, "NAME" or "NAME=VALUE" */
    apr_array_header_t *loaded; /* const char *, "proxy": of httpd's modules, in order */
    int has_mpm;                /* the file loads one itself */
    const char *folder;         /* temporary, ours */
} check_t;

/** What httpd said. */
typedef struct {
    int is_good;                /* it takes the configuration */
    const char *said;           /* its standard error */
    const char *dump;           /* its standard output: what the applications come to */
} check_answer_t;

/** One thing that is wrong, or may be. Absent parts are NULL; `text` is all of it where it has no parts. */
typedef struct {
    const char *file;
    const char *line;
    const char *directive;
    const char *text;
    const char *expected;
    const char *found;
    const char *mend;
    int is_warning;
} check_finding_t;

/* ---- check_run.c -------------------------------------------------------- */

/** Make the temporary folder; it goes with the pool. @return CLI_OK, or CLI_CANNOT after a sentence on stderr */
int check_prepare(check_t *c);

/** Let httpd look at the file. @return the same */
int check_run(check_answer_t *out, const check_t *c);

/* ---- check_modules.c ---------------------------------------------------- */

/** Whether the folder of httpd's modules has that one. */
int check_has_module(const check_t *c, const char *name);

/** Add a module to those that are loaded, with those it builds on, unless it is there. @return whether anything was added */
int check_load(check_t *c, const char *name);

/** The file loads an MPM itself: leave ours out. @return whether there was one */
int check_unload_mpm(check_t *c);

/** The module of httpd that a directive is of, or NULL. */
const char *check_module_of(const char *directive);

/** The module that `Require NAME` asks for, or NULL. */
const char *check_module_of_provider(const char *name);

/** Load what the `<IfModule mod_x.c>` of the file ask for, so that no part of it goes unseen. */
void check_load_conditional(check_t *c, const char *text);

/* ---- check_findings.c --------------------------------------------------- */

/** What httpd said, in order: check_finding_t. */
apr_array_header_t *check_findings(const check_t *c, const check_answer_t *answer);

void check_print_finding(const check_t *c, const check_finding_t *finding);

/* ---- check_portal.c ----------------------------------------------------- */

/** What the identity provider must hold for each application of the dump. @return how many there are */
int check_print_portal(const check_t *c, const char *dump);

#endif
