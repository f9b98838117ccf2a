/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite only: what is always being read does not let the write-ahead log grow without end. */
#include "tests/contract/contract.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#define ROUNDS   400u
#define EVIDENCE (256u * 1024u)
#define WAL_MAX  (40u * 1000u * 1000u)

struct common {
    struct store *store;
    atomic_bool over;
    atomic_uint n_failed;
};

static void *
read_on(void *argument)
{
    struct common *c = argument;
    uint64_t broken = 0, last = 0;
    while (!atomic_load(&c->over)) {
        if (store_check_audit(c->store, &broken, &last) != STATUS_OK || broken != 0)
            atomic_fetch_add(&c->n_failed, 1);
    }
    return NULL;
}

static int64_t
wal_size(void **state)
{
    char path[128];
    struct stat st = {0};
    (void)snprintf(path, sizeof path, "%s-wal", ((struct contract *)*state)->location);
    assert_int_equal(0, stat(path, &st));
    return st.st_size;
}

static void
starts_the_wal_over_though_somebody_always_reads(void **state)
{
    static uint8_t evidence[EVIDENCE];
    struct common c = {.store = contract_store(state)};
    pthread_t readers[3];
    contract_enroll(c.store, 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(0, pthread_create(&readers[i], NULL, read_on, &c));
    for (unsigned i = 0; i < ROUNDS; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "a%u", i);
        struct store_round r = contract_round(c.store, 1, id);
        r.evidence = bytes_of(evidence, sizeof evidence);
        assert_status(STATUS_OK, contract_put(c.store, &r));
        assert_true(wal_size(state) < WAL_MAX);
    }
    atomic_store(&c.over, true);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(0, pthread_join(readers[i], NULL));
    assert_int_equal(0, atomic_load(&c.n_failed));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(starts_the_wal_over_though_somebody_always_reads,
                                        contract_open, contract_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
