/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/binding.h"
#include "evidence/dcbor.h"
#include "evidence/evidence.h"
#include "tests/lib/test.h"

#include <string.h>

#define DEVICE "000102030405060708090a0b0c0d0e0f"
#define ORIGIN "https://verifier.example"

static const uint8_t exporter[BINDING_EXPORTER_SIZE] = {1};

static struct binding
good(void)
{
    return (struct binding){
        .challenge = bytes_of_text("challenge"),
        .device_id = DEVICE,
        .ak_name = bytes_of("\x00\x0b\x01", 3),
        .origin = ORIGIN,
        .exporter = bytes_of(exporter, sizeof exporter),
        .manifest = bytes_of("\xa0", 1),
    };
}

static void
extra_data(const struct binding *b, uint8_t out[static DIGEST_SHA256_SIZE])
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    assert_status(STATUS_OK, hasher_new(&h));
    assert_status(STATUS_OK, binding_extra_data(h, b, out));
}

/* claims of 5 bytes, boot log of 300. */
static struct manifest
good_manifest(void)
{
    struct manifest m = {
        .entries = {[MANIFEST_CLAIMS] = {.present = true, .size = 5},
                    [MANIFEST_BOOT_LOG] = {.present = true, .size = 300}},
    };
    memset(m.entries[MANIFEST_CLAIMS].sha256, 0xc1, DIGEST_SHA256_SIZE);
    memset(m.entries[MANIFEST_BOOT_LOG].sha256, 0xb0, DIGEST_SHA256_SIZE);
    return m;
}

static enum status
changed_status(const char *old_hex, const char *new_hex)
{
    CLEANUP(buffer_free) struct buffer whole = {0};
    CLEANUP(buffer_free) struct buffer changed = {0};
    struct manifest m = good_manifest();
    assert_status(STATUS_OK, manifest_encode(&m, &whole));
    test_change(buffer_bytes(&whole), old_hex, new_hex, &changed);
    enum status s = manifest_parse(buffer_bytes(&changed), &m, NULL);
    assert_int_equal(s == STATUS_OK, m.entries[MANIFEST_CLAIMS].present);
    return s;
}

static void
hashes_seven_items_in_order(void **state)
{
    (void)state;
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer hex = {0};
    assert_status(STATUS_OK, hasher_new(&h));
    uint8_t manifest[DIGEST_SHA256_SIZE];
    assert_status(STATUS_OK, digest_sha256(h, bytes_of("\xa0", 1), manifest));
    buffer_append_text(&text, "\x87\x6f" BINDING_LABEL "\x49"
                              "challenge"
                              "\x78\x20" DEVICE "\x43");
    buffer_append(&text, bytes_of("\x00\x0b\x01\x78\x18", 5));
    buffer_append_text(&text, ORIGIN "\x58\x20");
    buffer_append(&text, bytes_of(exporter, sizeof exporter));
    buffer_append_text(&text, "\x58\x20");
    buffer_append(&text, bytes_of(manifest, sizeof manifest));
    uint8_t expected[DIGEST_SHA256_SIZE];
    assert_status(STATUS_OK, digest_sha256(h, buffer_bytes(&text), expected));
    text_append_hex(&hex, bytes_of(expected, sizeof expected));
    struct binding b = good();
    uint8_t out[DIGEST_SHA256_SIZE];
    assert_status(STATUS_OK, binding_extra_data(h, &b, out));
    assert_hex(buffer_text(&hex), bytes_of(out, sizeof out));
}

