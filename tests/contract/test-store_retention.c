/* SPDX-License-Identifier: Apache-2.0 */
/* What may be let go of: many small segments, and the evidence of boots that ended. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/contract/contract.h"

#include <stdio.h>
#include <string.h>

#define DAY_S    86400
#define BOOT_LOG "one boot log for all"

static void
hash(struct bytes in, uint8_t out[static DIGEST_SHA256_SIZE])
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    assert_status(STATUS_OK, hasher_new(&h));
    assert_status(STATUS_OK, digest_sha256(h, in, out));
}

/* A round of the device's boot with entries of its own; boot: 0 begins one. */
static uint64_t
put(struct store *s, unsigned device, const char *name, uint64_t boot, int64_t time_s)
{
    struct store_device d = {0};
    struct store_round r = contract_round(s, device, name);
    r.ak_serial = 1;
    r.time_s = time_s;
    r.new_boot = boot == 0;
    r.boot = boot;
    r.ima_segment = bytes_of_text(name);
    r.userspace_log = bytes_of_text(name);
    r.boot_log_present = true;
    r.boot_log = bytes_of_text(BOOT_LOG);
    hash(r.boot_log, r.boot_log_sha256);
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_device(s, contract_device(device), &d));
    uint64_t now = d.boot;
    store_device_clear(&d);
    return now;
}

static unsigned
drop_all(struct store *s, const struct store_retention *rule)
{
    unsigned n = 0;
    bool more = true;
    while (more) {
        assert_status(STATUS_OK, store_drop_evidence(s, rule, &more));
        n += more;
        assert_true(n < 100);
    }
    return n;
}

static enum status
kept(struct store *s, const char *name)
{
    CLEANUP(store_kept_clear) struct store_kept k = {0};
    return store_get_kept(s, name, &k);
}

/* The result and what it says are there, its evidence is not. */
static void
assert_dropped(struct store *s, const char *name)
{
    CLEANUP(store_attestation_clear) struct store_attestation a = {0};
    CLEANUP(buffer_free) struct buffer evidence = {0};
    assert_status(STATUS_UNSUPPORTED, kept(s, name));
    assert_status(STATUS_NOT_FOUND, store_get_evidence(s, name, &evidence));
    assert_status(STATUS_OK, store_get_attestation(s, name, &a));
    assert_string_equal(name, a.id);
    assert_non_null(a.result);
    assert_non_null(a.appraisal_json);
    assert_non_null(a.inputs_json);
}

/* ---- joining ---- */

static void
joins_the_small_segments_of_a_boot(void **state)
{
    struct store *s = contract_store(state);
    CLEANUP(buffer_free) struct buffer whole = {0};
    CLEANUP(buffer_free) struct buffer found = {0};
    char name[16];
    bool more = false;
    contract_enroll(s, 1);
    uint64_t boot = 0;
    for (unsigned i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "a%u", i);
        boot = put(s, 1, name, boot, NOW_S);
        buffer_append_text(&whole, name);
        assert_status(STATUS_OK, store_join_segments(s, &more));
        assert_int_equal(i == 15 || i == 31, more);
        buffer_reset(&found);
        assert_status(STATUS_OK, store_get_ima(s, boot, &found));
        assert_true(bytes_equal(buffer_bytes(&whole), buffer_bytes(&found)));
    }
    /* A round in the middle of what was joined still has its list. */
    CLEANUP(store_kept_clear) struct store_kept k = {0};
    assert_status(STATUS_OK, store_get_kept(s, "a7", &k));
    assert_true(bytes_equal(bytes_of("a0a1a2a3a4a5a6a7", 16), buffer_bytes(&k.ima)));
}

