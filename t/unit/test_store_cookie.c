/* SPDX-License-Identifier: Apache-2.0 */
/* store_cookie.c: which sessions that come with a browser have ended, and what the small store behind it does. */

#include "store_fixture.h"
#include "store_specs.h"

static sso_store_t *cookie_store(void)
{
    sso_store_t *store = NULL;
    saml_err_t *err = new_err();

    if (sso_store_configure(&store, apr_pstrcat(pool, "cookie:lmdb:", base, "/s", NULL), "/nowhere", pool, err) != SAML_OK)
        fail_msg("%s", err->reason);
    sso_store_lifetime(store, apr_time_from_sec(3600));
    sso_store_lifetime(store, apr_time_from_sec(60));
    prepare(store);
    open_store(store);
    return store;
}

static sso_label_t label_of(int i)
{
    sso_label_t label;

    memset(&label, i, sizeof(label));
    return label;
}

static sso_carried_t carried(int i, int first, int second, apr_time_t created)
{
    sso_carried_t session = { .key = key_of(i), .labels = { label_of(first), label_of(second) }, .label_count = 2,
                              .created = created, .record = "r", .len = 2 };

    return session;
}

static sso_carried_t begun(sso_store_t *store, int i, int first, int second)
{
    sso_carried_t session = carried(i, first, second, apr_time_now());

    assert_int_equal(sso_store_put_labelled(store, &session.key, "record", 7, session.created + apr_time_from_sec(3600),
                                            session.labels, 2, new_err()), SAML_OK);
    return session;
}

static int is_ended(sso_store_t *store, const sso_carried_t *session, apr_time_t now)
{
    int ended = -1;

    assert_int_equal(sso_store_is_ended(store, session, now, &ended, new_err()), SAML_OK);
    return ended;
}

static void specs(void **state)
{
    static const spec_t cases[] = {
        { "cookie", "cookie:lmdb:/run/httpd/saml-sso-cookie", NULL },
        { "cookie:lmdb:/var/lib/sso", "cookie:lmdb:/var/lib/sso", NULL },
        { "cookie:lmdb", "cookie:lmdb:/run/httpd/saml-sso", NULL },
        { "cookie:", NULL, "expected one of lmdb" },
        { "cookie:cookie", NULL, "expected a small store of another kind behind it, got \"cookie\"" },
        { "cookies", NULL, "expected one of lmdb" }
    };
    (void)state;
    assert_specs(cases, sizeof(cases) / sizeof(cases[0]));
    assert_true(sso_store_is_carried(cookie_store()));
    assert_false(sso_store_is_carried(configured()));
}

static void ended_by_its_key(void **state)
{
    sso_store_t *store = cookie_store();
    sso_carried_t one = begun(store, 1, 1, 2), two = begun(store, 2, 1, 2), elsewhere = carried(3, 1, 2, apr_time_now());
    apr_time_t now = apr_time_now();
    int found = -1;

    (void)state;
    assert_int_equal(is_ended(store, &one, now), 0);
    assert_int_equal(sso_store_remove(store, &one.key, &found, new_err()), SAML_OK);
    assert_int_equal(found, 1);
    assert_int_equal(is_ended(store, &one, apr_time_now()), 1);
    assert_int_equal(is_ended(store, &two, now), 0);
    assert_int_equal(sso_store_remove(store, &one.key, &found, new_err()), SAML_OK);
    assert_int_equal(found, 0);
    assert_int_equal(stat_of(store).marks, 1);
    assert_int_equal(sso_store_remove(store, &elsewhere.key, &found, new_err()), SAML_OK);    /* begun on another node */
    assert_int_equal(found, 1);
    assert_int_equal(is_ended(store, &elsewhere, apr_time_now()), 1);
    assert_int_equal(stat_of(store).sessions, 1);
}

static void ended_by_a_label(void **state)
{
    sso_store_t *store = cookie_store();
    sso_carried_t one = begun(store, 1, 1, 2), two = begun(store, 2, 3, 1), three = begun(store, 3, 3, 4), after;
    sso_carried_t elsewhere = carried(4, 5, 1, apr_time_now());
    sso_label_t label = label_of(1);
    int removed = -1;

    (void)state;
    assert_int_equal(sso_store_remove_labelled(store, &label, 1, &removed, new_err()), SAML_OK);
    assert_int_equal(removed, 2);
    assert_int_equal(is_ended(store, &one, apr_time_now()), 1);
    assert_int_equal(is_ended(store, &two, apr_time_now()), 1);
    assert_int_equal(is_ended(store, &elsewhere, apr_time_now()), 1);
    assert_int_equal(is_ended(store, &three, apr_time_now()), 0);
    apr_sleep(1000);
    after = begun(store, 5, 1, 2);
    assert_int_equal(is_ended(store, &after, apr_time_now()), 0);       /* the same user, signed on anew */
    assert_int_equal(is_ended(store, &one, apr_time_now()), 1);
}

