/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every check of response.c over messages that others' code signed: the passing neighbour, the failing case, the absent
 * case, both sides of each boundary, with status and reason. SAML Core 2, 3.2.2; Profiles 4.1.4; Bindings 3.5.
 */

#include "response_cases.h"

/* ---- what a case may want otherwise ------------------------------------------ */

static void unsolicited(saml_expect_t *want)
{
    want->in_response_to = NULL;
}

static void any_issuer(saml_expect_t *want)
{
    want->issuer = NULL;
}

static void no_keys(saml_expect_t *want)
{
    want->keys = NULL;
}

static void first_key_only(saml_expect_t *want)
{
    want->keys = pointers(APR_ARRAY_IDX(sp_keys, 0, const void *), NULL);
}

static void no_acs(saml_expect_t *want)
{
    want->acs_url = NULL;
}

static void no_audience(saml_expect_t *want)
{
    want->audiences = NULL;
}

static void no_certs(saml_expect_t *want)
{
    want->certs = apr_array_make(pool, 1, sizeof(const saml_cert_t *));
}

static void two_certs(saml_expect_t *want)
{
    want->certs = pointers(fixture_cert("idp.crt"), fixture_cert("idp2.crt"));
}

static void expired_cert(saml_expect_t *want)
{
    want->certs = pointers(fixture_cert("idp-expired.crt"), NULL);
}

static void expired_cert_allowed(saml_expect_t *want)
{
    expired_cert(want);
    want->allow = SAML_ALLOW_EXPIRED_CERTIFICATE;
}

static void sha1_allowed(saml_expect_t *want)
{
    want->allow = SAML_ALLOW_SHA1;
}

static void rsa1_5_allowed(saml_expect_t *want)
{
    want->allow = SAML_ALLOW_RSA1_5;
}

static void test_envelope(void **state)
{
    static const case_t cases[] = {
        { "good", SAML_OK, NULL, 0, NULL },
        { "good-response-signed", SAML_OK, NULL, 0, NULL },
        { "good-both-signed", SAML_OK, NULL, 0, NULL },
        { "good-prefixed", SAML_OK, NULL, 0, NULL },
        { "good-default-namespaces", SAML_OK, NULL, 0, NULL },
        { "good-declaration-and-spaces", SAML_OK, NULL, 0, NULL },
        /* Core 3.2.2: a Response, version, ID, IssueInstant */
        { "root-other", SAML_E_MALFORMED, "expected Response of", 0, NULL },
        { "root-namespace", SAML_E_MALFORMED, "expected Response of", 0, NULL },
        { "doctype", SAML_E_MALFORMED, "document type declaration", 0, NULL },
        { "trailing", SAML_E_MALFORMED, "a second root element", 0, NULL },
        { "version-other", SAML_E_VERSION, "Response Version: expected \"2.0\", got \"1.1\"", 0, NULL },
        { "version-absent", SAML_E_VERSION, "Response Version: expected \"2.0\", got none", 0, NULL },
        { "id-absent", SAML_E_MALFORMED, "Response ID: expected an identifier, got none", 0, NULL },
        { "id-empty", SAML_E_MALFORMED, "Response ID: expected an identifier, got \"\"", 0, NULL },
        { "instant-absent", SAML_E_MALFORMED, "Response IssueInstant: expected a time, got none", 0, NULL },
        { "instant-garbage", SAML_E_MALFORMED, "Response IssueInstant: expected a time", 0, NULL },
        { "instant-old", SAML_OK, NULL, 0, NULL },
        /* Core 3.2.2, Bindings 3.5.5.2: Destination */
        { "destination-other", SAML_E_DESTINATION, "expected \"" ACS "\", got \"https://other.example/acs\"", 0, NULL },
        { "destination-slash", SAML_E_DESTINATION, "got \"" ACS "/\"", 0, NULL },
        { "destination-case", SAML_E_DESTINATION, "got \"HTTPS://SP.EXAMPLE.ORG/SAML/ACS\"", 0, NULL },
        { "destination-empty", SAML_E_DESTINATION, "got \"\"", 0, NULL },
        { "destination-spaces", SAML_OK, NULL, 0, NULL },
        { "destination-absent", SAML_OK, NULL, 0, NULL },
        { "destination-absent", SAML_E_RECIPIENT, "Recipient: expected \"\"", 0, no_acs },
        { "destination-absent-signed", SAML_E_DESTINATION, "got none in a signed Response", 0, NULL },
        { "good", SAML_E_DESTINATION, "got \"" ACS "\"", 0, no_acs },
        /* Core 2.2.5, Profiles 4.1.4.2: Issuer of the Response */
        { "issuer-other", SAML_E_ISSUER, "Response: expected \"" IDP "\", got \"https://other.example/\"", 0, NULL },
        { "issuer-no-slash", SAML_E_ISSUER, "Issuer of the Response: expected", 0, NULL },
        { "issuer-absent", SAML_OK, NULL, 0, NULL },
        { "issuer-empty", SAML_E_ISSUER, "got \"\"", 0, NULL },
        { "issuer-empty", SAML_E_ISSUER, "expected \"an entity\", got \"\"", 0, any_issuer },
        { "issuer-twice", SAML_E_MALFORMED, "Issuer", 0, NULL },
        { "issuer-format-entity", SAML_OK, NULL, 0, NULL },
        { "issuer-format-other", SAML_E_ISSUER, "Format of the Response Issuer: expected", 0, NULL },
        { "issuer-other", SAML_E_ISSUER, "expected the Response's, \"https://other.example/\"", 0, any_issuer },
        { "good", SAML_OK, NULL, 0, any_issuer },
        /* Core 3.2.2, Profiles 4.1.4.3, 4.1.5: InResponseTo of the Response */
        { "in-response-to-other", SAML_E_IN_RESPONSE_TO, "Response InResponseTo: expected \"" REQUEST "\", got \"_other\"",
          0, NULL },
        { "in-response-to-absent", SAML_E_IN_RESPONSE_TO, "Response InResponseTo: expected \"" REQUEST "\", got none",
          0, NULL },
        { "good", SAML_E_IN_RESPONSE_TO, "expected none, as no request is open, got \"" REQUEST "\"", 0, unsolicited },
        { "good-unsolicited", SAML_OK, NULL, 0, unsolicited },
        { "good-unsolicited", SAML_E_IN_RESPONSE_TO, "got none", 0, NULL },
        { "in-response-to-absent", SAML_E_IN_RESPONSE_TO, "SubjectConfirmationData InResponseTo: expected none", 0,
          unsolicited },
    };

    (void)state;
    JUDGE(cases);
}

