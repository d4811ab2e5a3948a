/* SPDX-License-Identifier: Apache-2.0 */
#include "explain.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "aadsts.h"

/* Core 3.2.2.2 */
#define STATUS_URI "urn:oasis:names:tc:SAML:2.0:status:"

const saml_code_words_t *saml_explain_status_code(const char *uri)
{
    const saml_code_words_t *w;

    if (!uri)
        return NULL;
    if (strncmp(uri, STATUS_URI, sizeof(STATUS_URI) - 1) == 0)
        uri += sizeof(STATUS_URI) - 1;
    for (w = saml_status_code_words; w->name; w++)
        if (strcasecmp(w->name, uri) == 0)
            return w;
    return NULL;
}

/* The innermost code says most; one that is not known leaves it to the outermost. */
static const saml_code_words_t *status_code_words(const saml_idp_status_t *idp)
{
    const saml_code_words_t *inner = saml_explain_status_code(idp->subcode);

    return inner ? inner : saml_explain_status_code(idp->code);
}

void saml_explain_idp(saml_idp_words_t *out, const saml_idp_status_t *idp, apr_pool_t *p)
{
    out->aadsts = saml_aadsts_in(p, idp->message);
    out->aadsts_url = out->aadsts ? saml_aadsts_url(p, out->aadsts) : NULL;
    out->words = out->aadsts ? saml_aadsts_find(out->aadsts) : NULL;
    if (!out->words)
        out->words = status_code_words(idp);
}

const char *saml_explain_idp_line(const saml_idp_status_t *idp, apr_pool_t *p)
{
    saml_idp_words_t known;

    saml_explain_idp(&known, idp, p);
    if (!known.words)
        return NULL;
    return apr_psprintf(p, "%s: %s Mend (%s): %s", known.words->name, known.words->meaning,
                        saml_mender_words[known.words->mender].name, known.words->fix);
}

const saml_refusal_words_t *saml_explain_refusal(const char *name)
{
    int i;

    if (strcmp(name, SAML_ACCESS_DENIED) == 0)
        return &saml_access_denied.words;
    for (i = SAML_OK + 1; i < SAML_STATUS_COUNT; i++)
        if (strcmp(name, saml_status_name((saml_status_t)i)) == 0)
            return &saml_refusal_words[i];
    return NULL;
}
