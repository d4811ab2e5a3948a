/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses, their public names, reasons and quoting. */

#include "material.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <libxml/c14n.h>
#include <libxml/xmlerror.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>

/* The names as the design fixes them, in the order of the enum. */
static void test_every_status_has_its_name(void **state)
{
    static const char *const names[] = {
        "ok", "malformed", "too-large", "version", "destination", "issuer", "in-response-to", "status", "unsigned",
        "signature", "algorithm", "assertion-count", "decryption", "certificate-expired", "conditions", "not-before",
        "expired", "audience", "subject", "recipient", "confirmation", "authn-statement", "session-expired", "name-id",
        "claim", "replay", "relay-state", "state-missing", "unsolicited", "provisioning", "store", "metadata",
        "request", "overage",
    };
    int i;

    (void)state;
    assert_int_equal(sizeof(names) / sizeof(names[0]), SAML_STATUS_COUNT);
    for (i = 0; i < SAML_STATUS_COUNT; i++)
        assert_string_equal(saml_status_name((saml_status_t)i), names[i]);
    assert_string_equal(saml_status_name(SAML_STATUS_COUNT), "unknown");
    assert_string_equal(saml_status_name((saml_status_t)-1), "unknown");
}

static void test_allow_words(void **state)
{
    static const struct { const char *name; unsigned bit; } words[] = {
        { "sha1", SAML_ALLOW_SHA1 }, { "rsa1_5", SAML_ALLOW_RSA1_5 }, { "3des", SAML_ALLOW_3DES },
        { "rsa1024", SAML_ALLOW_RSA1024 }, { "c14n10", SAML_ALLOW_C14N10 },
        { "expired-certificate", SAML_ALLOW_EXPIRED_CERTIFICATE }, { "unsigned-logout", SAML_ALLOW_UNSIGNED_LOGOUT },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_int_equal(saml_allow_bit(words[i].name), words[i].bit);
        assert_string_equal(saml_allow_name(words[i].bit), words[i].name);
        assert_non_null(strstr(saml_allow_names(), words[i].name));
    }
    assert_int_equal(saml_allow_bit("SHA1"), 0);
    assert_int_equal(saml_allow_bit("sha1 "), 0);
    assert_int_equal(saml_allow_bit(""), 0);
    assert_int_equal(saml_allow_bit(NULL), 0);
    assert_null(saml_allow_name(0));
    assert_null(saml_allow_name(SAML_ALLOW_SHA1 | SAML_ALLOW_3DES));
}

static void test_fail_writes_both(void **state)
{
    (void)state;
    assert_int_equal(saml_fail(&err, SAML_E_RECIPIENT, "expected %d, got %s", 3, saml_quote(pool, "x")),
                     SAML_E_RECIPIENT);
    assert_int_equal(err.status, SAML_E_RECIPIENT);
    assert_string_equal(err.reason, "expected 3, got \"x\"");
}

static void test_quote(void **state)
{
    char long_text[SAML_MAX_REASON_BYTES + 2];
    const char *quoted;

    (void)state;
    assert_string_equal(saml_quote(pool, NULL), "none");
    assert_string_equal(saml_quote(pool, ""), "\"\"");
    assert_string_equal(saml_quote(pool, "a b"), "\"a b\"");
    assert_string_equal(saml_quote(pool, "a\"b\\c"), "\"a\\\"b\\\\c\"");
    assert_string_equal(saml_quote(pool, "\r\n\t\x1b\x7f"), "\"\\x0d\\x0a\\x09\\x1b\\x7f\"");
    assert_string_equal(saml_quote(pool, "\xc3\xa4"), "\"\\xc3\\xa4\"");
    assert_string_equal(saml_quote_bytes(pool, "a\0b", 3), "\"a\\x00b\"");
    memset(long_text, 'x', sizeof(long_text));
    quoted = saml_quote_bytes(pool, long_text, SAML_MAX_REASON_BYTES);
    assert_int_equal(strlen(quoted), SAML_MAX_REASON_BYTES + 2);
    quoted = saml_quote_bytes(pool, long_text, SAML_MAX_REASON_BYTES + 1);
    assert_int_equal(strlen(quoted), SAML_MAX_REASON_BYTES + 5);
    assert_string_equal(quoted + SAML_MAX_REASON_BYTES + 1, "...\"");
}