static void ended_by_another_in_its_place(void **state)
{
    sso_store_t *store = cookie_store();
    sso_carried_t one = begun(store, 1, 1, 2), two = carried(2, 3, 4, apr_time_now());
    const sso_put_t put_two = { .key = &two.key, .record = "record", .len = 7, .expires = two.created + apr_time_from_sec(3600),
                                .instead = &one.key, .instead_count = 1 };
    int found = -1;

    (void)state;
    assert_int_equal(sso_store_put_session(store, &put_two, new_err()), SAML_OK);
    assert_int_equal(is_ended(store, &one, apr_time_now()), 1);
    assert_int_equal(is_ended(store, &two, apr_time_now()), 0);
    assert_int_equal(stat_of(store).sessions, 1);
    assert_int_equal(sso_store_remove(store, &one.key, &found, new_err()), SAML_OK);
    assert_int_equal(found, 0);
}

/* For as long as the longest of the applications' lifetimes; no session is older. */
static void an_end_is_kept_as_long_as_needed(void **state)
{
    sso_store_t *store = cookie_store();
    sso_carried_t one = begun(store, 1, 1, 2);
    int found;

    (void)state;
    assert_int_equal(sso_store_remove(store, &one.key, &found, new_err()), SAML_OK);
    assert_int_equal(is_ended(store, &one, one.created + apr_time_from_sec(3600) - 1), 1);
    assert_int_equal(is_ended(store, &one, one.created + apr_time_from_sec(3602)), 0);
}

static void what_cannot_be_told_is_no_answer(void **state)
{
    sso_store_t *store = NULL;
    sso_carried_t one = carried(1, 1, 2, NOW);
    const void *record;
    apr_size_t len;
    int ended = -1, removed;

    (void)state;
    assert_int_equal(sso_store_configure(&store, apr_pstrcat(pool, "cookie:lmdb:", base, "/s", NULL), "/nowhere", pool, new_err()),
                     SAML_OK);
    assert_int_equal(sso_store_is_ended(store, &one, NOW, &ended, new_err()), SAML_E_STORE);
    assert_int_equal(ended, -1);
    assert_int_equal(sso_store_remove(store, &one.key, &removed, new_err()), SAML_E_STORE);
    assert_int_equal(sso_store_remove_labelled(store, one.labels, 2, &removed, new_err()), SAML_E_STORE);
    assert_int_equal(sso_store_use_once(store, &one.key, LATER, NOW, new_err()), SAML_E_STORE);
    assert_int_equal(sso_store_get(cookie_store(), &one.key, &record, &len, pool, new_err()), SAML_E_STORE);
}

static void ids_and_marks(void **state)
{
    sso_store_t *store = cookie_store();
    sso_key_t key = key_of(1), value = key_of(2);
    sso_mark_t mark;
    int found = -1;

    (void)state;
    assert_int_equal(sso_store_use_once(store, &key, LATER, NOW, new_err()), SAML_OK);
    assert_int_equal(sso_store_use_once(store, &key, LATER, NOW, new_err()), SAML_E_REPLAY);
    assert_int_equal(sso_store_mark_put(store, &key, &value, LATER, new_err()), SAML_OK);
    assert_int_equal(sso_store_mark_get(store, &key, NOW, &mark, &found, new_err()), SAML_OK);
    assert_int_equal(found, 1);
    assert_memory_equal(mark.value.octets, value.octets, sizeof(value.octets));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(specs, setup, teardown),
        cmocka_unit_test_setup_teardown(ended_by_its_key, setup, teardown),
        cmocka_unit_test_setup_teardown(ended_by_a_label, setup, teardown),
        cmocka_unit_test_setup_teardown(ended_by_another_in_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_is_kept_as_long_as_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_told_is_no_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_and_marks, setup, teardown)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("store_cookie", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