static void
leaves_a_segment_that_another_boot_names(void **state)
{
    struct store *s = contract_store(state);
    CLEANUP(buffer_free) struct buffer found = {0};
    char name[16];
    bool more = false;
    contract_enroll(s, 1);
    contract_enroll(s, 2);
    uint64_t boot = 0;
    for (unsigned i = 0; i < 16; i++) {
        (void)snprintf(name, sizeof name, "a%u", i);
        boot = put(s, 1, name, boot, NOW_S);
    }
    struct store_round r = contract_round(s, 2, "other");
    r.ima_segment = bytes_of_text("a5");
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_join_segments(s, &more));
    assert_true(more);
    struct store_device d = {0};
    assert_status(STATUS_OK, store_get_device(s, contract_device(2), &d));
    assert_status(STATUS_OK, store_get_ima(s, d.boot, &found));
    assert_true(bytes_equal(bytes_of("a5", 2), buffer_bytes(&found)));
    store_device_clear(&d);
    /* One that was emptied comes back with whoever sends it. */
    r = contract_round(s, 2, "another");
    r.ima_segment = bytes_of_text("a6");
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_device(s, contract_device(2), &d));
    assert_status(STATUS_OK, store_get_ima(s, d.boot, &found));
    assert_true(bytes_equal(bytes_of("a6", 2), buffer_bytes(&found)));
    store_device_clear(&d);
}

static void
leaves_large_segments_alone(void **state)
{
    struct store *s = contract_store(state);
    CLEANUP(buffer_free) struct buffer large = {0};
    CLEANUP(buffer_free) struct buffer found = {0};
    char name[16];
    bool more = false;
    contract_enroll(s, 1);
    uint64_t boot = 0;
    for (unsigned i = 0; i < 16; i++) {
        struct store_device d = {0};
        (void)snprintf(name, sizeof name, "a%u", i);
        struct store_round r = contract_round(s, 1, name);
        r.new_boot = boot == 0;
        r.boot = boot;
        buffer_reset(&large);
        for (unsigned k = 0; k < 100000; k++)
            buffer_append_u8(&large, (uint8_t)(k * (i + 1)));
        r.ima_segment = buffer_bytes(&large);
        assert_status(STATUS_OK, contract_put(s, &r));
        assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
        boot = d.boot;
        store_device_clear(&d);
    }
    assert_status(STATUS_OK, store_join_segments(s, &more));
    assert_true(more);
    assert_status(STATUS_OK, store_join_segments(s, &more));
    assert_false(more);
    assert_status(STATUS_OK, store_get_ima(s, boot, &found));
    assert_int_equal(1600000, found.size);
}

/* ---- dropping ---- */

static void
drops_what_ended_before_the_age_and_nothing_else(void **state)
{
    struct store *s = contract_store(state);
    const struct store_retention rule = {.now_s = NOW_S + 40 * DAY_S, .age_s = 30 * DAY_S};
    contract_enroll(s, 1);
    contract_enroll(s, 2);
    uint64_t first = put(s, 1, "a1", 0, NOW_S);
    (void)put(s, 1, "a2", first, NOW_S + 5 * DAY_S);
    (void)put(s, 1, "b1", 0, NOW_S + 6 * DAY_S);  /* ends the first */
    (void)put(s, 1, "c1", 0, NOW_S + 20 * DAY_S); /* ends the second, too late */
    (void)put(s, 2, "x1", 0, NOW_S);              /* has not ended */
    assert_int_equal(1, drop_all(s, &rule));
    assert_dropped(s, "a1");
    assert_dropped(s, "a2");
    assert_status(STATUS_OK, kept(s, "b1"));
    assert_status(STATUS_OK, kept(s, "c1"));
    assert_status(STATUS_OK, kept(s, "x1"));
    assert_int_equal(0, drop_all(s, &rule));
}

static void
drops_all_but_the_newest_boots(void **state)
{
    struct store *s = contract_store(state);
    const struct store_retention rule = {.now_s = NOW_S, .n_boots = 1};
    contract_enroll(s, 1);
    (void)put(s, 1, "a1", 0, NOW_S);
    (void)put(s, 1, "b1", 0, NOW_S);
    assert_int_equal(0, drop_all(s, &rule));
    (void)put(s, 1, "c1", 0, NOW_S);
    assert_int_equal(1, drop_all(s, &rule));
    assert_dropped(s, "a1");
    assert_status(STATUS_OK, kept(s, "b1"));
    assert_status(STATUS_OK, kept(s, "c1"));
}

