/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/digest.h"
#include "tests/lib/test.h"

#include <string.h>

static int
make_hasher(void **state)
{
    struct hasher *h = NULL;
    assert_status(STATUS_OK, hasher_new(&h));
    *state = h;
    return 0;
}

static int
free_hasher(void **state)
{
    hasher_free(*state);
    return 0;
}

/* FIPS 180-4, FIPS 202 and GB/T 32905: the digests of "abc". */
static const struct {
    uint16_t alg;
    const char *hex;
} abc[] = {
    {ALG_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {ALG_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {ALG_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                 "8086072ba1e7cc2358baeca134c825a7"},
    {ALG_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                 "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {ALG_SM3_256, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
    {ALG_SHA3_256, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
    {ALG_SHA3_384, "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
                   "98d88cea927ac7f539f1edf228376d25"},
    {ALG_SHA3_512, "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
                   "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0"},
};

static bool
is_optional(uint16_t alg)
{
    return alg != ALG_SHA1 && alg != ALG_SHA256 && alg != ALG_SHA384 && alg != ALG_SHA512;
}

static void
gives_the_published_digests(void **state)
{
    struct digest d;
    for (size_t i = 0; i < sizeof abc / sizeof abc[0]; i++) {
        enum status s = digest_compute(*state, abc[i].alg, bytes_of_text("abc"), &d);
        if (s == STATUS_UNSUPPORTED && is_optional(abc[i].alg))
            continue;
        assert_status(STATUS_OK, s);
        assert_int_equal(abc[i].alg, d.alg);
        assert_hex(abc[i].hex, digest_bytes(&d));
    }
}

static void
gives_the_same_for_the_whole_and_its_parts(void **state)
{
    const struct bytes parts[] = {bytes_of_text("a"), {0}, bytes_of_text("bc")};
    struct digest whole;
    struct digest joined;
    assert_status(STATUS_OK, digest_compute(*state, ALG_SHA256, bytes_of_text("abc"), &whole));
    assert_status(STATUS_OK, digest_compute_parts(*state, ALG_SHA256, parts, 3, &joined));
    assert_true(digest_equal(&whole, &joined));
    uint8_t plain[DIGEST_SHA256_SIZE];
    assert_status(STATUS_OK, digest_sha256(*state, bytes_of_text("abc"), plain));
    assert_true(digest_equal_bytes(&whole, bytes_of(plain, sizeof plain)));
}

static void
hashes_nothing(void **state)
{
    struct digest d;
    assert_status(STATUS_OK, digest_compute(*state, ALG_SHA256, (struct bytes){0}, &d));
    assert_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
               digest_bytes(&d));
}

static void
refuses_an_unknown_algorithm(void **state)
{
    struct digest d;
    memset(&d, 0xff, sizeof d);
    assert_status(STATUS_UNSUPPORTED, digest_compute(*state, ALG_NULL, bytes_of_text("abc"), &d));
    assert_int_equal(0, d.size);
    assert_status(STATUS_UNSUPPORTED, digest_from(ALG_NULL, bytes_of_text("abc"), &d));
    assert_status(STATUS_UNSUPPORTED,
                  digest_hmac(ALG_NULL, bytes_of_text("key"), bytes_of_text("abc"), &d));
    struct digest pcr = digest_reset(ALG_NULL, 0);
    assert_int_equal(0, pcr.size);
    assert_status(STATUS_UNSUPPORTED, digest_extend(*state, &pcr, bytes_of_text("abc")));
}

/* SHA-256 of 32 zeros and the digest of "abc"; SHA-1 likewise, by another implementation. */
static void
extends_a_pcr_by_hashing_old_and_new(void **state)
{
    struct digest pcr = digest_reset(ALG_SHA256, 0);
    struct digest value;
    assert_status(STATUS_OK, digest_compute(*state, ALG_SHA256, bytes_of_text("abc"), &value));
    assert_status(STATUS_OK, digest_extend(*state, &pcr, digest_bytes(&value)));
    assert_hex("589f9ffed4c477966bfb8d41f37895b08c69047df8f911d6f3b57fbe08faee8d",
               digest_bytes(&pcr));
    struct digest pcr1 = digest_reset(ALG_SHA1, 3);
    assert_hex("0000000000000000000000000000000000000003", digest_bytes(&pcr1));
    assert_status(STATUS_OK, digest_compute(*state, ALG_SHA1, bytes_of_text("abc"), &value));
    assert_status(STATUS_OK, digest_extend(*state, &pcr1, digest_bytes(&value)));
    assert_hex("acacc3dc6d7d4e11d6f022098ccf6d8c1929e540", digest_bytes(&pcr1));
}

static void
refuses_to_extend_by_a_value_of_another_size(void **state)
{
    static const uint8_t value[33];
    struct digest pcr = digest_reset(ALG_SHA256, 4);
    const struct digest before = pcr;
    assert_status(STATUS_MALFORMED, digest_extend(*state, &pcr, bytes_of(value, 20)));
    assert_status(STATUS_MALFORMED, digest_extend(*state, &pcr, bytes_of(value, 33)));
    assert_status(STATUS_MALFORMED, digest_extend(*state, &pcr, (struct bytes){0}));
    assert_true(digest_equal(&before, &pcr));
    pcr.size = 20;
    assert_status(STATUS_MALFORMED, digest_extend(*state, &pcr, bytes_of(value, 32)));
}

/* RFC 4231 4.3 */
static void
gives_the_published_hmac(void **state)
{
    (void)state;
    struct digest d;
    assert_status(STATUS_OK, digest_hmac(ALG_SHA256, bytes_of_text("Jefe"),
                                         bytes_of_text("what do ya want for nothing?"), &d));
    assert_int_equal(ALG_SHA256, d.alg);
    assert_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
               digest_bytes(&d));
    assert_status(STATUS_OK, digest_hmac(ALG_SHA384, bytes_of_text("Jefe"),
                                         bytes_of_text("what do ya want for nothing?"), &d));
    assert_hex("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
               "8e2240ca5e69e2c78b3239ecfab21649",
               digest_bytes(&d));
}

static void
refuses_an_hmac_key_that_is_none(void **state)
{
    (void)state;
    static const uint8_t key[65];
    struct digest d;
    assert_status(STATUS_INVALID, digest_hmac(ALG_SHA256, bytes_of(key, 0), bytes_of(key, 1), &d));
    assert_status(STATUS_INVALID, digest_hmac(ALG_SHA256, bytes_of(key, 65), bytes_of(key, 1), &d));
    assert_int_equal(0, d.size);
    assert_status(STATUS_OK, digest_hmac(ALG_SHA256, bytes_of(key, 64), bytes_of(key, 0), &d));
}

static void
takes_a_digest_of_the_right_size_only(void **state)
{
    (void)state;
    static const uint8_t raw[64] = {1, 2, 3};
    struct digest d;
    assert_status(STATUS_OK, digest_from(ALG_SHA384, bytes_of(raw, 48), &d));
    assert_int_equal(ALG_SHA384, d.alg);
    assert_true(digest_equal_bytes(&d, bytes_of(raw, 48)));
    assert_status(STATUS_MALFORMED, digest_from(ALG_SHA256, bytes_of(raw, 31), &d));
    assert_int_equal(0, d.size);
    assert_status(STATUS_MALFORMED, digest_from(ALG_SHA256, bytes_of(raw, 33), &d));
    assert_status(STATUS_MALFORMED, digest_from(ALG_SHA256, (struct bytes){0}, &d));
}

static void
tells_digests_apart_by_any_bit_and_by_algorithm(void **state)
{
    (void)state;
    struct digest a = digest_reset(ALG_SHA256, 0);
    for (size_t bit = 0; bit < 256; bit++) {
        struct digest b = a;
        b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(digest_equal(&a, &b));
        assert_false(digest_equal_bytes(&a, digest_bytes(&b)));
    }
    struct digest sm3 = digest_reset(ALG_SM3_256, 0);
    assert_false(digest_equal(&a, &sm3));
    struct digest sha384 = digest_reset(ALG_SHA384, 0);
    assert_false(digest_equal_bytes(&a, digest_bytes(&sha384)));
}

static void
lets_an_empty_digest_equal_nothing(void **state)
{
    (void)state;
    struct digest a = {0};
    struct digest b = {0};
    assert_false(digest_equal(&a, &b));
    assert_false(digest_equal_bytes(&a, (struct bytes){0}));
    assert_true(digest_bytes_equal((struct bytes){0}, (struct bytes){0}));
}

static void
gives_other_random_bytes_each_time(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    assert_status(STATUS_OK, digest_random(a, sizeof a));
    assert_status(STATUS_OK, digest_random(b, sizeof b));
    assert_false(bytes_equal(bytes_of(a, sizeof a), bytes_of(b, sizeof b)));
    assert_status(STATUS_CRYPTO, digest_random(a, (size_t)INT32_MAX + 1));
}

static void
may_free_no_hasher(void **state)
{
    (void)state;
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    hasher_free(h);
}

static void
keeps_each_curve_that_was_asked_for(void **state)
{
    (void)state;
    static const char *const names[HASHER_CURVES] = {"P-256", "P-384", "P-521"};
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    EVP_PKEY *first[HASHER_CURVES], *again = NULL;
    assert_status(STATUS_OK, hasher_new(&h));
    assert_status(STATUS_UNSUPPORTED, hasher_curve(h, "P-257", &again));
    assert_null(again);
    for (size_t i = 0; i < HASHER_CURVES; i++)
        assert_status(STATUS_OK, hasher_curve(h, names[i], &first[i]));
    for (size_t i = 0; i < HASHER_CURVES; i++) {
        assert_status(STATUS_OK, hasher_curve(h, names[i], &again));
        assert_ptr_equal(first[i], again);
        assert_true(i == 0 || first[i] != first[i - 1]);
    }
    assert_status(STATUS_LIMIT, hasher_curve(h, "P-224", &again));
    assert_null(again);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_each_curve_that_was_asked_for),
        cmocka_unit_test(gives_the_published_digests),
        cmocka_unit_test(gives_the_same_for_the_whole_and_its_parts),
        cmocka_unit_test(hashes_nothing),
        cmocka_unit_test(refuses_an_unknown_algorithm),
        cmocka_unit_test(extends_a_pcr_by_hashing_old_and_new),
        cmocka_unit_test(refuses_to_extend_by_a_value_of_another_size),
        cmocka_unit_test(gives_the_published_hmac),
        cmocka_unit_test(refuses_an_hmac_key_that_is_none),
        cmocka_unit_test(takes_a_digest_of_the_right_size_only),
        cmocka_unit_test(tells_digests_apart_by_any_bit_and_by_algorithm),
        cmocka_unit_test(lets_an_empty_digest_equal_nothing),
        cmocka_unit_test(gives_other_random_bytes_each_time),
        cmocka_unit_test(may_free_no_hasher),
    };
    return cmocka_run_group_tests(tests, make_hasher, free_hasher);
}
