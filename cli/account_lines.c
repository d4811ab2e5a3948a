/* SPDX-License-Identifier: Apache-2.0 */
/* What all files that tell what a message says have in common: lines, doubts, times, and the line on a signature. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "account.h"
#include "cli.h"
#include "saml/clock.h"
#include "saml/key.h"

/* ---- lines -------------------------------------------------------------- */

void account_line(const account_t *a, const char *label, const char *value)
{
    if (value)
        printf("%s%-15s %s\n", a->indent, label, cli_printable(a->p, value));
}

void account_linef(const account_t *a, const char *label, const char *fmt, ...)
{
    va_list ap;
    const char *text;

    va_start(ap, fmt);
    text = apr_pvsprintf(a->p, fmt, ap);
    va_end(ap);
    account_line(a, label, text);
}

void account_doubt(account_t *a, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    APR_ARRAY_PUSH(a->doubts, const char *) = apr_pvsprintf(a->p, fmt, ap);
    va_end(ap);
}

const char *account_text(const account_t *a, const xmlNode *el)
{
    saml_err_t err = { .pool = a->p };
    const char *text = "";

    if (!el)
        return NULL;
    return saml_xml_text_collapsed(&text, el, a->p, &err) == SAML_OK ? text : "";
}

const char *account_time(const account_t *a, const char *text, apr_time_t *t)
{
    saml_err_t err = { .pool = a->p };

    *t = 0;
    if (!text)
        return NULL;
    if (saml_time_parse(t, text, "time", &err) != SAML_OK)
        return apr_pstrcat(a->p, text, " (not a time)", NULL);
    return apr_psprintf(a->p, "%s (%s)", text, cli_relative_time(a->p, *t, a->now));
}

/* ---- signatures --------------------------------------------------------- */

static const xmlNode *down(const xmlNode *el, const char *const *path)
{
    for (; el && *path; path++)
        el = saml_xml_child(el, SAML_NS_DSIG, *path);
    return el;
}

const char *account_algorithm(account_t *a, saml_alg_use_t use, const char *uri)
{
    saml_err_t err = { .pool = a->p };
    const saml_algorithm_t *alg;

    if (saml_algorithm_find(&alg, use, uri, 0, &err) == SAML_OK)
        return alg->name;
    account_doubt(a, "%s", err.reason);
    return uri ? uri : "none";
}

/* The certificate that the message brings along. It only tells which key to look for; nobody may believe it. */
static const char *enclosed_certificate(const account_t *a, const xmlNode *signature)
{
    static const char *const path[] = { "KeyInfo", "X509Data", "X509Certificate", NULL };
    saml_err_t err = { .pool = a->p };
    const char *text = account_text(a, down(signature, path));
    apr_array_header_t *certs;
    const saml_cert_t *cert;

    if (!text)
        return "no certificate enclosed";
    if (saml_certs_parse(&certs, text, strlen(text), "KeyInfo", a->p, &err) != SAML_OK)
        return "the enclosed certificate cannot be read";
    cert = APR_ARRAY_IDX(certs, 0, const saml_cert_t *);
    return apr_psprintf(a->p, "certificate %s, thumbprint %s, valid until %s", cert->subject, cert->sha1,
                        saml_time_format(a->p, cert->not_after));
}

int account_signature(account_t *a, const xmlNode *el)
{
    static const char *const method[] = { "SignedInfo", "SignatureMethod", NULL };
    static const char *const digest[] = { "SignedInfo", "Reference", "DigestMethod", NULL };
    const xmlNode *signature = saml_xml_child(el, SAML_NS_DSIG, "Signature"), *m, *d;

    if (!signature) {
        account_line(a, "signature", "none");
        return 0;
    }
    m = down(signature, method);
    d = down(signature, digest);
    account_linef(a, "signature", "%s, digest %s (not verified)",
                  account_algorithm(a, SAML_ALG_SIGNATURE, m ? saml_xml_attr(m, "Algorithm", a->p) : NULL),
                  account_algorithm(a, SAML_ALG_DIGEST, d ? saml_xml_attr(d, "Algorithm", a->p) : NULL));
    account_line(a, "signed with", enclosed_certificate(a, signature));
    return 1;
}
