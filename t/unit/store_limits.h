/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_STORE_LIMITS_H
#define T_UNIT_STORE_LIMITS_H

/**
 * @file store_limits.h
 * More of what every store must do: how many sessions it takes, when it says that it is nearly full, who its users are. Included behind
 * store_suite.h. All times are real ones, as a store at its limit looks at the clock.
 */

#include "store_suite.h"

static inline apr_time_t limits_later(void)
{
    return apr_time_now() + apr_time_from_sec(3600);
}

static inline void assert_full(sso_store_t *store, int i, const char *says)
{
    sso_key_t key = key_of(i);
    saml_err_t *err = new_err();

    assert_refused(sso_store_put(store, &key, "r", 2, limits_later(), err), err, says);
    assert_int_equal(err->full, 1);
}

static inline void limits_of_sessions(void **state)
{
    sso_store_t *store = suite_open();
    sso_key_t key = key_of(9);
    saml_err_t *err = new_err();
    int i;

    (void)state;
    assert_int_equal(sso_store_limit_of(store), 0);
    sso_store_limit(store, 3);
    sso_store_limit(store, 2);                              /* of several the largest */
    assert_int_equal(sso_store_limit_of(store), 3);
    for (i = 1; i <= 3; i++) {
        put(store, i, "r", limits_later());
        assert_int_equal(sso_store_last_count(store), i);
    }
    assert_full(store, 4, "is full: SAMLSessionLimit 3, and there are 3 sessions; nothing was dropped for it");
    assert_int_equal(stat_of(store).sessions, 3);
    put(store, 2, "anew", limits_later());                  /* in its own place */
    assert_int_equal(replace(store, 1, "stamped", limits_later()), 1);
    mark(store, 100, 1, limits_later());                    /* the limit is one of sessions */
    assert_int_equal(use(store, 1, limits_later(), apr_time_now()), SAML_OK);
    assert_int_equal(remove_one(store, 1), 1);
    put(store, 4, "r", limits_later());
    assert_full(store, 5, "there are 3 sessions");
    assert_refused(sso_store_put(store, &key, "", 0, limits_later(), err), err, "expected 1 to");
    assert_int_equal(err->full, 0);
}

static inline void limits_do_not_count_what_has_ended(void **state)
{
    sso_store_t *store = suite_open();
    int i;

    (void)state;
    sso_store_limit(store, 300);
    for (i = 0; i < 300; i++) {
        put_under(store, i, 1, 2, limits_later());
        if (i != 150)
            put_under(store, i, 1, 2, apr_time_now() - 1);
        assert_int_equal(use(store, 1000 + i, apr_time_now() - 1, apr_time_now() - 2), SAML_OK);
    }
    for (i = 300; i < 599; i++)
        put(store, i, "r", limits_later());
    assert_full(store, 600, "there are 300 sessions");
    assert_int_equal(end_under(store, 1), 1);
    put(store, 600, "r", limits_later());
}

static inline int high_water(sso_store_t *store, apr_time_t now)
{
    apr_uint64_t sessions = 0;
    int now_high = -1;

    must_be_ok(sso_store_high_water(store, now, &now_high, &sessions, err));
    if (now_high)
        assert_int_equal(sessions, sso_store_last_count(store));
    return now_high;
}

static inline void put_many(sso_store_t *store, int from, int to)
{
    for (int i = from; i <= to; i++)
        put(store, i, "r", limits_later());
}

static inline void limits_are_told_of_in_time(void **state)
{
    sso_store_t *store = suite_open();
    apr_time_t now = apr_time_now();
    int i;

    (void)state;
    assert_int_equal(high_water(store, now), 0);            /* nothing was put */
    sso_store_limit(store, 20);
    put_many(store, 1, 17);
    assert_int_equal(high_water(store, now), 0);
    put(store, 18, "r", limits_later());
    assert_int_equal(high_water(store, now), 1);
    assert_int_equal(high_water(store, now), 0);            /* once */
    put(store, 19, "r", limits_later());
    assert_int_equal(high_water(store, now), 0);
    for (i = 1; i <= 3; i++)
        assert_int_equal(remove_one(store, i), 1);
    put(store, 20, "r", limits_later());                    /* 17: not under the low water */
    assert_int_equal(high_water(store, now), 0);
    put(store, 21, "r", limits_later());
    assert_int_equal(high_water(store, now), 0);
    for (i = 4; i <= 8; i++)
        assert_int_equal(remove_one(store, i), 1);
    usleep(1100 * 1000);                                    /* of several that find no word of it one is alone for a second */
    now = apr_time_now();
    put(store, 22, "r", limits_later());                    /* 14: under it */
    assert_int_equal(high_water(store, now), 0);
    put_many(store, 23, 26);
    assert_int_equal(high_water(store, now), 1);
}