/* Core 3.2.2.1, 3.2.2.2 */
static void test_status(void **state)
{
    static const case_t cases[] = {
        { "status-requester", SAML_E_STATUS, "AADSTS50105", 0, NULL },
        { "status-responder", SAML_E_STATUS, "status:Responder\", innermost none, with the message none", 0, NULL },
        { "status-responder-with-assertion", SAML_E_STATUS, "status:Responder", 0, NULL },
        { "status-success-below", SAML_E_STATUS, "status:Responder", 0, NULL },
        { "status-success-nested", SAML_OK, NULL, 0, NULL },
        { "status-absent", SAML_E_MALFORMED, "expected a Status, got none", 0, NULL },
        { "status-twice", SAML_E_MALFORMED, "Status", 0, NULL },
        { "status-code-absent", SAML_E_MALFORMED, "expected a StatusCode, got none", 0, NULL },
        { "status-code-twice", SAML_E_MALFORMED, "StatusCode", 0, NULL },
        { "status-code-no-value", SAML_E_MALFORMED, "StatusCode Value: expected a URI, got none", 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

static void test_status_is_kept(void **state)
{
    static const case_t nested = { "status-requester", SAML_E_STATUS, "RequestUnsupported", 0, NULL };
    static const case_t plain = { "status-responder", SAML_E_STATUS, "Responder", 0, NULL };

    (void)state;
    judge(&nested);
    assert_string_equal(err.idp.code, "urn:oasis:names:tc:SAML:2.0:status:Requester");
    assert_string_equal(err.idp.subcode, "urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported");
    assert_non_null(strstr(err.idp.message, "AADSTS50105: not assigned"));
    assert_null(strstr(err.idp.message, "\xc2\x85"));
    judge(&plain);
    assert_string_equal(err.idp.code, "urn:oasis:names:tc:SAML:2.0:status:Responder");
    assert_null(err.idp.subcode);
    assert_null(err.idp.message);
}

static void test_assertion_count(void **state)
{
    static const case_t cases[] = {
        { "assertion-none", SAML_E_ASSERTION_COUNT, "got 0 and 0", 0, NULL },
        { "assertion-none-signed", SAML_E_ASSERTION_COUNT, "got 0 and 0", 0, NULL },
        { "assertion-two", SAML_E_ASSERTION_COUNT, "got 2 and 0", 0, NULL },
        { "assertion-two-signed", SAML_E_ASSERTION_COUNT, "got 2 and 0", 0, NULL },
        { "assertion-plain-and-encrypted", SAML_E_ASSERTION_COUNT, "got 1 and 1", 0, NULL },
        { "encrypted-two", SAML_E_ASSERTION_COUNT, "got 0 and 2", 0, NULL },
        { "assertion-in-extensions", SAML_E_ASSERTION_COUNT, "got 0 and 0", 0, NULL },
        { "assertion-in-advice", SAML_OK, NULL, 0, NULL },
        { "encrypted-in-extensions", SAML_E_ASSERTION_COUNT, "got one inside \"Extensions\"", 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

/* Core 5; XML Signature 3.2 */
static void test_signature(void **state)
{
    static const case_t cases[] = {
        { "unsigned", SAML_E_UNSIGNED, "got none on either", 0, NULL },
        { "assertion-changed", SAML_E_SIGNATURE, "digest of \"Assertion\"", 0, NULL },
        { "response-changed", SAML_E_SIGNATURE, "digest of \"Response\"", 0, NULL },
        { "both-signed-changed", SAML_E_SIGNATURE, "digest of \"Response\"", 0, NULL },
        { "assertion-by-other-response-good", SAML_E_SIGNATURE, "does not match any of the 1 keys", 0, NULL },
        { "response-by-other-assertion-good", SAML_E_SIGNATURE, "does not match any of the 1 keys", 0, NULL },
        { "by-other", SAML_E_SIGNATURE, "does not match any of the 1 keys", 0, NULL },
        { "by-second", SAML_E_SIGNATURE, "does not match any of the 1 keys", 0, NULL },
        { "by-second", SAML_OK, NULL, 0, two_certs },
        { "good-both-signed", SAML_OK, NULL, 0, two_certs },
        { "good", SAML_E_SIGNATURE, "no certificate of the identity provider", 0, no_certs },
        { "by-sha1", SAML_E_ALGORITHM, "sha1", 0, NULL },
        { "by-sha1", SAML_OK, NULL, 0, sha1_allowed },
        { "good", SAML_E_CERTIFICATE_EXPIRED, "expired at 2026-03-01T00:00:00Z", 0, expired_cert },
        { "good", SAML_OK, NULL, 0, expired_cert_allowed },
        { "without-keyinfo", SAML_OK, NULL, 0, NULL },
        { "inclusive-prefixes", SAML_OK, NULL, 0, NULL },
        { "assertion-signature-twice", SAML_E_SIGNATURE, ":assertion\": expected one Signature, got 2", 0, NULL },
        { "response-signature-twice", SAML_E_SIGNATURE, ":protocol\": expected one Signature, got 2", 0, NULL },
        { "signature-in-attribute-only", SAML_E_UNSIGNED, "got none on either", 0, NULL },
        { "signature-in-attribute-too", SAML_OK, NULL, 0, NULL },
        /* Comments end no text, whether they are signed or not. */
        { "comment-in-name-id", SAML_OK, "ada@example.org.evil.example", 0, NULL },
        { "comment-in-name-id-signed", SAML_OK, "ada@example.org.evil.example", 0, NULL },
        { "cdata-in-name-id", SAML_OK, "ada@example.org.evil.example", 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

/* Signature wrapping, by its usual numbers; "same-id" where the forged part takes the ID that is signed. */
static void test_wrapping(void **state)
{
    static const case_t cases[] = {
        { "wrapped-1", SAML_E_SIGNATURE, "expected nothing more, got \"Response\"", 0, NULL },
        { "wrapped-1-same-id", SAML_E_SIGNATURE, "expected nothing more, got \"Response\"", 0, NULL },
        { "wrapped-2", SAML_E_SIGNATURE, "expected \"#_evil_response\", the element that holds the Signature", 0, NULL },
        { "wrapped-2-same-id", SAML_E_SIGNATURE, "stands more than once in the document", 0, NULL },
        { "wrapped-3", SAML_E_ASSERTION_COUNT, "got 2 and 0", 0, NULL },
        { "wrapped-3-same-id", SAML_E_ASSERTION_COUNT, "got 2 and 0", 0, NULL },
        { "wrapped-4", SAML_E_UNSIGNED, "got none on either", 0, NULL },
        { "wrapped-4-same-id", SAML_E_UNSIGNED, "got none on either", 0, NULL },
        { "wrapped-5", SAML_E_ASSERTION_COUNT, "got 2 and 0", 0, NULL },
        { "wrapped-5-same-id", SAML_E_ASSERTION_COUNT, "got 2 and 0", 0, NULL },
        { "wrapped-6", SAML_E_SIGNATURE, "expected nothing more, got \"Assertion\"", 0, NULL },
        { "wrapped-6-same-id", SAML_E_SIGNATURE, "expected nothing more, got \"Assertion\"", 0, NULL },
        /* It would not be read; but who puts it there means harm. */
        { "wrapped-7", SAML_E_ASSERTION_COUNT, "got one inside \"Extensions\"", 0, NULL },
        { "wrapped-7-same-id", SAML_E_SIGNATURE, "stands more than once in the document", 0, NULL },
        { "wrapped-8", SAML_E_SIGNATURE, "expected nothing more, got \"Object\"", 0, NULL },
        { "wrapped-8-same-id", SAML_E_SIGNATURE, "expected nothing more, got \"Object\"", 0, NULL },
        { "assertion-in-signature", SAML_E_SIGNATURE, "expected nothing more, got \"Assertion\"", 0, NULL },
        { "qualified-id", SAML_E_SIGNATURE, "expected \"#_evil\"", 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

/* Core 2.3.4, 6 */
static void test_encrypted(void **state)
{
    static const case_t cases[] = {
        { "encrypted-assertion-signed", SAML_OK, NULL, 0, NULL },
        { "encrypted-response-signed", SAML_OK, NULL, 0, NULL },
        { "encrypted-both-signed", SAML_OK, NULL, 0, NULL },
        { "encrypted-gcm", SAML_OK, NULL, 0, NULL },
        { "encrypted-sibling-key", SAML_OK, NULL, 0, NULL },
        { "encrypted-prefix-outside", SAML_OK, NULL, 0, NULL },
        { "encrypted-prefix-shadowed", SAML_OK, NULL, 0, NULL },
        { "encrypted-prefix-uncovered", SAML_OK, NULL, 0, NULL },
        { "encrypted-prefix-uncovered-unsigned", SAML_E_UNSIGNED, "prefixes that the Response's signature does not cover",
          0, NULL },
        { "encrypted-second-key", SAML_OK, NULL, 0, NULL },
        { "encrypted-second-key", SAML_E_DECRYPTION, "any of our 1 keys", 0, first_key_only },
        { "encrypted-other-key", SAML_E_DECRYPTION, "any of our 2 keys", 0, NULL },
        { "encrypted-assertion-signed", SAML_E_DECRYPTION, "no key to decrypt it with", 0, no_keys },
        { "encrypted-rsa1_5", SAML_E_ALGORITHM, "rsa1_5", 0, NULL },
        { "encrypted-rsa1_5", SAML_OK, NULL, 0, rsa1_5_allowed },
        { "encrypted-unsigned", SAML_E_UNSIGNED, "got none on either", 0, NULL },
        { "encrypted-assertion-changed", SAML_E_SIGNATURE, "digest of \"Assertion\"", 0, NULL },
        { "encrypted-assertion-by-other-response-good", SAML_E_SIGNATURE, "does not match any of the 1 keys", 0, NULL },
        { "encrypted-swapped", SAML_E_SIGNATURE, "digest of \"Response\"", 0, NULL },
        { "encrypted-cut", SAML_E_DECRYPTION, "any of our 2 keys", 0, NULL },
        { "encrypted-not-assertion", SAML_E_DECRYPTION, "any of our 2 keys", 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

/* Only what is refused between decryption and proof is hidden from the outside. */
static void test_where_it_was(void **state)
{
    static const case_t inside = { "encrypted-other-key", SAML_E_DECRYPTION, "cannot be decrypted", 0, NULL };
    static const case_t behind = { "encrypted-assertion-signed", SAML_E_AUDIENCE, "expected one of none", 0, no_audience };
    static const case_t plain = { "assertion-changed", SAML_E_SIGNATURE, "digest of", 0, NULL };

    (void)state;
    judge(&inside);
    assert_int_equal(err.in_ciphertext, 1);
    memset(&err, 0, sizeof(err));
    err.pool = pool;
    judge(&behind);
    assert_int_equal(err.in_ciphertext, 0);
    judge(&plain);
    assert_int_equal(err.in_ciphertext, 0);
}

/* Core 2.3.3; Profiles 4.1.4.2 */
static void test_head(void **state)
{
    static const case_t cases[] = {
        { "assertion-version-other", SAML_E_VERSION, "Assertion Version: expected \"2.0\", got \"1.1\"", 0, NULL },
        { "assertion-version-absent", SAML_E_VERSION, "Assertion Version: expected \"2.0\", got none", 0, NULL },
        { "assertion-id-absent", SAML_E_MALFORMED, "Assertion ID: expected an identifier, got none", 0, NULL },
        { "assertion-instant-absent", SAML_E_MALFORMED, "Assertion IssueInstant: expected a time, got none", 0, NULL },
        { "assertion-instant-garbage", SAML_E_MALFORMED, "Assertion IssueInstant", 0, NULL },
        { "assertion-issuer-absent", SAML_E_ISSUER, "Assertion: expected \"" IDP "\", got none", 0, NULL },
        { "assertion-issuer-absent", SAML_E_ISSUER, "got none", 0, any_issuer },
        { "assertion-issuer-empty", SAML_E_ISSUER, "got \"\"", 0, any_issuer },
        { "assertion-issuer-other", SAML_E_ISSUER, "Assertion: expected \"" IDP "\"", 0, NULL },
        { "assertion-issuer-other", SAML_E_ISSUER, "expected the Response's", 0, any_issuer },
        { "assertion-issuer-twice", SAML_E_MALFORMED, "Issuer", 0, NULL },
        { "assertion-issuer-format-other", SAML_E_ISSUER, "Format of the Assertion Issuer", 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

/* Core 2.5.1 */
static void test_conditions(void **state)
{
    static const case_t cases[] = {
        { "conditions-absent", SAML_E_CONDITIONS, "expected Conditions, got none", 0, NULL },
        { "conditions-twice", SAML_E_CONDITIONS, "expected one Conditions, got 2", 0, NULL },
        { "conditions-no-window", SAML_OK, NULL, 0, NULL },
        /* NotBefore 09:00:00: at NotBefore - skew it has come */
        { "conditions-window", SAML_OK, NULL, TIME(9, 0, 0) - SKEW, NULL },
        { "conditions-window", SAML_E_NOT_BEFORE, "got 2026-03-02T09:00:00Z at 2026-03-02T08:56:59.999Z",
          TIME(9, 0, 0) - SKEW - 1, NULL },
        { "conditions-window", SAML_OK, NULL, TIME(9, 0, 0), no_skew },
        { "conditions-window", SAML_E_NOT_BEFORE, "NotBefore", TIME(9, 0, 0) - 1, no_skew },
        { "conditions-no-not-before", SAML_OK, NULL, TIME(0, 0, 0), NULL },
        { "conditions-no-not-on-or-after", SAML_E_NOT_BEFORE, "NotBefore", TIME(8, 0, 0), NULL },
        /* NotOnOrAfter 10:00:00: at NotOnOrAfter + skew it has passed */
        { "conditions-window", SAML_OK, NULL, TIME(10, 0, 0) + SKEW - 1, NULL },
        { "conditions-window", SAML_E_EXPIRED, "Conditions NotOnOrAfter: expected a time to come, got 2026-03-02T10:00:00Z",
          TIME(10, 0, 0) + SKEW, NULL },
        { "conditions-window", SAML_OK, NULL, TIME(10, 0, 0) - 1, no_skew },
        { "conditions-window", SAML_E_EXPIRED, "NotOnOrAfter", TIME(10, 0, 0), no_skew },
        { "conditions-no-not-before", SAML_E_EXPIRED, "NotOnOrAfter", TIME(11, 0, 0), NULL },
        { "conditions-no-not-on-or-after", SAML_OK, NULL, TIME(23, 0, 0), NULL },
        { "conditions-reversed", SAML_E_CONDITIONS, "expected NotBefore before NotOnOrAfter", 0, NULL },
        { "conditions-empty-window", SAML_E_CONDITIONS, "expected NotBefore before NotOnOrAfter", 0, NULL },
        { "conditions-epoch", SAML_E_EXPIRED, "got 1970-01-01T00:00:00", 0, NULL },
        { "conditions-not-before-garbage", SAML_E_MALFORMED, "Conditions NotBefore", 0, NULL },
        { "conditions-not-on-or-after-garbage", SAML_E_MALFORMED, "Conditions NotOnOrAfter", 0, NULL },
        { "conditions-one-time-use", SAML_OK, NULL, 0, NULL },
        { "conditions-proxy", SAML_OK, NULL, 0, NULL },
        { "conditions-both-known", SAML_OK, NULL, 0, NULL },
        { "conditions-one-time-use-twice", SAML_E_CONDITIONS, "at most once", 0, NULL },
        { "conditions-proxy-twice", SAML_E_CONDITIONS, "at most once", 0, NULL },
        { "conditions-unknown", SAML_E_CONDITIONS, "Condition", 0, NULL },
        { "conditions-foreign", SAML_E_CONDITIONS, "Office", 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

/* Core 2.5.1.4; Profiles 4.1.4.2 */
static void test_audience(void **state)
{
    static const case_t cases[] = {
        { "audience-absent", SAML_E_AUDIENCE, "expected an AudienceRestriction, got none", 0, NULL },
        { "audience-other", SAML_E_AUDIENCE, "expected one of \"" AUDIENCE "\", \"spn:0\", got \"https://other.example/\"",
          0, NULL },
        { "audience-case", SAML_E_AUDIENCE, "got \"HTTPS://SP.EXAMPLE.ORG/SAML\"", 0, NULL },
        { "audience-slash", SAML_E_AUDIENCE, "got \"" AUDIENCE "/\"", 0, NULL },
        { "audience-second-of-two", SAML_OK, NULL, 0, NULL },
        { "audience-both-restrictions", SAML_OK, NULL, 0, NULL },
        { "audience-one-restriction-other", SAML_E_AUDIENCE, "got \"https://other.example/\"", 0, NULL },
        { "audience-empty-restriction", SAML_E_AUDIENCE, "got none", 0, NULL },
        { "audience-many", SAML_E_AUDIENCE, "\"https://3.example/\" and 2 more", 0, NULL },
        { "audience-spaces", SAML_OK, NULL, 0, NULL },
        { "audience-comment", SAML_OK, NULL, 0, NULL },
        { "good", SAML_E_AUDIENCE, "expected one of none", 0, no_audience },
    };

    (void)state;
    JUDGE(cases);
}

/* Core 2.4.1; Profiles 4.1.4.2, 4.1.4.3 */
static void test_subject(void **state)
{
    static const case_t cases[] = {
        { "subject-absent", SAML_E_SUBJECT, "expected one Subject, got 0", 0, NULL },
        { "subject-twice", SAML_E_SUBJECT, "expected one Subject, got 2", 0, NULL },
        { "confirmation-none", SAML_E_CONFIRMATION, "got 0 of other methods", 0, NULL },
        { "confirmation-holder-of-key", SAML_E_CONFIRMATION, "got 1 of other methods", 0, NULL },
        { "confirmation-no-method", SAML_E_CONFIRMATION, "got 1 of other methods", 0, NULL },
        { "confirmation-holder-and-bearer", SAML_OK, NULL, 0, NULL },
        { "confirmation-bearer-and-holder", SAML_OK, NULL, 0, NULL },
        { "confirmation-no-data", SAML_E_CONFIRMATION, "expected SubjectConfirmationData, got none", 0, NULL },
        { "confirmation-data-twice", SAML_E_MALFORMED, "SubjectConfirmationData", 0, NULL },
        { "confirmation-recipient-other", SAML_E_RECIPIENT,
          "Recipient: expected \"" ACS "\", got \"https://other.example/acs\"", 0, NULL },
        { "confirmation-recipient-slash", SAML_E_RECIPIENT, "got \"" ACS "/\"", 0, NULL },
        { "confirmation-recipient-absent", SAML_E_RECIPIENT, "got none", 0, NULL },
        { "confirmation-recipient-empty", SAML_E_RECIPIENT, "got \"\"", 0, NULL },
        { "confirmation-not-on-or-after-absent", SAML_E_CONFIRMATION, "NotOnOrAfter: expected a time, got none", 0, NULL },
        { "confirmation-not-on-or-after-garbage", SAML_E_MALFORMED, "SubjectConfirmationData NotOnOrAfter", 0, NULL },
        { "confirmation-epoch", SAML_E_EXPIRED, "got 1970-01-01T00:00:00", 0, NULL },
        { "confirmation-window", SAML_OK, NULL, TIME(10, 0, 0) + SKEW - 1, NULL },
        { "confirmation-window", SAML_E_EXPIRED,
          "SubjectConfirmationData NotOnOrAfter: expected a time to come, got 2026-03-02T10:00:00Z",
          TIME(10, 0, 0) + SKEW, NULL },
        { "confirmation-window", SAML_OK, NULL, TIME(10, 0, 0) - 1, no_skew },
        { "confirmation-window", SAML_E_EXPIRED, "SubjectConfirmationData", TIME(10, 0, 0), no_skew },
        { "confirmation-not-before", SAML_E_CONFIRMATION, "NotBefore: expected none, got 2026-03-02T09:14:30Z", 0, NULL },
        { "confirmation-not-before-epoch", SAML_E_CONFIRMATION, "NotBefore: expected none", 0, NULL },
        { "confirmation-in-response-to-other", SAML_E_IN_RESPONSE_TO,
          "SubjectConfirmationData InResponseTo: expected \"" REQUEST "\", got \"_other\"", 0, NULL },
        { "confirmation-in-response-to-absent", SAML_E_IN_RESPONSE_TO, "SubjectConfirmationData InResponseTo: expected \""
          REQUEST "\", got none", 0, NULL },
        { "confirmation-unsolicited-in-response-to", SAML_E_IN_RESPONSE_TO, "SubjectConfirmationData InResponseTo: "
          "expected none", 0, unsolicited },
        { "confirmation-address", SAML_OK, NULL, 0, NULL },
        { "confirmation-second-good", SAML_OK, NULL, 0, NULL },
        { "confirmation-first-good", SAML_OK, NULL, 0, NULL },
        { "confirmation-both-bad", SAML_E_RECIPIENT, "https://other.example/acs", 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

/* Core 2.2.2, 2.2.3, 2.2.4 */
static void test_name_id(void **state)
{
    static const case_t cases[] = {
        { "name-id-absent", SAML_E_NAME_ID, "expected a name, got none", 0, NULL },
        { "name-id-empty", SAML_E_NAME_ID, "expected a name, got \"\"", 0, NULL },
        { "name-id-blank", SAML_E_NAME_ID, "expected a name, got \" ", 0, NULL },
        { "name-id-spaces", SAML_OK, " ada ", 0, NULL },
        { "name-id-layout", SAML_OK, "ada@example.org", 0, NULL },
        { "name-id-layout-after", SAML_E_NAME_ID, "no control characters", 0, NULL },
        { "name-id-layout-only", SAML_E_NAME_ID, "expected a name, got \"\\x0a", 0, NULL },
        { "name-id-return-after", SAML_E_NAME_ID, "no control characters", 0, NULL },
        { "name-id-tab-after", SAML_E_NAME_ID, "no control characters", 0, NULL },
        { "name-id-1025", SAML_E_NAME_ID, "expected at most 1024 bytes, got 1025", 0, NULL },
        { "name-id-line", SAML_E_NAME_ID, "no control characters", 0, NULL },
        { "name-id-return", SAML_E_NAME_ID, "no control characters", 0, NULL },
        { "name-id-tab", SAML_E_NAME_ID, "no control characters", 0, NULL },
        { "name-id-del", SAML_E_NAME_ID, "no control characters", 0, NULL },
        { "name-id-c1-first", SAML_E_NAME_ID, "no control characters", 0, NULL },
        { "name-id-c1-last", SAML_E_NAME_ID, "no control characters", 0, NULL },
        { "name-id-line-separator", SAML_E_NAME_ID, "no control characters", 0, NULL },
        { "name-id-paragraph-separator", SAML_E_NAME_ID, "no control characters", 0, NULL },
        { "name-id-utf8", SAML_OK,
          "J\xc3\xbcrgen \xc2\xa0#EXT#@\xe2\x80\xa7\xe2\x80\xaa\xe4\xbe\x8b.example 'x'", 0, NULL },
        { "name-id-two", SAML_E_NAME_ID, "expected one NameID, got 2 identifiers", 0, NULL },
        { "name-id-element", SAML_E_NAME_ID, "expected text and no elements", 0, NULL },
        { "name-id-base", SAML_E_NAME_ID, "got none", 0, NULL },
        { "name-id-in-confirmation", SAML_E_NAME_ID, "got none", 0, NULL },
        { "name-id-qualified", SAML_OK, "opaque", 0, NULL },
        { "name-id-encrypted", SAML_OK, NULL, 0, NULL },
        { "name-id-encrypted", SAML_E_DECRYPTION, "EncryptedID: no key", 0, no_keys },
        { "name-id-encrypted-other", SAML_E_DECRYPTION, "EncryptedID cannot be decrypted", 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

/* Core 2.7.3 */
static void test_claims(void **state)
{
    static const case_t cases[] = {
        { "claim-none", SAML_OK, NULL, 0, NULL },
        { "claim-no-name", SAML_E_CLAIM, "Attribute Name: expected a name, got none", 0, NULL },
        { "claim-empty-name", SAML_E_CLAIM, "Attribute Name: expected a name, got \"\"", 0, NULL },
        { "claim-shapes", SAML_OK, NULL, 0, NULL },
        { "claim-encrypted", SAML_OK, NULL, 0, NULL },
        { "claim-encrypted", SAML_E_DECRYPTION, "EncryptedAttribute: no key", 0, no_keys },
        { "claim-encrypted-other", SAML_E_DECRYPTION, "EncryptedAttribute cannot be decrypted", 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

/* The shapes of other identity providers. */
static void test_vendors(void **state)
{
    static const case_t cases[] = {
        { "vendor-adfs", SAML_OK, NULL, 0, NULL },
        { "vendor-adfs-encrypted", SAML_OK, NULL, 0, NULL },
        { "vendor-okta", SAML_OK, NULL, 0, NULL },
        { "vendor-keycloak", SAML_OK, NULL, 0, NULL },
        { "vendor-keycloak-no-keyinfo", SAML_OK, NULL, 0, NULL },
        { "vendor-shibboleth", SAML_OK, NULL, 0, NULL },
        { "vendor-shibboleth-plain", SAML_OK, NULL, 0, NULL },
        { "vendor-simplesamlphp", SAML_OK, NULL, 0, NULL },
        { "vendor-simplesamlphp-encrypted", SAML_OK, NULL, 0, NULL },
        { "vendor-google", SAML_OK, NULL, 0, NULL },
        { "vendor-google-assertion", SAML_OK, NULL, 0, NULL },
        { "vendor-ping", SAML_OK, NULL, 0, NULL },
        { "vendor-ping-response", SAML_OK, NULL, 0, NULL },
    };

    (void)state;
    JUDGE(cases);
}

/* Whatever octet of a good message is missing or wrong, nobody else is let in. */
static void test_damaged(void **state)
{
    saml_expect_t want = expectation();
    apr_size_t len, i;
    const char *xml = read_fixture(&len, "response-good-both-signed.xml");
    apr_pool_t *each;

    (void)state;
    assert_int_equal(apr_pool_create(&each, pool), APR_SUCCESS);
    err.pool = each;
    for (i = 0; i < len; i += 5) {
        char *changed = apr_pmemdup(each, xml, len);
        saml_login_t *login = NULL;

        assert_int_not_equal(saml_response_check(&login, xml, i, &want, each, &err), SAML_OK);
        assert_null(login);
        changed[i] ^= 1;
        if (saml_response_check(&login, changed, len, &want, each, &err) == SAML_OK)
            assert_string_equal(login->name_id.value, "ada@example.org");   /* what KeyInfo says is no matter */
        apr_pool_clear(each);
    }
}

int main(void)
{
    static const struct CMUnitTest response[] = {
        cmocka_unit_test_setup_teardown(test_envelope, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_status, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_status_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_assertion_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signature, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrapping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_encrypted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_where_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_head, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_conditions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_audience, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_subject, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_name_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_claims, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_vendors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(response, set_up_expectation, tear_down_library);
}
