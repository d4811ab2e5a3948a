/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_STORE_SUITE_H
#define T_UNIT_STORE_SUITE_H

/**
 * @file store_suite.h
 * What every store must do, whatever it keeps sessions in. The test of a store defines, before it includes this,
 *     suite_setup, suite_teardown   cmocka's, around each test; `pool` is one of the test's own
 *     suite_open()                  a store that is empty, prepared and open in this process
 *     suite_unopened()              one that is not open
 *     suite_again()                 what another process would configure to get at the same, not open
 *     suite_now                     the time that it is; a store that expires by a clock of its own needs the real one
 *     suite_until(t)                come to `t`; a store that is told the time has nothing to do
 * and runs store_suite[].
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "store/store.h"

static apr_pool_t *pool;
static apr_time_t suite_now;

static int suite_setup(void **state);
static int suite_teardown(void **state);
static sso_store_t *suite_open(void);
static sso_store_t *suite_unopened(void);
static sso_store_t *suite_again(void);
static void suite_until(apr_time_t t);

#define HOUR  (suite_now + apr_time_from_sec(3600))
#define SOON  (suite_now + apr_time_from_msec(700))

static inline saml_err_t *new_err(void)
{
    saml_err_t *err = apr_pcalloc(pool, sizeof(*err));

    err->pool = pool;
    err->reason = "-";
    return err;
}

#define must_be_ok(call)                        \
    do {                                        \
        saml_err_t *err = new_err();            \
        if ((call) != SAML_OK)                  \
            fail_msg("%s", err->reason);        \
    } while (0)

static inline sso_key_t key_of(int i)
{
    sso_key_t key;
    const char *text = apr_psprintf(pool, "session %d", i);

    must_be_ok(sso_key_of(&key, text, strlen(text), err));
    return key;
}

static inline sso_label_t label_of(int i)
{
    sso_label_t label;

    memset(label.octets, 0, sizeof(label.octets));
    label.octets[0] = 7;                    /* labels that begin alike are told apart */
    label.octets[SSO_LABEL_BYTES - 1] = (unsigned char)i;
    return label;
}

static inline void put(sso_store_t *store, int i, const char *record, apr_time_t expires)
{
    sso_key_t key = key_of(i);

    must_be_ok(sso_store_put(store, &key, record, strlen(record) + 1, expires, err));
}

static inline void put_under(sso_store_t *store, int i, int first, int second, apr_time_t expires)
{
    sso_key_t key = key_of(i);
    sso_label_t labels[2] = { label_of(first), label_of(second) };

    must_be_ok(sso_store_put_labelled(store, &key, "r", 2, expires, labels, 2, err));
}

static inline const char *get(sso_store_t *store, int i)
{
    sso_key_t key = key_of(i);
    const void *record = "unset";
    apr_size_t len = 99;

    must_be_ok(sso_store_get(store, &key, &record, &len, pool, err));
    assert_int_equal(len, record ? strlen(record) + 1 : 0);
    return record;
}

static inline int replace(sso_store_t *store, int i, const char *record, apr_time_t expires)
{
    sso_key_t key = key_of(i);
    int found = -1;

    must_be_ok(sso_store_replace(store, &key, record, strlen(record) + 1, expires, &found, err));
    return found;
}

static inline int remove_one(sso_store_t *store, int i)
{
    sso_key_t key = key_of(i);
    int found = -1;

    must_be_ok(sso_store_remove(store, &key, &found, err));
    return found;
}

static inline int end_under(sso_store_t *store, int i)
{
    sso_label_t label = label_of(i);
    int removed = -1;

    must_be_ok(sso_store_remove_labelled(store, &label, 1, &removed, err));
    return removed;
}

static inline sso_store_stat_t stat_of(sso_store_t *store)
{
    sso_store_stat_t st;

    must_be_ok(sso_store_stat(store, &st, err));
    return st;
}

static inline int sweep(sso_store_t *store, apr_time_t now, int at_most)
{
    int swept = -1;

    must_be_ok(sso_store_sweep(store, now, at_most, &swept, err));
    return swept;
}

static inline saml_status_t use(sso_store_t *store, int i, apr_time_t until, apr_time_t now)
{
    sso_key_t key = key_of(i);

    return sso_store_use_once(store, &key, until, now, new_err());
}