/* Three at once: one of all processes says it. */
static inline void limits_are_told_of_once(void **state)
{
    sso_store_t *store = suite_unopened();
    int ends[2], told = 0, left = 0, status;
    pid_t pids[3];
    char octet;

    (void)state;
    sso_store_limit(store, 10);
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 3; i++) {
        pids[i] = fork();
        assert_int_not_equal(pids[i], -1);
        if (pids[i] == 0) {
            must_be_ok(sso_store_open(store, pool, err));
            put_many(store, 1, 9);
            octet = (char)('0' + high_water(store, apr_time_now()));
            _exit(write(ends[1], &octet, 1) == 1 ? 0 : 1);
        }
    }
    close(ends[1]);
    while (read(ends[0], &octet, 1) == 1) {
        told += octet == '1';
        left++;
    }
    close(ends[0]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
    assert_int_equal(left, 3);
    assert_int_equal(told, 1);
}

/* ---- users ------------------------------------------------------------------------------ */

static inline sso_label_t user_label(const char *user)
{
    sso_label_t label;

    must_be_ok(sso_user_label(&label, user, pool, err));
    return label;
}

static inline void put_user(sso_store_t *store, int i, const char *user, apr_time_t expires)
{
    sso_key_t key = key_of(i);
    sso_label_t label = user_label(user);
    const char *record = apr_psprintf(pool, "%d", i);

    must_be_ok(sso_store_put_labelled(store, &key, record, strlen(record) + 1, expires, &label, 1, err));
}

static inline void limits_users_are_found(void **state)
{
    sso_store_t *store = suite_open();
    sso_label_t ada = user_label("ada@example.org"), none = user_label("");
    int removed = -1;

    (void)state;
    assert_memory_equal(ada.octets, user_label("ADA@Example.ORG").octets, sizeof(ada.octets));
    assert_memory_not_equal(ada.octets, user_label("ada@example.or").octets, sizeof(ada.octets));
    assert_memory_not_equal(user_label("\303\204").octets, user_label("\303\244").octets, sizeof(ada.octets));
    assert_memory_not_equal(user_label("[").octets, user_label("{").octets, sizeof(ada.octets));
    put_user(store, 1, "ada@example.org", limits_later());
    put_user(store, 2, "Ada@example.org", limits_later());
    put_user(store, 3, "bob@example.org", limits_later());
    must_be_ok(sso_store_remove_labelled(store, &none, 1, &removed, err));
    assert_int_equal(removed, 0);
    must_be_ok(sso_store_remove_labelled(store, &ada, 1, &removed, err));
    assert_int_equal(removed, 2);
    assert_int_equal(stat_of(store).sessions, 1);
}

static inline int end_user(sso_store_t *store, const char *user)
{
    sso_label_t label = user_label(user);
    int removed = -1;

    must_be_ok(sso_store_remove_labelled(store, &label, 1, &removed, err));
    return removed;
}

/* ---- in the place of others ----------------------------------------------------------------- */

static inline saml_status_t put_instead(sso_store_t *store, int i, const int *instead, int count, saml_err_t *err)
{
    sso_key_t key = key_of(i), keys[SSO_MAX_INSTEAD + 1];
    sso_label_t label = user_label("anew");
    const sso_put_t one = { .key = &key, .record = "r", .len = 2, .expires = limits_later(), .labels = &label, .label_count = 1,
                            .instead = keys, .instead_count = count };

    for (int k = 0; k < count && k <= SSO_MAX_INSTEAD; k++)
        keys[k] = key_of(instead[k]);
    return sso_store_put_session(store, &one, err);
}

static inline void limits_leave_room_in_the_place_of_another(void **state)
{
    static const int first[] = { 1 }, gone[] = { 1, 99 }, twice[SSO_MAX_INSTEAD + 1] = { 3, 2, 3, 98 }, itself[] = { 5 };
    sso_store_t *store = suite_open();
    saml_err_t *err = new_err();

    (void)state;
    sso_store_limit(store, 2);
    put_user(store, 1, "ada", limits_later());
    put_user(store, 2, "bob", limits_later());
    assert_int_equal(put_instead(store, 3, first, 1, err), SAML_OK);
    assert_int_equal(sso_store_last_count(store), 2);
    assert_int_equal(stat_of(store).sessions, 2);
    assert_int_equal(end_user(store, "ada"), 0);            /* it has ended, with its labels */
    assert_int_equal(remove_one(store, 1), 0);
    assert_refused(put_instead(store, 4, gone, 2, err), err, "is full: SAMLSessionLimit 2, and there are 2 sessions");
    assert_int_equal(err->full, 1);
    assert_int_equal(stat_of(store).sessions, 2);
    assert_int_equal(put_instead(store, 5, twice, 4, err), SAML_OK);
    assert_int_equal(stat_of(store).sessions, 1);
    assert_int_equal(end_user(store, "bob"), 0);
    assert_int_equal(put_instead(store, 5, itself, 1, err), SAML_OK);
    assert_int_equal(end_user(store, "anew"), 1);
    assert_refused(put_instead(store, 6, twice, SSO_MAX_INSTEAD + 1, err), err, "expected at most 8, got 9");
    assert_refused(put_instead(store, 6, twice, -1, err), err, "expected at most 8, got -1");
}

