/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAML_EXPLAIN_H
#define SAML_EXPLAIN_H

/** @file explain.h What an identity provider's failure and our own refusals mean: the words of texts.h, found by what came. */

#include "texts.h"

/** What an identity provider's failure says of itself, as far as it is known here. */
typedef struct {
    const char *aadsts;                     /* "AADSTS50105", or NULL */
    const char *aadsts_url;                 /* Microsoft's page on it, or NULL */
    const saml_code_words_t *words;         /* of that code; without one, or where it is not known, of the SAML status code; or NULL */
} saml_idp_words_t;

/** Words for err->idp of a SAML_E_STATUS. Of its texts nothing comes through but a known name, or the digits of a code. */
void saml_explain_idp(saml_idp_words_t *out, const saml_idp_status_t *idp, apr_pool_t *p);

/** The same in a line for logs: "AADSTS50105: MEANING Mend (an administrator): FIX", or NULL where nothing is known. */
const char *saml_explain_idp_line(const saml_idp_status_t *idp, apr_pool_t *p);

/** What is known of a SAML status code (Core 3.2.2.2): its URI, or the last part of it, in any case. NULL: nothing. */
const saml_code_words_t *saml_explain_status_code(const char *uri);

/** The words for administrators of one of our own status names ("recipient", "access-denied"), or NULL. */
const saml_refusal_words_t *saml_explain_refusal(const char *name);

#endif