static inline void mark(sso_store_t *store, int i, int value, apr_time_t expires)
{
    sso_key_t key = key_of(i), octets = key_of(value);

    must_be_ok(sso_store_mark_put(store, &key, &octets, expires, err));
}

static inline void assert_mark(sso_store_t *store, int i, apr_time_t now, int value, apr_time_t expires)
{
    sso_key_t key = key_of(i), want = key_of(value);
    sso_mark_t got;
    int found = -1;

    must_be_ok(sso_store_mark_get(store, &key, now, &got, &found, err));
    assert_int_equal(found, 1);
    assert_memory_equal(got.value.octets, want.octets, SSO_KEY_BYTES);
    assert_true(got.expires == expires);
}

static inline void assert_no_mark(sso_store_t *store, int i, apr_time_t now)
{
    sso_key_t key = key_of(i);
    sso_mark_t got;
    int found = -1;

    must_be_ok(sso_store_mark_get(store, &key, now, &got, &found, err));
    assert_int_equal(found, 0);
}

/* ---- sessions --------------------------------------------------------------- */

static inline void suite_put_get_remove(void **state)
{
    sso_store_t *store = suite_open();

    (void)state;
    assert_null(get(store, 1));
    put(store, 1, "one", HOUR);
    put(store, 2, "two", HOUR);
    assert_string_equal(get(store, 1), "one");
    assert_string_equal(get(store, 2), "two");
    put(store, 1, "once more", HOUR + 1);
    assert_string_equal(get(store, 1), "once more");
    assert_int_equal(stat_of(store).sessions, 2);
    assert_int_equal(remove_one(store, 1), 1);
    assert_null(get(store, 1));
    assert_string_equal(get(store, 2), "two");
    assert_int_equal(remove_one(store, 1), 0);
    assert_int_equal(stat_of(store).sessions, 1);
}

static inline void suite_records_of_all_sizes(void **state)
{
    static const apr_size_t sizes[] = { 1, 7, 64, 65, 1990, 1991, 2030, 2040, 4080, 5000, 16384, 65536, SSO_MAX_RECORD_BYTES };
    sso_store_t *store = suite_open();
    unsigned char *record = apr_palloc(pool, SSO_MAX_RECORD_BYTES + 1);
    sso_label_t label = label_of(1);
    sso_key_t key;
    size_t i, k;

    (void)state;
    for (k = 0; k <= SSO_MAX_RECORD_BYTES; k++)
        record[k] = (unsigned char)(k * 31 >> 3);
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const void *got = NULL;
        apr_size_t len = 0;

        key = key_of((int)i);
        must_be_ok(sso_store_put_labelled(store, &key, record, sizes[i], HOUR, &label, (int)(i % 2), err));
        must_be_ok(sso_store_get(store, &key, &got, &len, pool, err));
        assert_int_equal(len, sizes[i]);
        assert_memory_equal(got, record, len);
    }
    key = key_of(100);
    assert_int_equal(sso_store_put(store, &key, record, 0, HOUR, new_err()), SAML_E_STORE);
    assert_int_equal(sso_store_put(store, &key, record, SSO_MAX_RECORD_BYTES + 1, HOUR, new_err()), SAML_E_STORE);
    assert_null(get(store, 100));
}

static inline void suite_replace_only_what_is_there(void **state)
{
    sso_store_t *store = suite_open();

    (void)state;
    assert_int_equal(replace(store, 1, "late", HOUR), 0);
    assert_null(get(store, 1));
    put(store, 1, "first", SOON);
    assert_int_equal(replace(store, 1, "stamped", HOUR), 1);
    assert_string_equal(get(store, 1), "stamped");
    assert_int_equal(stat_of(store).sessions, 1);
    suite_until(SOON);
    assert_int_equal(sweep(store, SOON, 100), 0);       /* the earlier end has gone with the record */
    assert_string_equal(get(store, 1), "stamped");
    assert_int_equal(remove_one(store, 1), 1);
    assert_int_equal(replace(store, 1, "revived", HOUR), 0);
    assert_null(get(store, 1));
    assert_int_equal(stat_of(store).sessions, 0);
}

