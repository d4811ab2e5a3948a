/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_AADSTS_H
#define SAML_AADSTS_H

/**
 * @file aadsts.h
 * Entra's error codes. They stand in the StatusMessage of an error Response and on Entra's own pages: "AADSTS50105: ...". Microsoft
 * changes codes and texts, and anybody can write any of them into an unsigned Response: they are shown and logged, nothing hangs on them.
 */

#include "texts.h"

/** Numbers of other lengths are no codes: fewer digits than any has, or so many that it could be something else. */
#define SAML_AADSTS_MIN_DIGITS 4
#define SAML_AADSTS_MAX_DIGITS 8

/** The first code in `text`: "AADSTS" (in any case), which no letter or digit stands before, and digits. @return "AADSTS50105", or NULL */
const char *saml_aadsts_in(apr_pool_t *p, const char *text);

/** The code that `word` is as a whole, "AADSTS50105" or "50105". @return "AADSTS50105", or NULL */
const char *saml_aadsts_named(apr_pool_t *p, const char *word);

/** What is known of `code` ("AADSTS50105"), or NULL. */
const saml_code_words_t *saml_aadsts_find(const char *code);

/** Microsoft's page on `code`. */
const char *saml_aadsts_url(apr_pool_t *p, const char *code);

#endif