#define LIMIT_SUITE                                     \
    suite_test(limits_of_sessions),                     \
    suite_test(limits_leave_room_in_the_place_of_another), \
    suite_test(limits_do_not_count_what_has_ended),     \
    suite_test(limits_are_told_of_in_time),             \
    suite_test(limits_are_told_of_once),                \
    suite_test(limits_users_are_found)

/* ---- listing: where the store has the records ----------------------------------------------- */

typedef struct {
    unsigned char seen[1000];
    int count;
    int stop_at;                /* 0: never */
} walk_seen_t;

static inline saml_status_t see(void *baton, const sso_stored_t *session, saml_err_t *err)
{
    walk_seen_t *walk = baton;
    int i = atoi(session->record);
    sso_key_t key = key_of(i);

    assert_in_range(i, 0, 999);
    assert_memory_equal(session->key.octets, key.octets, sizeof(key.octets));
    assert_int_equal(session->len, strlen(session->record) + 1);
    assert_true(session->forget_at > apr_time_now() && session->forget_at < limits_later() + apr_time_from_sec(10));
    walk->count += !walk->seen[i];
    walk->seen[i] = 1;
    return walk->stop_at && walk->count == walk->stop_at ? saml_fail(err, SAML_E_STORE, "enough") : SAML_OK;
}

static inline int count_each(sso_store_t *store, const sso_label_t *only)
{
    walk_seen_t walk = { .count = 0 };

    must_be_ok(sso_store_each(store, apr_time_now(), only, see, &walk, err));
    return walk.count;
}

static inline void list_of_all(void **state)
{
    sso_store_t *store = suite_open();
    sso_label_t ada = user_label("ada"), bob = user_label("bob"), eve = user_label("eve");
    walk_seen_t walk = { .stop_at = 5 };
    saml_err_t *err = new_err();
    int i;

    (void)state;
    assert_int_equal(count_each(store, NULL), 0);
    assert_int_equal(count_each(store, &ada), 0);
    for (i = 0; i < 700; i++)
        put_user(store, i, i % 7 ? "ada" : "bob", limits_later());
    assert_int_equal(count_each(store, NULL), 700);
    assert_int_equal(count_each(store, &ada), 600);
    assert_int_equal(count_each(store, &bob), 100);
    assert_int_equal(count_each(store, &eve), 0);
    put_user(store, 0, "bob", apr_time_now() - 1);          /* has ended */
    put_user(store, 7, "eve", limits_later());              /* begun anew as another */
    assert_int_equal(remove_one(store, 14), 1);
    mark(store, 1, 1, limits_later());
    assert_int_equal(use(store, 2, limits_later(), apr_time_now()), SAML_OK);
    assert_int_equal(count_each(store, NULL), 698);
    assert_int_equal(count_each(store, &bob), 97);
    assert_int_equal(count_each(store, &eve), 1);
    assert_refused(sso_store_each(store, apr_time_now(), NULL, see, &walk, err), err, "enough");
    assert_int_equal(walk.count, 5);
}

static inline void list_without_open(void **state)
{
    walk_seen_t walk = { .count = 0 };
    saml_err_t *err = new_err();

    (void)state;
    assert_refused(sso_store_each(suite_unopened(), apr_time_now(), NULL, see, &walk, err), err, "is not open in this process");
}

/* Another program's way in. */
static inline void list_beside_a_server(void **state)
{
    sso_store_t *store = suite_open();
    int status;
    pid_t pid;

    (void)state;
    put_user(store, 1, "ada", limits_later());
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        sso_label_t ada = user_label("ada");
        sso_store_t *beside = suite_again();
        int removed = 0;

        must_be_ok(sso_store_attach(beside, pool, err));
        if (count_each(beside, &ada) != 1 || count_each(beside, NULL) != 1)
            _exit(2);
        must_be_ok(sso_store_remove_labelled(beside, &ada, 1, &removed, err));
        _exit(removed == 1 ? 0 : 3);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_null(get(store, 1));
    put_user(store, 2, "bob", limits_later());
    assert_string_equal(get(store, 2), "2");
}

#define LIST_SUITE                                      \
    suite_test(list_of_all),                            \
    suite_test(list_without_open),                      \
    suite_test(list_beside_a_server)

#endif
