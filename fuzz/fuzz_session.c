/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The octets of a session record, as a store that was damaged or written by somebody else may hand them out. Whatever opens is read
 * to its last string; the sanitizers see who reads outside.
 */
#include "fuzz/fuzz.h"
#include "store/session.h"
#include "store/store.h"

/* "SSO" and the version, and the length: what no mutation guesses. */
#define MAGIC 0x53534f03u

/* A string of the record ends in it; what was unpacked, or stands in the table of known URIs, AddressSanitizer knows the ends of. */
static const char *within(const sso_session_t *s, const char *text)
{
    const char *record = s->record;

    FUZZ_MUST(text != NULL);
    if (text >= record && text < record + s->len)
        FUZZ_MUST(memchr(text, '\0', (size_t)(record + s->len - text)) != NULL);
    else
        FUZZ_MUST(strlen(text) < 8 * SSO_MAX_RECORD_BYTES);
    return text;
}

static void read_attribute(const sso_session_t *s, int i, apr_pool_t *p)
{
    sso_attribute_t attribute, found;
    const char *value;
    int k;

    sso_session_attribute(&attribute, s, i);
    FUZZ_MUST(strncmp(within(s, attribute.env_name), "SAML_", 5) == 0);
    FUZZ_MUST(attribute.env_name[strspn(attribute.env_name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0');
    FUZZ_MUST(strlen(within(s, attribute.joined)) <= attribute.joined_len);
    FUZZ_MUST(attribute.value_count >= 0);
    for (k = 0, value = sso_session_values(&attribute, p); k < attribute.value_count; k++) {
        within(s, value);
        value = sso_session_next_value(value);
    }
    /* The name leads to an attribute of that name; the first one, where a forger wrote it twice. */
    FUZZ_MUST(sso_session_find(&found, s, within(s, attribute.name)));
    FUZZ_MUST(strcmp(found.name, attribute.name) == 0 || saml_claim_uri(attribute.name));
}

static void check_times(const sso_session_t *s, apr_pool_t *p)
{
    sso_session_state_t state = sso_session_state(s, FUZZ_NOW);
    saml_err_t err = { .pool = p };
    sso_session_t again;

    FUZZ_MUST(state != SSO_SESSION_LIVE || s->expires > FUZZ_NOW);
    FUZZ_MUST(sso_session_forget_at(s) <= s->expires);
    FUZZ_MUST(s->idle || !sso_session_stamp_is_old(s, FUZZ_NOW));
    /* A new stamp changes nothing else. */
    FUZZ_MUST(sso_session_decode(&again, sso_session_stamped(s, FUZZ_NOW, p), s->len, &err) == SAML_OK);
    FUZZ_MUST(again.seen == FUZZ_NOW && again.expires == s->expires && again.attribute_count == s->attribute_count);
    FUZZ_MUST(strcmp(again.name_id, s->name_id) == 0);
}

static void try_record(const void *octets, size_t size, apr_pool_t *p)
{
    saml_err_t err = { .pool = p };
    sso_session_t s;
    saml_status_t status = sso_session_decode(&s, octets, size, &err);
    int i;

    if (status != SAML_OK) {
        FUZZ_MUST(status == SAML_E_STORE);
        fuzz_check_refusal(status, &err);
        return;
    }
    FUZZ_MUST(s.len == size && size <= SSO_MAX_RECORD_BYTES && s.attribute_count >= 0);
    within(&s, s.app_id);
    within(&s, s.name_id);
    if (s.name_id_format)
        within(&s, s.name_id_format);
    if (s.session_index)
        within(&s, s.session_index);
    if (s.authn_context)
        within(&s, s.authn_context);
    for (i = 0; i < s.attribute_count && i < 256; i++)
        read_attribute(&s, i, p);
    check_times(&s, p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t head[2] = { MAGIC, (uint32_t)size };
    apr_pool_t *p;
    uint8_t *copy;

    apr_pool_create(&p, fuzz_pool());
    try_record(data, size, p);
    /* The same with its magic and length put right, in an allocation of its own that ASan watches the ends of. */
    if (size > sizeof(head)) {
        copy = malloc(size);
        FUZZ_MUST(copy != NULL);
        memcpy(copy, data, size);
        memcpy(copy, head, sizeof(head));
        try_record(copy, size, p);
        free(copy);
    }
    apr_pool_destroy(p);
    return 0;
}
