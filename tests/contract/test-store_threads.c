/* SPDX-License-Identifier: Apache-2.0 */
/* Workers, the writer, readers and upkeep on one store at once: for a build with thread sanitizer.
 */
#include "base/text.h"
#include "daemon/writer.h"
#include "tests/contract/contract.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define WORKERS 6u
#define READERS 10u /* more than the store has connections */
#define ROUNDS  30u

struct common {
    struct store *store;
    struct writer *writer;
    atomic_bool over;
    atomic_uint n_failed;
};

struct thread {
    struct common *common;
    unsigned n;
    pthread_t id;
};

static enum status
attest_once(struct common *c, unsigned n, unsigned i, struct store_round *r)
{
    struct store_device d = {0};
    enum status result = STATUS_STORE;
    enum status s = store_get_device(c->store, contract_device(n), &d);
    *r = (struct store_round){.device = contract_device(n),
                              .version = d.version,
                              .spent_ms = d.spent_ms + 1,
                              .time_s = NOW_S,
                              .new_boot = i % 8 == 0,
                              .boot = d.boot,
                              .ima_segment = bytes_of(contract_ek(n), i % DIGEST_SHA256_SIZE),
                              .appraisal_json = "{}",
                              .inputs_json = "{}",
                              .result = "token",
                              .n_perspectives = 1,
                              .perspectives = {{.name = "owner", .verdict = VERDICT_TRUSTED}}};
    (void)snprintf(r->attestation, sizeof r->attestation, "a-%u-%u", n, i);
    r->perspectives[0].verdict = i % 3 == 0 ? VERDICT_UNTRUSTED : VERDICT_WARNING;
    store_device_clear(&d);
    if (s == STATUS_OK)
        s = writer_put(c->writer, r, NULL, &result);
    return s == STATUS_OK ? result : s;
}

static void *
attest(void *argument)
{
    struct thread *t = argument;
    struct store_round r;
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (attest_once(t->common, t->n, i, &r) != STATUS_OK)
            atomic_fetch_add(&t->common->n_failed, 1);
    }
    return NULL;
}

static enum status
read_much(struct store *s, unsigned n)
{
    struct store_device_list devices = {0};
    struct store_attestation a = {0};
    struct buffer ima = {0};
    struct store_device_filter f = {.limit = 3};
    enum status status = store_list_devices(s, &f, &devices);
    if (status == STATUS_OK && devices.items[n % 3].boot != 0)
        status = store_get_ima(s, devices.items[n % 3].boot, &ima);
    store_device_list_clear(&devices);
    buffer_free(&ima);
    if (status == STATUS_OK)
        status = store_get_latest(s, contract_device(n % WORKERS), &a);
    store_attestation_clear(&a);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void *
read_on(void *argument)
{
    struct thread *t = argument;
    while (!atomic_load(&t->common->over)) {
        struct store_refusal_list l = {0};
        store_note_attempt(t->common->store, NULL, "192.0.2.1", "quote.signature", NOW_S);
        if (read_much(t->common->store, t->n) != STATUS_OK ||
            store_list_refusals(t->common->store, "", 5, &l) != STATUS_OK)
            atomic_fetch_add(&t->common->n_failed, 1);
        store_refusal_list_clear(&l);
    }
    return NULL;
}

static void
begin(struct thread *threads, unsigned n, struct common *c, void *(*run)(void *))
{
    for (unsigned i = 0; i < n; i++) {
        threads[i] = (struct thread){.common = c, .n = i};
        assert_int_equal(0, pthread_create(&threads[i].id, NULL, run, &threads[i]));
    }
}

static void
end(struct thread *threads, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(0, pthread_join(threads[i].id, NULL));
}

static void
serves_readers_while_rounds_are_committed(void **state)
{
    struct thread workers[WORKERS], readers[READERS];
    struct common c = {.store = contract_store(state)};
    uint64_t broken = 9, last = 0;
    size_t n_numbered = 0;
    for (unsigned n = 0; n < WORKERS; n++)
        contract_enroll(c.store, n);
    assert_status(STATUS_OK, writer_new(c.store, NULL, &c.writer));
    begin(readers, READERS, &c, read_on);
    begin(workers, WORKERS, &c, attest);
    for (unsigned i = 0; i < 5; i++)
        assert_status(STATUS_OK, store_sequence_events(c.store, &n_numbered));
    end(workers, WORKERS);
    atomic_store(&c.over, true);
    end(readers, READERS);
    assert_true(writer_free(c.writer));
    assert_int_equal(0, atomic_load(&c.n_failed));
    assert_status(STATUS_OK, store_check_audit(c.store, &broken, &last));
    assert_int_equal(0, broken);
    assert_int_equal(WORKERS * (ROUNDS + 1), last);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(serves_readers_while_rounds_are_committed, contract_open,
                                        contract_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