static inline void suite_what_has_ended_is_swept(void **state)
{
    sso_store_t *store = suite_open();
    int i;

    (void)state;
    for (i = 0; i < 5; i++)
        put_under(store, i, 10, i, SOON - i * 1000);
    put_under(store, 6, 10, 6, HOUR);
    assert_int_equal(use(store, 50, SOON, suite_now), SAML_OK);
    mark(store, 1, 11, SOON);
    assert_int_equal(sweep(store, suite_now, 100), 0);
    assert_int_equal(stat_of(store).sessions, 6);
    suite_until(SOON);
    assert_int_equal(sweep(store, SOON, 0), 0);
    assert_int_equal(sweep(store, SOON, 2), 2);
    assert_int_equal(sweep(store, SOON, 100), 5);
    assert_int_equal(sweep(store, SOON, 100), 0);
    for (i = 0; i < 5; i++)
        assert_null(get(store, i));
    assert_int_equal(stat_of(store).sessions, 1);
    assert_int_equal(stat_of(store).used_ids, 0);
    assert_int_equal(stat_of(store).marks, 0);
    assert_string_equal(get(store, 6), "r");
    assert_int_equal(end_under(store, 10), 1);
}

/* ---- labels -------------------------------------------------------------------- */

static inline void suite_all_under_a_label_end(void **state)
{
    sso_store_t *store = suite_open();

    (void)state;
    put_under(store, 1, 10, 11, HOUR);
    put_under(store, 2, 10, 12, HOUR);
    put_under(store, 3, 20, 21, HOUR);
    put(store, 4, "r", HOUR);
    assert_int_equal(end_under(store, 99), 0);
    assert_int_equal(end_under(store, 10), 2);
    assert_null(get(store, 1));
    assert_null(get(store, 2));
    assert_string_equal(get(store, 3), "r");
    assert_string_equal(get(store, 4), "r");
    assert_int_equal(end_under(store, 10), 0);
    assert_int_equal(end_under(store, 11), 0);
    assert_int_equal(stat_of(store).sessions, 2);
    assert_int_equal(end_under(store, 21), 1);
    assert_null(get(store, 3));
}

static inline void suite_several_labels_at_once(void **state)
{
    sso_store_t *store = suite_open();
    sso_label_t labels[40];
    int removed = -1, i;

    (void)state;
    for (i = 0; i < 40; i++)
        labels[i] = label_of(i % 20 + 100);
    labels[3] = label_of(10);
    labels[39] = label_of(11);
    put_under(store, 1, 10, 11, HOUR);
    put_under(store, 2, 11, 12, HOUR);
    put_under(store, 3, 12, 13, HOUR);
    must_be_ok(sso_store_remove_labelled(store, labels, 40, &removed, err));
    assert_int_equal(removed, 2);
    assert_string_equal(get(store, 3), "r");
    must_be_ok(sso_store_remove_labelled(store, labels, 0, &removed, err));
    assert_int_equal(removed, 0);
}

static inline void suite_labels_go_with_their_session(void **state)
{
    sso_store_t *store = suite_open();

    (void)state;
    put_under(store, 1, 10, 11, HOUR);
    put_under(store, 2, 10, 12, SOON);
    put_under(store, 3, 10, 13, SOON);
    assert_int_equal(remove_one(store, 1), 1);
    assert_int_equal(replace(store, 3, "new", HOUR), 1);
    suite_until(SOON);
    assert_int_equal(sweep(store, SOON, 100), 1);
    assert_int_equal(replace(store, 2, "revived", HOUR), 0);
    assert_int_equal(end_under(store, 12), 0);
    assert_string_equal(get(store, 3), "new");
    assert_int_equal(end_under(store, 13), 1);          /* the idle stamp keeps them, and for as long as it says */
    assert_null(get(store, 3));
    assert_int_equal(end_under(store, 10), 0);
}

static inline void suite_a_second_put_has_its_own_labels(void **state)
{
    sso_store_t *store = suite_open();

    (void)state;
    put_under(store, 1, 10, 11, HOUR);
    put_under(store, 1, 20, 21, HOUR);
    assert_int_equal(end_under(store, 10), 0);
    assert_string_equal(get(store, 1), "r");
    put(store, 1, "bare", HOUR);
    assert_int_equal(end_under(store, 20), 0);
    assert_string_equal(get(store, 1), "bare");
    assert_int_equal(stat_of(store).sessions, 1);
}

