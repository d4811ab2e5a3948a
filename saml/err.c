/* SPDX-License-Identifier: Apache-2.0 */
#include "saml.h"

#include <pthread.h>
#include <string.h>

#include <apr_strings.h>
#include <libxml/parser.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>

#include "signature.h"

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

/*
 * The first complaint of xmlsec1 in this thread since it was last asked. xmlsec1 reports through a callback without
 * an argument of ours, so it has to be a variable of the thread.
 */
static __thread char xmlsec_complaint[SAML_MAX_REASON_BYTES];

static void note_xmlsec_error(const char *file, int line, const char *func, const char *object, const char *subject,
                              int reason, const char *msg)
{
    (void)file;
    (void)line;
    if (xmlsec_complaint[0])
        return;
    apr_snprintf(xmlsec_complaint, sizeof(xmlsec_complaint), "%s: %s %s: error %d: %s", func ? func : "xmlsec1",
                 object ? object : "", subject ? subject : "", reason, msg ? msg : "");
}

const char *saml_xmlsec_reason(apr_pool_t *p)
{
    const char *said = xmlsec_complaint[0] ? saml_quote(p, xmlsec_complaint) : "no reason given";

    xmlsec_complaint[0] = '\0';
    return said;
}

static pthread_once_t init_once = PTHREAD_ONCE_INIT;
static const char *init_failure;    /* written under init_once, read-only afterwards */

static void init_libraries(void)
{
    xmlInitParser();
    if (xmlSecInit() < 0) {
        init_failure = "xmlsec1 could not be set up";
        return;
    }
    if (xmlSecCheckVersion() != 1) {
        init_failure = "the xmlsec1 that is loaded is not compatible with the one this was built for";
        return;
    }
    if (xmlSecCryptoInit() < 0) {
        init_failure = "xmlsec1's OpenSSL part could not be set up";
        return;
    }
    xmlSecErrorsSetCallback(note_xmlsec_error);
    /* Without input callbacks no Reference and no RetrievalMethod can open a file or a connection. */
    xmlSecIOCleanupCallbacks();
}

saml_status_t saml_library_init(saml_err_t *err)
{
    pthread_once(&init_once, init_libraries);
    if (init_failure)
        return saml_fail(err, SAML_E_METADATA, "%s", init_failure);
    return saml_signature_init(err);
}
