/* SPDX-License-Identifier: Apache-2.0 */
#include "saml.h"

#include <pthread.h>

#include <apr_strings.h>
#include <curl/curl.h>
#include <libxml/parser.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/xmlsec.h>

/* Set-up of the libraries beneath, once for each process, and what xmlsec1 complains about. */

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
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        init_failure = "libcurl could not be set up";
}

saml_status_t saml_library_init(saml_err_t *err)
{
    pthread_once(&init_once, init_libraries);
    if (init_failure)
        return saml_fail(err, SAML_E_METADATA, "%s", init_failure);
    return SAML_OK;
}