static inline void suite_labels_have_a_limit(void **state)
{
    sso_store_t *store = suite_open();
    sso_label_t labels[SSO_MAX_LABELS + 1];
    sso_key_t key = key_of(1);
    saml_err_t *why = new_err();
    int i;

    (void)state;
    for (i = 0; i <= SSO_MAX_LABELS; i++)
        labels[i] = label_of(i);
    assert_int_equal(sso_store_put_labelled(store, &key, "r", 2, HOUR, labels, SSO_MAX_LABELS + 1, why), SAML_E_STORE);
    assert_non_null(strstr(why->reason, "expected at most 7, got 8"));
    assert_null(get(store, 1));
    assert_int_equal(sso_store_put_labelled(store, &key, "r", 2, HOUR, labels, -1, why), SAML_E_STORE);
    must_be_ok(sso_store_put_labelled(store, &key, "r", 2, HOUR, labels, SSO_MAX_LABELS, err));
    labels[1] = labels[0];
    must_be_ok(sso_store_put_labelled(store, &key, "r", 2, HOUR, labels, 2, err));
    assert_int_equal(end_under(store, 0), 1);
    assert_int_equal(end_under(store, 2), 0);
}

static inline void suite_hundreds_of_one_name(void **state)
{
    sso_store_t *store = suite_open();
    int i;

    (void)state;
    for (i = 0; i < 600; i++)
        put_under(store, i, 10, i % 200, HOUR);
    assert_int_equal(end_under(store, 7), 3);
    assert_int_equal(end_under(store, 10), 597);
    assert_int_equal(stat_of(store).sessions, 0);
}

/* ---- IDs and marks ---------------------------------------------------------------- */

static inline void suite_use_once_until(void **state)
{
    sso_store_t *store = suite_open();
    saml_err_t *why = new_err();
    sso_key_t key = key_of(1);

    (void)state;
    assert_int_equal(use(store, 1, SOON, suite_now), SAML_OK);
    assert_int_equal(sso_store_use_once(store, &key, SOON, suite_now, why), SAML_E_REPLAY);
    assert_non_null(strstr(why->reason, "expected one that was not used before"));
    assert_int_equal(use(store, 1, HOUR, suite_now), SAML_E_REPLAY);     /* which does not lengthen it either */
    assert_int_equal(use(store, 2, HOUR, suite_now), SAML_OK);
    assert_null(get(store, 1));                             /* used IDs are no sessions */
    assert_int_equal(stat_of(store).used_ids, 2);
    suite_until(SOON);
    assert_int_equal(use(store, 1, HOUR, SOON), SAML_OK);
    assert_int_equal(use(store, 1, HOUR, SOON + 1), SAML_E_REPLAY);
    assert_int_equal(sweep(store, SOON, 100), 0);           /* number 1 was used anew */
    assert_int_equal(use(store, 1, HOUR, SOON), SAML_E_REPLAY);
    assert_int_equal(stat_of(store).used_ids, 2);
}

static inline void suite_marks(void **state)
{
    sso_store_t *store = suite_open();

    (void)state;
    assert_no_mark(store, 1, suite_now);
    mark(store, 1, 11, HOUR);
    mark(store, 2, 12, SOON);
    mark(store, 3, 13, SOON);
    mark(store, 3, 14, HOUR + 10);
    assert_mark(store, 1, suite_now, 11, HOUR);
    assert_mark(store, 2, suite_now, 12, SOON);
    assert_mark(store, 3, suite_now, 14, HOUR + 10);
    assert_no_mark(store, 1, HOUR);
    assert_mark(store, 1, HOUR - 1, 11, HOUR);
    assert_int_equal(stat_of(store).marks, 3);
    suite_until(SOON);
    assert_no_mark(store, 2, SOON);
    assert_int_equal(sweep(store, SOON, 100), 1);
    assert_mark(store, 3, SOON, 14, HOUR + 10);
    assert_int_equal(stat_of(store).marks, 2);
}

