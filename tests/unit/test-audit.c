/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit.h"
#include "tests/lib/test.h"

#include <string.h>

static struct hasher *h;
static uint8_t previous[DIGEST_SHA256_SIZE];

static int
open_hasher(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof previous; i++)
        previous[i] = (uint8_t)i;
    return hasher_new(&h) == STATUS_OK ? 0 : 1;
}

static int
close_hasher(void **state)
{
    (void)state;
    hasher_free(h);
    return 0;
}

static struct audit_entry
entry(void)
{
    return (struct audit_entry){.node = "node-1",
                                .seq = 7,
                                .time_s = 1900000000,
                                .actor = "token:op",
                                .verb = "device.change",
                                .object = "e001",
                                .detail = "{\"state\":\"revoked\"}",
                                .previous = previous};
}

/* Computed by another implementation of deterministic CBOR. */
static void
hashes_the_published_encoding(void **state)
{
    (void)state;
    uint8_t hash[DIGEST_SHA256_SIZE];
    struct audit_entry e = entry();
    assert_status(STATUS_OK, audit_hash(h, &e, hash));
    assert_hex("ae6654aae8be45fac4bc9898a90312abc367eb826aaa81a576dad8fb0be21216",
               bytes_of(hash, sizeof hash));
}

static void
hashes_every_field(void **state)
{
    (void)state;
    static const uint8_t zeros[DIGEST_SHA256_SIZE];
    struct audit_entry changed[8];
    uint8_t hash[DIGEST_SHA256_SIZE], other[DIGEST_SHA256_SIZE];
    struct audit_entry e = entry();
    for (size_t i = 0; i < 8; i++)
        changed[i] = entry();
    changed[0].node = "node-2";
    changed[1].seq = 8;
    changed[2].time_s++;
    changed[3].actor = "token:o";
    changed[4].verb = "pdevice.change"; /* not what a plain joining of the texts would see */
    changed[5].object = "e0010";
    changed[6].detail = "{}";
    changed[7].previous = zeros;
    assert_status(STATUS_OK, audit_hash(h, &e, hash));
    for (size_t i = 0; i < 8; i++) {
        assert_status(STATUS_OK, audit_hash(h, &changed[i], other));
        assert_memory_not_equal(hash, other, sizeof hash);
    }
}

static void
refuses_an_entry_with_a_part_missing(void **state)
{
    (void)state;
    uint8_t hash[DIGEST_SHA256_SIZE];
    struct audit_entry e = entry();
    e.detail = NULL;
    assert_status(STATUS_INVALID, audit_hash(h, &e, hash));
    e = entry();
    e.time_s = -1;
    assert_status(STATUS_INVALID, audit_hash(h, &e, hash));
}

static void
accepts_only_the_entry_that_follows(void **state)
{
    (void)state;
    uint8_t hash[DIGEST_SHA256_SIZE], last[DIGEST_SHA256_SIZE];
    struct audit_entry e = entry();
    memcpy(last, previous, sizeof last);
    assert_status(STATUS_OK, audit_hash(h, &e, hash));
    assert_status(STATUS_OK, audit_check(h, &e, hash, 6, last));
    assert_status(STATUS_CONFLICT, audit_check(h, &e, hash, 5, last));
    assert_status(STATUS_CONFLICT, audit_check(h, &e, hash, 7, last));
    last[31] ^= 1;
    assert_status(STATUS_CONFLICT, audit_check(h, &e, hash, 6, last));
    last[31] ^= 1;
    hash[0] ^= 1;
    assert_status(STATUS_CONFLICT, audit_check(h, &e, hash, 6, last));
    hash[0] ^= 1;
    e.object = NULL;
    assert_status(STATUS_CONFLICT, audit_check(h, &e, hash, 6, last));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_the_published_encoding),
        cmocka_unit_test(hashes_every_field),
        cmocka_unit_test(refuses_an_entry_with_a_part_missing),
        cmocka_unit_test(accepts_only_the_entry_that_follows),
    };
    return cmocka_run_group_tests(tests, open_hasher, close_hasher);
}