static void
drops_nothing_without_a_rule(void **state)
{
    struct store *s = contract_store(state);
    const struct store_retention none = {.now_s = NOW_S + 4000 * DAY_S};
    contract_enroll(s, 1);
    (void)put(s, 1, "a1", 0, NOW_S);
    (void)put(s, 1, "b1", 0, NOW_S);
    assert_int_equal(0, drop_all(s, &none));
    assert_status(STATUS_OK, kept(s, "a1"));
}

/* Both boots, and both devices, have one boot log. */
static void
keeps_logs_that_a_kept_boot_names(void **state)
{
    struct store *s = contract_store(state);
    const struct store_retention rule = {.now_s = NOW_S, .n_boots = 1};
    CLEANUP(buffer_free) struct buffer log = {0};
    contract_enroll(s, 1);
    contract_enroll(s, 2);
    uint8_t sha256[DIGEST_SHA256_SIZE];
    hash(bytes_of_text(BOOT_LOG), sha256);
    (void)put(s, 1, "a1", 0, NOW_S);
    (void)put(s, 2, "x1", 0, NOW_S);
    (void)put(s, 1, "b1", 0, NOW_S);
    (void)put(s, 1, "c1", 0, NOW_S);
    assert_int_equal(1, drop_all(s, &rule));
    assert_status(STATUS_OK, store_get_log(s, contract_device(1), sha256, &log));
    assert_true(bytes_equal(bytes_of_text(BOOT_LOG), buffer_bytes(&log)));
    assert_status(STATUS_OK, kept(s, "b1"));
    assert_status(STATUS_OK, kept(s, "x1"));
}

/* What it sent in a dropped boot it has to send again. */
static void
forgets_that_a_dropped_log_was_held(void **state)
{
    struct store *s = contract_store(state);
    const struct store_retention rule = {.now_s = NOW_S, .n_boots = 1};
    CLEANUP(buffer_free) struct buffer log = {0};
    uint8_t sha256[DIGEST_SHA256_SIZE];
    hash(bytes_of_text("a1"), sha256);
    contract_enroll(s, 1);
    (void)put(s, 1, "a1", 0, NOW_S);
    assert_status(STATUS_OK, store_get_log(s, contract_device(1), sha256, &log));
    (void)put(s, 1, "b1", 0, NOW_S);
    (void)put(s, 1, "c1", 0, NOW_S);
    assert_int_equal(1, drop_all(s, &rule));
    assert_status(STATUS_NOT_FOUND, store_get_log(s, contract_device(1), sha256, &log));
}

static void
drops_a_long_boot_step_by_step(void **state)
{
    struct store *s = contract_store(state);
    const struct store_retention rule = {.now_s = NOW_S, .n_boots = 1};
    char name[16];
    bool more = false;
    contract_enroll(s, 1);
    uint64_t boot = 0;
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof name, "a%u", i);
        boot = put(s, 1, name, boot, NOW_S);
    }
    (void)put(s, 1, "b1", 0, NOW_S);
    (void)put(s, 1, "c1", 0, NOW_S);
    assert_status(STATUS_OK, store_drop_evidence(s, &rule, &more));
    assert_true(more);
    assert_dropped(s, "a0");
    assert_status(STATUS_OK, kept(s, "a299"));
    assert_int_equal(1, drop_all(s, &rule));
    assert_dropped(s, "a299");
    assert_status(STATUS_OK, kept(s, "b1"));
}

#define CONTRACT(test) cmocka_unit_test_setup_teardown(test, contract_open, contract_close)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT(joins_the_small_segments_of_a_boot),
        CONTRACT(leaves_a_segment_that_another_boot_names),
        CONTRACT(leaves_large_segments_alone),
        CONTRACT(drops_what_ended_before_the_age_and_nothing_else),
        CONTRACT(drops_all_but_the_newest_boots),
        CONTRACT(drops_nothing_without_a_rule),
        CONTRACT(keeps_logs_that_a_kept_boot_names),
        CONTRACT(forgets_that_a_dropped_log_was_held),
        CONTRACT(drops_a_long_boot_step_by_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