/* The same key means three things, and each ends alone. */
static inline void suite_kinds_are_apart(void **state)
{
    sso_store_t *store = suite_open();

    (void)state;
    put(store, 1, "session", HOUR);
    assert_int_equal(use(store, 1, HOUR, suite_now), SAML_OK);
    assert_no_mark(store, 1, suite_now);
    mark(store, 1, 11, HOUR);
    assert_string_equal(get(store, 1), "session");
    assert_int_equal(stat_of(store).sessions, 1);
    assert_int_equal(stat_of(store).used_ids, 1);
    assert_int_equal(stat_of(store).marks, 1);
    assert_int_equal(remove_one(store, 1), 1);
    assert_mark(store, 1, suite_now, 11, HOUR);
    assert_int_equal(use(store, 1, HOUR, suite_now), SAML_E_REPLAY);
}

/* ---- what cannot be told ------------------------------------------------------------ */

static inline void assert_refused(saml_status_t status, const saml_err_t *err, const char *says)
{
    assert_int_equal(status, SAML_E_STORE);
    if (!strstr(err->reason, says))
        fail_msg("expected \"%s\" in: %s", says, err->reason);
}

/* No call of a store that does not work comes back with anything but a reason; outputs stay as they were. */
static inline void assert_nothing_works(sso_store_t *store, const char *says)
{
    sso_key_t key = key_of(1);
    sso_label_t label = label_of(1);
    const void *record = "unset";
    apr_size_t len = 99;
    sso_store_stat_t st;
    sso_mark_t got;
    saml_err_t *err = new_err();
    int n = -7;

    assert_refused(sso_store_get(store, &key, &record, &len, pool, err), err, says);
    assert_refused(sso_store_put(store, &key, "r", 2, HOUR, err), err, says);
    assert_refused(sso_store_put_labelled(store, &key, "r", 2, HOUR, &label, 1, err), err, says);
    assert_refused(sso_store_replace(store, &key, "r", 2, HOUR, &n, err), err, says);
    assert_refused(sso_store_remove(store, &key, &n, err), err, says);
    assert_refused(sso_store_remove_labelled(store, &label, 1, &n, err), err, says);
    assert_refused(sso_store_use_once(store, &key, HOUR, suite_now, err), err, says);
    assert_refused(sso_store_mark_get(store, &key, suite_now, &got, &n, err), err, says);
    assert_refused(sso_store_mark_put(store, &key, &key, HOUR, err), err, says);
    assert_refused(sso_store_sweep(store, suite_now, 1, &n, err), err, says);
    assert_refused(sso_store_stat(store, &st, err), err, says);
    assert_int_equal(n, -7);
    assert_string_equal(record, "unset");
    assert_int_equal(len, 99);
}

static inline void suite_without_open_nothing_works(void **state)
{
    (void)state;
    assert_nothing_works(suite_unopened(), "is not open in this process");
}

/* ---- many at once -------------------------------------------------------------------- */

/* In a child and in a thread cmocka's asserts have nowhere to go. */
#define MUST(condition)                                                                             \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            fprintf(stderr, "# line %d: expected %s\n", __LINE__, #condition);                      \
            _exit(1);                                                                               \
        }                                                                                           \
    } while (0)

#define SUITE_CHILDREN 4
#define SUITE_THREADS  4
#define SUITE_ROUNDS   40

typedef struct {
    sso_store_t *store;
    int number;
    int won;
} suite_worker_t;

