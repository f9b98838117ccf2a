/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "daemon/ticket.h"
#include "tests/lib/test.h"

#include <string.h>

static const uint8_t key_bytes[32] = {1, 2, 3};
static const uint8_t other_bytes[32] = {1, 2, 4};
static const uint8_t digests[2 * DIGEST_SHA256_SIZE] = {7};
static const uint8_t token[DIGEST_SHA256_SIZE] = {9};
static const uint8_t filler[TICKET_MAX] = {0x30};

#define KEY   bytes_of(key_bytes, sizeof key_bytes)
#define OTHER bytes_of(other_bytes, sizeof other_bytes)

static struct ticket
make(size_t certificate_size)
{
    struct ticket t = {
        .expires_s = 1893456060,
        .spki = bytes_of_text("spki"),
        .eks = bytes_of(digests, sizeof digests),
        .ak_public = bytes_of_text("ak"),
        .certificate = bytes_of(filler, certificate_size),
        .join_token = bytes_of(token, sizeof token),
        .tpm_json = bytes_of_text("{}"),
        .genuine = GENUINE_SOFTWARE,
    };
    memset(t.secret, 5, sizeof t.secret);
    return t;
}

static void
gives_back_what_was_sealed(void **state)
{
    (void)state;
    struct ticket t = make(1000);
    struct ticket opened;
    CLEANUP(buffer_free) struct buffer sealed = {0};
    CLEANUP(buffer_free) struct buffer plain = {0};
    assert_status(STATUS_OK, ticket_seal(KEY, &t, &sealed));
    assert_status(STATUS_OK, ticket_open(KEY, buffer_bytes(&sealed), &plain, &opened));
    assert_int_equal(opened.expires_s, t.expires_s);
    assert_memory_equal(opened.secret, t.secret, sizeof t.secret);
    assert_true(bytes_equal(opened.spki, t.spki));
    assert_true(bytes_equal(opened.eks, t.eks));
    assert_true(bytes_equal(opened.ak_public, t.ak_public));
    assert_true(bytes_equal(opened.certificate, t.certificate));
    assert_true(bytes_equal(opened.join_token, t.join_token));
    assert_true(bytes_equal(opened.tpm_json, t.tpm_json));
    assert_int_equal(opened.genuine, t.genuine);
}

static void
shows_nothing_and_is_never_the_same(void **state)
{
    (void)state;
    struct ticket t = make(0);
    CLEANUP(buffer_free) struct buffer first = {0};
    CLEANUP(buffer_free) struct buffer second = {0};
    assert_status(STATUS_OK, ticket_seal(KEY, &t, &first));
    assert_status(STATUS_OK, ticket_seal(KEY, &t, &second));
    assert_false(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    assert_null(memmem(first.data, first.size, t.secret, sizeof t.secret));
}

static void
leaves_out_a_certificate_without_room(void **state)
{
    (void)state;
    struct ticket t = make(TICKET_MAX - 100);
    struct ticket opened;
    CLEANUP(buffer_free) struct buffer sealed = {0};
    CLEANUP(buffer_free) struct buffer plain = {0};
    assert_status(STATUS_OK, ticket_seal(KEY, &t, &sealed));
    assert_status(STATUS_OK, ticket_open(KEY, buffer_bytes(&sealed), &plain, &opened));
    assert_int_equal(opened.certificate.size, 0);
    t.ak_public = bytes_of(filler, sizeof filler);
    assert_status(STATUS_LIMIT, ticket_seal(KEY, &t, &sealed));
}

static void
refuses_every_change_prefix_and_other_key(void **state)
{
    (void)state;
    struct ticket t = make(0);
    struct ticket opened;
    CLEANUP(buffer_free) struct buffer sealed = {0};
    CLEANUP(buffer_free) struct buffer plain = {0};
    assert_status(STATUS_OK, ticket_seal(KEY, &t, &sealed));
    struct bytes whole = buffer_bytes(&sealed);
    assert_status(STATUS_DENIED, ticket_open(OTHER, whole, &plain, &opened));
    for (size_t i = 0; i < whole.size; i++) {
        sealed.data[i] ^= 0x80;
        assert_status(STATUS_DENIED, ticket_open(KEY, whole, &plain, &opened));
        assert_int_equal(opened.spki.size, 0);
        sealed.data[i] ^= 0x80;
        assert_status(STATUS_DENIED, ticket_open(KEY, bytes_of(whole.data, i), &plain, &opened));
    }
    assert_status(STATUS_DENIED, ticket_open(KEY, bytes_of(filler, TICKET_MAX), &plain, &opened));
}

/* Threat 34: a size is looked at before anything is decrypted. */
static void
threat_34_opens_nothing_above_its_size(void **state)
{
    (void)state;
    struct ticket opened;
    CLEANUP(buffer_free) struct buffer large = {0};
    CLEANUP(buffer_free) struct buffer plain = {0};
    while (large.size <= TICKET_MAX)
        buffer_append(&large, bytes_of(filler, sizeof filler));
    assert_status(STATUS_DENIED, ticket_open(KEY, buffer_bytes(&large), &plain, &opened));
    assert_int_equal(0, plain.cap);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_was_sealed),
        cmocka_unit_test(shows_nothing_and_is_never_the_same),
        cmocka_unit_test(leaves_out_a_certificate_without_room),
        cmocka_unit_test(threat_34_opens_nothing_above_its_size),
        cmocka_unit_test(refuses_every_change_prefix_and_other_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