static void *init_in_thread(void *unused)
{
    apr_pool_t *p;
    saml_err_t e;
    void *result;

    (void)unused;
    apr_pool_create(&p, NULL);
    e.pool = p;
    result = saml_library_init(&e) == SAML_OK ? NULL : (void *)1;
    apr_pool_destroy(p);
    return result;
}

static void test_init_again_and_from_threads(void **state)
{
    pthread_t threads[4];
    void *result;
    int i;

    (void)state;
    for (i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, init_in_thread, NULL), 0);
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    assert_says(saml_library_init(&err), SAML_OK, "");
}

/* What `provoke` makes the libraries say must not reach stderr; returns what did. */
static int stderr_octets(void (*provoke)(void))
{
    int saved = dup(2);
    FILE *sink = tmpfile();
    int written;

    fflush(stderr);
    dup2(fileno(sink), 2);
    provoke();
    fflush(stderr);
    written = (int)lseek(2, 0, SEEK_CUR);
    dup2(saved, 2);
    close(saved);
    fclose(sink);
    return written;
}

static void provoke_xmlsec(void)
{
    xmlSecError("file", 1, "func", "object", "subject", XMLSEC_ERRORS_R_XMLSEC_FAILED, "said %s", "this");
    xmlSecError("file", 1, "func", "object", "subject", XMLSEC_ERRORS_R_XMLSEC_FAILED, "said %s", "that");
}

static void provoke_parser(void)
{
    saml_doc_t *doc;

    assert_int_equal(saml_doc_parse(&doc, "<a><b></a>", 10, 100, "it", pool, &err), SAML_E_MALFORMED);
    assert_int_equal(saml_doc_parse(&doc, "<p:a/>", 6, 100, "it", pool, &err), SAML_E_MALFORMED);
}

static void provoke_muted(void)
{
    saml_xml_reports_t reports;

    saml_xml_mute(&reports);
    xmlC14NExecute(NULL, NULL, NULL, XML_C14N_1_0, NULL, 0, NULL);
    saml_xml_unmute(&reports);
}

static void provoke_unmuted(void)
{
    xmlC14NExecute(NULL, NULL, NULL, XML_C14N_1_0, NULL, 0, NULL);
}

static void test_nothing_reaches_stderr(void **state)
{
    (void)state;
    assert_int_equal(stderr_octets(provoke_xmlsec), 0);
    assert_int_equal(stderr_octets(provoke_parser), 0);
    assert_int_equal(stderr_octets(provoke_muted), 0);
    assert_true(stderr_octets(provoke_unmuted) > 0);    /* the way back is restored, and the probe works */
}

static void test_first_complaint_of_xmlsec(void **state)
{
    (void)state;
    (void)saml_xmlsec_reason(pool);
    provoke_xmlsec();
    assert_non_null(strstr(saml_xmlsec_reason(pool), "said this"));
    assert_string_equal(saml_xmlsec_reason(pool), "no reason given");
}

static int can_open(const char *uri)
{
    xmlSecTransformCtxPtr ctx = xmlSecTransformCtxCreate();
    int opened = xmlSecTransformCtxUriExecute(ctx, BAD_CAST uri) == 0;

    xmlSecTransformCtxDestroy(ctx);
    return opened;
}

/* No file can be opened for a Reference; with xmlsec1's own callbacks back in place it could. */
static void test_no_input_from_files(void **state)
{
    (void)state;
    assert_false(can_open("file:///dev/null"));
    assert_false(can_open("/dev/null"));
    xmlSecIORegisterDefaultCallbacks();
    assert_true(can_open("file:///dev/null"));
    xmlSecIOCleanupCallbacks();
    assert_false(can_open("file:///dev/null"));
}

int main(void)
{
    static const struct CMUnitTest errors[] = {
        unit(test_every_status_has_its_name), unit(test_allow_words), unit(test_fail_writes_both), unit(test_quote),
        unit(test_init_again_and_from_threads), unit(test_nothing_reaches_stderr),
        unit(test_first_complaint_of_xmlsec), unit(test_no_input_from_files),
    };

    apr_initialize();
    return cmocka_run_group_tests(errors, set_up_library, tear_down_library);
}
