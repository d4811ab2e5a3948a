/* SPDX-License-Identifier: Apache-2.0 */
#include "saml.h"

#include <string.h>

#include <apr_strings.h>

static const char *const status_names[SAML_STATUS_COUNT] = {
    [SAML_OK] = "ok",
    [SAML_E_MALFORMED] = "malformed",
    [SAML_E_TOO_LARGE] = "too-large",
    [SAML_E_VERSION] = "version",
    [SAML_E_DESTINATION] = "destination",
    [SAML_E_ISSUER] = "issuer",
    [SAML_E_IN_RESPONSE_TO] = "in-response-to",
    [SAML_E_STATUS] = "status",
    [SAML_E_UNSIGNED] = "unsigned",
    [SAML_E_SIGNATURE] = "signature",
    [SAML_E_ALGORITHM] = "algorithm",
    [SAML_E_ASSERTION_COUNT] = "assertion-count",
    [SAML_E_DECRYPTION] = "decryption",
    [SAML_E_CERTIFICATE_EXPIRED] = "certificate-expired",
    [SAML_E_CONDITIONS] = "conditions",
    [SAML_E_NOT_BEFORE] = "not-before",
    [SAML_E_EXPIRED] = "expired",
    [SAML_E_AUDIENCE] = "audience",
    [SAML_E_SUBJECT] = "subject",
    [SAML_E_RECIPIENT] = "recipient",
    [SAML_E_CONFIRMATION] = "confirmation",
    [SAML_E_AUTHN_STATEMENT] = "authn-statement",
    [SAML_E_SESSION_EXPIRED] = "session-expired",
    [SAML_E_NAME_ID] = "name-id",
    [SAML_E_CLAIM] = "claim",
    [SAML_E_REPLAY] = "replay",
    [SAML_E_RELAY_STATE] = "relay-state",
    [SAML_E_STATE_MISSING] = "state-missing",
    [SAML_E_UNSOLICITED] = "unsolicited",
    [SAML_E_PROVISIONING] = "provisioning",
    [SAML_E_STORE] = "store",
    [SAML_E_METADATA] = "metadata",
    [SAML_E_REQUEST] = "request",
    [SAML_E_OVERAGE] = "overage",
};

static const struct {
    const char *name;
    unsigned bit;
} allow_words[] = {
    { "sha1", SAML_ALLOW_SHA1 },
    { "rsa1_5", SAML_ALLOW_RSA1_5 },
    { "3des", SAML_ALLOW_3DES },
    { "rsa1024", SAML_ALLOW_RSA1024 },
    { "c14n10", SAML_ALLOW_C14N10 },
    { "expired-certificate", SAML_ALLOW_EXPIRED_CERTIFICATE },
    { "unsigned-logout", SAML_ALLOW_UNSIGNED_LOGOUT },
};

#define ALLOW_WORDS (sizeof(allow_words) / sizeof(allow_words[0]))

unsigned saml_allow_bit(const char *name)
{
    size_t i;

    for (i = 0; name && i < ALLOW_WORDS; i++)
        if (strcmp(allow_words[i].name, name) == 0)
            return allow_words[i].bit;
    return 0;
}

const char *saml_allow_name(unsigned bit)
{
    size_t i;

    for (i = 0; i < ALLOW_WORDS; i++)
        if (allow_words[i].bit == bit)
            return allow_words[i].name;
    return NULL;
}

const char *saml_allow_names(void)
{
    return "sha1, rsa1_5, 3des, rsa1024, c14n10, expired-certificate, unsigned-logout";
}

const char *saml_status_name(saml_status_t status)
{
    if ((unsigned)status >= SAML_STATUS_COUNT)
        return "unknown";
    return status_names[status];
}

saml_status_t (saml_fail)(saml_err_t *err, saml_status_t status, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    err->status = status;
    err->reason = apr_pvsprintf(err->pool, fmt, args);
    va_end(args);
    return status;
}

/* What a log line and a terminal can show as it is. */
static int is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

const char *saml_quote_bytes(apr_pool_t *p, const char *text, apr_size_t len)
{
    static const char hex[] = "0123456789abcdef";
    apr_size_t shown = len > SAML_MAX_REASON_BYTES ? SAML_MAX_REASON_BYTES : len;
    char *out, *w;
    apr_size_t i;

    if (!text)
        return "none";
    w = out = apr_palloc(p, 4 * shown + sizeof("\"...\""));
    *w++ = '"';
    for (i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)text[i];

        if (is_plain(c)) {
            *w++ = (char)c;
        }
        else if (c == '"' || c == '\\') {
            *w++ = '\\';
            *w++ = (char)c;
        }
        else {
            *w++ = '\\';
            *w++ = 'x';
            *w++ = hex[c >> 4];
            *w++ = hex[c & 15];
        }
    }
    memcpy(w, shown < len ? "...\"" : "\"", shown < len ? 5 : 2);
    return out;
}

const char *saml_quote(apr_pool_t *p, const char *text)
{
    return saml_quote_bytes(p, text, text ? strlen(text) : 0);
}