static void *suite_work(void *data)
{
    suite_worker_t *w = data;
    apr_pool_t *p;
    saml_err_t err = { 0 };
    int i, found;

    apr_pool_create(&p, NULL);
    err.pool = p;
    for (i = 0; i < SUITE_ROUNDS; i++) {
        char text[64], record[64] = "";
        sso_key_t key, once;
        const void *got = NULL;
        apr_size_t len;
        saml_status_t status;

        snprintf(text, sizeof(text), "of %d, %d", w->number, i);
        MUST(sso_key_of(&key, text, strlen(text), &err) == SAML_OK);
        snprintf(record, sizeof(record), "record %d %d", w->number, i);
        MUST(sso_store_put(w->store, &key, record, sizeof(record), HOUR, &err) == SAML_OK);
        MUST(sso_store_get(w->store, &key, &got, &len, p, &err) == SAML_OK && got && strcmp(got, record) == 0);
        snprintf(text, sizeof(text), "assertion %d", i);
        MUST(sso_key_of(&once, text, strlen(text), &err) == SAML_OK);
        status = sso_store_use_once(w->store, &once, HOUR, suite_now, &err);
        MUST(status == SAML_OK || status == SAML_E_REPLAY);
        w->won += status == SAML_OK;
        if (i % 2 == 0) {
            MUST(sso_store_remove(w->store, &key, &found, &err) == SAML_OK && found);
            MUST(sso_store_get(w->store, &key, &got, &len, p, &err) == SAML_OK && !got);
        }
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    return NULL;
}

static inline void suite_child(sso_store_t *store, int number, int report)
{
    pthread_t threads[SUITE_THREADS];
    suite_worker_t workers[SUITE_THREADS];
    apr_pool_t *p;
    saml_err_t err = { 0 };
    int i, won = 0;

    apr_pool_create(&p, NULL);
    err.pool = p;
    MUST(sso_store_open(store, p, &err) == SAML_OK);
    for (i = 0; i < SUITE_THREADS; i++) {
        workers[i] = (suite_worker_t) { store, number * SUITE_THREADS + i, 0 };
        MUST(pthread_create(&threads[i], NULL, suite_work, &workers[i]) == 0);
    }
    for (i = 0; i < SUITE_THREADS; i++) {
        MUST(pthread_join(threads[i], NULL) == 0);
        won += workers[i].won;
    }
    MUST(write(report, &won, sizeof(won)) == sizeof(won));
    apr_pool_destroy(p);
    _exit(0);
}

static inline void suite_processes_and_threads(void **state)
{
    sso_store_t *store = suite_open();
    pid_t pids[SUITE_CHILDREN];
    int wins[2], i, won, status, total = 0;

    (void)state;
    assert_int_equal(pipe(wins), 0);
    for (i = 0; i < SUITE_CHILDREN; i++) {
        sso_store_t *own = suite_again();

        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            suite_child(own, i, wins[1]);
    }
    for (i = 0; i < SUITE_CHILDREN; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
        assert_int_equal(read(wins[0], &won, sizeof(won)), sizeof(won));
        total += won;
    }
    close(wins[0]);
    close(wins[1]);
    assert_int_equal(total, SUITE_ROUNDS);      /* each assertion passed once, whoever came first */
    assert_int_equal(stat_of(store).sessions, SUITE_CHILDREN * SUITE_THREADS * SUITE_ROUNDS / 2);
    assert_int_equal(stat_of(store).used_ids, SUITE_ROUNDS);
}

static inline void suite_open_before_fork_is_refused(void **state)
{
    sso_store_t *store = suite_open();
    int status;
    pid_t pid;

    (void)state;
    must_be_ok(sso_store_open(store, pool, err));           /* again in the same process is nothing */
    put(store, 1, "one", HOUR);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        saml_err_t *err = new_err();

        MUST(sso_store_open(store, pool, err) == SAML_E_STORE);
        MUST(strstr(err->reason, "was opened before this process was made by fork"));
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_string_equal(get(store, 1), "one");
}

#define suite_test(name) cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)

#define STORE_SUITE                                     \
    suite_test(suite_put_get_remove),                   \
    suite_test(suite_records_of_all_sizes),             \
    suite_test(suite_replace_only_what_is_there),       \
    suite_test(suite_what_has_ended_is_swept),          \
    suite_test(suite_all_under_a_label_end),            \
    suite_test(suite_several_labels_at_once),           \
    suite_test(suite_labels_go_with_their_session),     \
    suite_test(suite_a_second_put_has_its_own_labels),  \
    suite_test(suite_labels_have_a_limit),              \
    suite_test(suite_hundreds_of_one_name),             \
    suite_test(suite_use_once_until),                   \
    suite_test(suite_marks),                            \
    suite_test(suite_kinds_are_apart),                  \
    suite_test(suite_without_open_nothing_works),       \
    suite_test(suite_processes_and_threads),            \
    suite_test(suite_open_before_fork_is_refused)

#endif