static void
changes_with_every_input(void **state)
{
    (void)state;
    static const uint8_t other_exporter[BINDING_EXPORTER_SIZE] = {2};
    struct binding rows[8];
    for (size_t i = 0; i < 8; i++)
        rows[i] = good();
    rows[1].challenge = bytes_of_text("challengf");
    rows[2].device_id = "000102030405060708090a0b0c0d0e10";
    rows[3].ak_name = bytes_of("\x00\x0b\x02", 3);
    rows[4].origin = "https://verifier.example:8443";
    rows[5].exporter = bytes_of(other_exporter, sizeof other_exporter);
    rows[6].exporter = (struct bytes){0};
    rows[7].manifest = bytes_of("\xa1", 1);
    uint8_t out[8][DIGEST_SHA256_SIZE];
    for (size_t a = 0; a < 8; a++) {
        extra_data(&rows[a], out[a]);
        for (size_t b = 0; b < a; b++)
            assert_memory_not_equal(out[a], out[b], DIGEST_SHA256_SIZE);
    }
}

static void
tells_no_exporter_from_one_of_zeros(void **state)
{
    (void)state;
    static const uint8_t zeros[BINDING_EXPORTER_SIZE];
    struct binding none = good();
    struct binding zero = good();
    none.exporter = (struct bytes){0};
    zero.exporter = bytes_of(zeros, sizeof zeros);
    uint8_t a[DIGEST_SHA256_SIZE];
    uint8_t b[DIGEST_SHA256_SIZE];
    extra_data(&none, a);
    extra_data(&zero, b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void
refuses_an_exporter_of_another_size(void **state)
{
    (void)state;
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    assert_status(STATUS_OK, hasher_new(&h));
    struct binding b = good();
    b.exporter.size = 31;
    uint8_t out[DIGEST_SHA256_SIZE];
    assert_status(STATUS_INVALID, binding_extra_data(h, &b, out));
}

static void
writes_and_reads_a_manifest(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    struct manifest m = good_manifest();
    assert_status(STATUS_OK, manifest_encode(&m, &out));
    assert_int_equal(0xa2, out.data[0]);
    struct manifest back;
    assert_status(STATUS_OK, manifest_parse(buffer_bytes(&out), &back, NULL));
    for (size_t i = 0; i < MANIFEST_COUNT; i++) {
        assert_int_equal(m.entries[i].present, back.entries[i].present);
        assert_true(back.entries[i].size == m.entries[i].size);
        assert_memory_equal(m.entries[i].sha256, back.entries[i].sha256, DIGEST_SHA256_SIZE);
    }
}

/* By the length of the names, then their bytes: an announcement stands last. */
static void
puts_an_announcement_last(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    struct manifest m = good_manifest();
    struct manifest back;
    m.entries[MANIFEST_ANNOUNCEMENT] = (struct manifest_entry){.present = true, .size = 7};
    assert_status(STATUS_OK, manifest_encode(&m, &out));
    assert_int_equal(0xa3, out.data[0]);
    assert_status(STATUS_OK, manifest_parse(buffer_bytes(&out), &back, NULL));
    assert_true(back.entries[MANIFEST_ANNOUNCEMENT].present);
    assert_int_equal(7, back.entries[MANIFEST_ANNOUNCEMENT].size);
    m.entries[MANIFEST_ANNOUNCEMENT].size = LIMIT_ANNOUNCEMENT + 1;
    buffer_reset(&out);
    assert_status(STATUS_OK, manifest_encode(&m, &out));
    assert_status(STATUS_LIMIT, manifest_parse(buffer_bytes(&out), &back, NULL));
}

static void
writes_only_what_is_present(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    struct manifest m = {0};
    assert_status(STATUS_OK, manifest_encode(&m, &out));
    assert_hex("a0", buffer_bytes(&out));
    assert_status(STATUS_OK, manifest_parse(buffer_bytes(&out), &m, NULL));
    assert_false(m.entries[MANIFEST_CLAIMS].present);

    buffer_reset(&out);
    m = good_manifest();
    m.entries[MANIFEST_CLAIMS].present = false;
    assert_status(STATUS_OK, manifest_encode(&m, &out));
    struct manifest back;
    assert_status(STATUS_OK, manifest_parse(buffer_bytes(&out), &back, NULL));
    assert_false(back.entries[MANIFEST_CLAIMS].present);
    assert_true(back.entries[MANIFEST_BOOT_LOG].present);
}

static void
refuses_a_manifest_with_one_thing_changed(void **state)
{
    (void)state;
    static const struct {
        const char *old_hex;
        const char *new_hex;
        enum status status;
    } rows[] = {
        {"a2", "a2", STATUS_OK},
        {"a2", "a1", STATUS_MALFORMED}, /* an entry too many */
        {"a2", "a3", STATUS_MALFORMED},
        {"a2", "84", STATUS_MALFORMED},                         /* an array */
        {"66636c61696d73", "66636c61696d74", STATUS_MALFORMED}, /* another member */
        {"66636c61696d73", "657175657465", STATUS_MALFORMED},
        {"68626f6f742d6c6f67", "66636c61696d73", STATUS_MALFORMED}, /* claims twice */
        {"6a736f6e", "6a736f6f", STATUS_MALFORMED},                 /* another media type */
        {"83", "82", STATUS_MALFORMED},
        {"83", "84", STATUS_MALFORMED},
        {"0558", "2458", STATUS_MALFORMED},   /* size -5 */
        {"0558", "180558", STATUS_MALFORMED}, /* not the shortest form */
        {"0558", "1a0001000058", STATUS_OK},  /* 64 KiB of claims */
        {"0558", "1a0001000158", STATUS_LIMIT},
        {"0558", "1bffffffffffffffff58", STATUS_LIMIT},
        {"19012c", "1a00400000", STATUS_OK}, /* 4 MiB of boot log */
        {"19012c", "1a00400001", STATUS_LIMIT},
        {"055820c1", "05581f", STATUS_MALFORMED},     /* 31 bytes of digest */
        {"055820c1", "055821c1c1", STATUS_MALFORMED}, /* 33 */
        {"055820", "057820", STATUS_MALFORMED},       /* as text */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_status(rows[i].status, changed_status(rows[i].old_hex, rows[i].new_hex));
}

static void
refuses_entries_out_of_order(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    static const enum evidence_member order[] = {EVIDENCE_BOOT_LOG, EVIDENCE_CLAIMS};
    static const uint8_t sha256[DIGEST_SHA256_SIZE];
    dcbor_put_map(&in, 2);
    for (size_t i = 0; i < 2; i++) {
        dcbor_put_text(&in, evidence_member_name(order[i]));
        dcbor_put_array(&in, 3);
        dcbor_put_text(&in, evidence_member_type(order[i]));
        dcbor_put_uint(&in, 1);
        dcbor_put_bytes(&in, bytes_of(sha256, sizeof sha256));
    }
    struct manifest m;
    struct diag diag = {0};
    assert_status(STATUS_MALFORMED, manifest_parse(buffer_bytes(&in), &m, &diag));
    assert_non_null(diag.clause);
}

static void
refuses_every_prefix_of_a_manifest(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer whole = {0};
    struct manifest m = good_manifest();
    assert_status(STATUS_OK, manifest_encode(&m, &whole));
    for (size_t size = 0; size < whole.size; size++)
        assert_status(STATUS_MALFORMED, manifest_parse(bytes_of(whole.data, size), &m, NULL));
    buffer_append_u8(&whole, 0);
    assert_status(STATUS_MALFORMED, manifest_parse(buffer_bytes(&whole), &m, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_seven_items_in_order),
        cmocka_unit_test(changes_with_every_input),
        cmocka_unit_test(tells_no_exporter_from_one_of_zeros),
        cmocka_unit_test(refuses_an_exporter_of_another_size),
        cmocka_unit_test(writes_and_reads_a_manifest),
        cmocka_unit_test(puts_an_announcement_last),
        cmocka_unit_test(writes_only_what_is_present),
        cmocka_unit_test(refuses_a_manifest_with_one_thing_changed),
        cmocka_unit_test(refuses_entries_out_of_order),
        cmocka_unit_test(refuses_every_prefix_of_a_manifest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
