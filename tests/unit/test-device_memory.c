/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a device is what the store has of it, and is used by nobody once the store
 * has something else. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/device_memory.h"
#include "tests/lib/test.h"
#include "tests/lib/verifier_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct device_remembered
of_id(unsigned n)
{
    struct device_remembered r = {.device = {.version = n}};
    (void)snprintf(r.device.id, sizeof r.device.id, "%032x", n);
    r.device.name = strdup("gateway");
    return r;
}

static void
put(struct device_memory *m, unsigned n)
{
    static struct device_remembered r; /* large: inlined often it would not fit a stack */
    r = of_id(n);
    device_memory_put(m, &r);
    assert_null(r.device.name);
}

/* Its version; 0: not remembered. */
static uint64_t
take(struct device_memory *m, unsigned n)
{
    static struct device_remembered r, wanted;
    wanted = of_id(n);
    bool taken = device_memory_take(m, wanted.device.id, &r);
    uint64_t version = taken ? r.device.version : 0;
    if (taken)
        device_remembered_clear(&r);
    device_remembered_clear(&wanted);
    return version;
}

static void
gives_a_device_to_one(void **state)
{
    (void)state;
    struct device_memory *m = NULL;
    assert_status(STATUS_OK, device_memory_new(0, &m));
    put(m, 7);
    put(m, 8);
    put(m, 8);
    assert_int_equal(2, device_memory_count(m));
    assert_int_equal(7, take(m, 7));
    assert_int_equal(0, take(m, 7));
    assert_int_equal(8, take(m, 8));
    assert_int_equal(0, take(NULL, 8));
    put(m, 9);
    device_memory_free(m);
}

static void
stays_within_its_size_and_forgets_the_oldest(void **state)
{
    (void)state;
    struct device_memory *m = NULL;
    assert_status(STATUS_OK, device_memory_new(8, &m));
    for (unsigned n = 1; n <= 100; n++)
        put(m, n);
    assert_int_equal(8, device_memory_count(m));
    assert_int_equal(0, take(m, 92));
    assert_int_equal(93, take(m, 93));
    assert_int_equal(100, take(m, 100));
    device_memory_free(m);
}

/* ---- what a round leaves ---- */

static void
attest(struct verifier_case *c, enum reason_code expected)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    assert_int_equal(expected, a.attempt);
}

static void
assert_same_device(const struct store_device *stored, const struct store_device *kept)
{
    assert_string_equal(stored->id, kept->id);
    assert_memory_equal(stored->ueid, kept->ueid, sizeof stored->ueid);
    assert_int_equal(stored->version, kept->version);
    assert_int_equal(stored->n_labels, kept->n_labels);
    for (size_t i = 0; i < stored->n_labels; i++) {
        assert_string_equal(stored->labels[i].key, kept->labels[i].key);
        assert_string_equal(stored->labels[i].value, kept->labels[i].value);
    }
    assert_int_equal(stored->state, kept->state);
    assert_int_equal(stored->genuine, kept->genuine);
    assert_int_equal(stored->member_by, kept->member_by);
    assert_true(bytes_equal(buffer_bytes(&stored->ak_public), buffer_bytes(&kept->ak_public)));
    assert_int_equal(stored->ak_serial, kept->ak_serial);
    assert_int_equal(stored->attested_s, kept->attested_s);
    assert_int_equal(stored->enrolled_s, kept->enrolled_s);
    assert_true(text_equal(stored->tpm_json, kept->tpm_json));
    assert_true(text_equal(stored->announcement_json, kept->announcement_json));
    assert_int_equal(stored->spent_ms, kept->spent_ms);
    assert_memory_equal(&stored->counters, &kept->counters, sizeof kept->counters);
    assert_int_equal(stored->boot, kept->boot);
    assert_int_equal(stored->last_good_present, kept->last_good_present);
    assert_memory_equal(&stored->last_good, &kept->last_good, sizeof kept->last_good);
}

static void
assert_same_ak(struct verifier_case *c, const struct device_remembered *r)
{
    CLEANUP(ak_freep) struct ak *ak = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(buffer_free) struct buffer spki = {0};
    uint8_t thumbprint[DIGEST_SHA256_SIZE];
    assert_status(STATUS_OK, ak_parse(c->h, buffer_bytes(&r->device.ak_public), &ak, &reasons));
    assert_true(bytes_equal(ak_name(ak), ak_name(r->ak)));
    assert_status(STATUS_OK, key_spki(ak_key(ak), &spki));
    assert_status(STATUS_OK, digest_sha256(c->h, buffer_bytes(&spki), thumbprint));
    assert_memory_equal(thumbprint, r->ak_thumbprint, sizeof thumbprint);
}

/* Also whatever a later field of struct store_boot will be: a round that moves it must say so here.
 */
static void
remembers_what_the_store_has(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    attest(c, REASON_NONE);
    for (unsigned i = 0; i < 3; i++) {
        attest(c, REASON_NONE);
        struct device_remembered r;
        struct store_device stored = verifier_case_device(c);
        struct store_boot boot;
        assert_true(device_memory_take(c->verifier.devices, stored.id, &r));
        assert_status(STATUS_OK, store_get_boot(c->verifier.store, stored.boot, &boot));
        assert_same_device(&stored, &r.device);
        assert_memory_equal(&boot, &r.boot, sizeof boot);
        assert_same_ak(c, &r);
        device_memory_put(c->verifier.devices, &r);
        store_device_clear(&stored);
    }
}

static void
asks_the_store_when_the_device_has_changed(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    attest(c, REASON_NONE);
    attest(c, REASON_NONE);
    assert_int_equal(1, device_memory_count(c->verifier.devices));
    verifier_case_set_state(c, LIFE_CYCLE_REVOKED);
    attest(c, REASON_DEVICE_NOT_ENROLLED);
    assert_int_equal(2, verifier_case_n_attestations(c));
    verifier_case_set_state(c, LIFE_CYCLE_QUARANTINED);
    attest(c, REASON_NONE);
    verifier_case_set_state(c, LIFE_CYCLE_ENROLLED);
    attest(c, REASON_NONE);
    struct store_device d = verifier_case_device(c);
    assert_int_equal(LIFE_CYCLE_ENROLLED, d.state);
    store_device_clear(&d);
    assert_int_equal(4, verifier_case_n_attestations(c));
}

static void
knows_no_more_of_a_boot_than_the_store(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    attest(c, REASON_NONE);
    assert_int_equal(0, device_memory_count(c->verifier.devices));
    attest(c, REASON_NONE);
    assert_int_equal(1, device_memory_count(c->verifier.devices));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_a_device_to_one),
        cmocka_unit_test(stays_within_its_size_and_forgets_the_oldest),
        VERIFIER_CASE(remembers_what_the_store_has),
        VERIFIER_CASE(asks_the_store_when_the_device_has_changed),
        VERIFIER_CASE(knows_no_more_of_a_boot_than_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
