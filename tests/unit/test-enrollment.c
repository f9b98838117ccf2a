/* SPDX-License-Identifier: Apache-2.0 */
/* The expected values were computed with Python's hashlib, hmac and cbor2. */
#include "base/cleanup.h"
#include "evidence/enrollment.h"
#include "tests/lib/test.h"

#include <string.h>

#define SPKI_SHA256 "58d29459b2130a2e151252d408b95e6dac424c564062eb911cc76440cb926ca0"
#define PROOF       "e473426ccdaa0dd5c21708e5fdec1102177726eeab373af137cb53d7fe18df1a"

struct fixture {
    struct hasher *hasher;
    uint8_t spki[91];
    uint8_t secret[ENROLLMENT_SECRET_SIZE];
    uint8_t ak_name[34];
    struct enrollment_transcript transcript;
};

static int
setup(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    for (size_t i = 0; i < sizeof f.spki; i++)
        f.spki[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof f.secret; i++)
        f.secret[i] = (uint8_t)i;
    memset(f.ak_name, 0x11, sizeof f.ak_name);
    f.ak_name[0] = 0x00;
    f.ak_name[1] = 0x0b;
    f.transcript = (struct enrollment_transcript){
        .enrollment = bytes_of_text("sealed"),
        .ek_spki = bytes_of(f.spki, sizeof f.spki),
        .ak_name = bytes_of(f.ak_name, sizeof f.ak_name),
        .origin = "https://verifier.example",
    };
    *state = &f;
    return hasher_new(&f.hasher) == STATUS_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    hasher_free(f->hasher);
    return 0;
}

static void
names_a_device_by_half_its_keys_hash(void **state)
{
    struct fixture *f = *state;
    char id[DEVICE_ID_SIZE];
    assert_status(STATUS_OK, enrollment_device_id(f->hasher, f->transcript.ek_spki, id));
    assert_memory_equal(SPKI_SHA256, id, DEVICE_ID_SIZE - 1);
    assert_int_equal('\0', id[DEVICE_ID_SIZE - 1]);
    assert_true(enrollment_is_device_id(id));
}

static void
makes_a_ueid_of_the_whole_hash(void **state)
{
    struct fixture *f = *state;
    uint8_t ueid[UEID_SIZE];
    assert_status(STATUS_OK, enrollment_ueid(f->hasher, f->transcript.ek_spki, ueid));
    assert_hex("01" SPKI_SHA256, bytes_of(ueid, sizeof ueid));
}

static void
takes_only_its_own_form_for_a_device_id(void **state)
{
    (void)state;
    assert_true(enrollment_is_device_id("0123456789abcdef0123456789abcdef"));
    assert_false(enrollment_is_device_id("0123456789ABCDEF0123456789abcdef"));
    assert_false(enrollment_is_device_id("0123456789abcdef0123456789abcde"));
    assert_false(enrollment_is_device_id("0123456789abcdef0123456789abcdef0"));
    assert_false(enrollment_is_device_id("0123456789abcdef/123456789abcdef"));
    assert_false(enrollment_is_device_id("0123456789abcdefg123456789abcdef"));
    assert_false(enrollment_is_device_id(""));
    assert_false(enrollment_is_device_id(NULL));
}

static void
proves_by_the_published_transcript(void **state)
{
    struct fixture *f = *state;
    uint8_t proof[DIGEST_SHA256_SIZE];
    assert_status(STATUS_OK, enrollment_proof(f->hasher, bytes_of(f->secret, sizeof f->secret),
                                              &f->transcript, proof));
    assert_hex(PROOF, bytes_of(proof, sizeof proof));
}

static void
expect_another_proof(struct fixture *f, const struct enrollment_transcript *changed)
{
    uint8_t proof[DIGEST_SHA256_SIZE];
    uint8_t other[DIGEST_SHA256_SIZE];
    struct bytes secret = bytes_of(f->secret, sizeof f->secret);
    assert_status(STATUS_OK, enrollment_proof(f->hasher, secret, &f->transcript, proof));
    assert_status(STATUS_OK, enrollment_proof(f->hasher, secret, changed, other));
    assert_memory_not_equal(proof, other, sizeof proof);
}

static void
binds_every_part_of_the_transcript(void **state)
{
    struct fixture *f = *state;
    struct enrollment_transcript t = f->transcript;
    t.enrollment = bytes_of_text("sealee");
    expect_another_proof(f, &t);
    t = f->transcript;
    t.ek_spki.size--;
    expect_another_proof(f, &t);
    t = f->transcript;
    t.ak_name.size--;
    expect_another_proof(f, &t);
    t = f->transcript;
    t.origin = "https://verifier.examplf";
    expect_another_proof(f, &t);
}

static void
depends_on_the_secret(void **state)
{
    struct fixture *f = *state;
    uint8_t proof[DIGEST_SHA256_SIZE];
    uint8_t other[DIGEST_SHA256_SIZE];
    struct bytes secret = bytes_of(f->secret, sizeof f->secret);
    assert_status(STATUS_OK, enrollment_proof(f->hasher, secret, &f->transcript, proof));
    f->secret[31] ^= 1;
    assert_status(STATUS_OK, enrollment_proof(f->hasher, secret, &f->transcript, other));
    assert_memory_not_equal(proof, other, sizeof proof);
}

static void
refuses_a_secret_of_another_size(void **state)
{
    struct fixture *f = *state;
    uint8_t proof[DIGEST_SHA256_SIZE];
    assert_status(STATUS_INVALID,
                  enrollment_proof(f->hasher, bytes_of(f->secret, 31), &f->transcript, proof));
    assert_status(STATUS_INVALID,
                  enrollment_proof(f->hasher, bytes_of(NULL, 0), &f->transcript, proof));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_a_device_by_half_its_keys_hash, setup, teardown),
        cmocka_unit_test_setup_teardown(makes_a_ueid_of_the_whole_hash, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_only_its_own_form_for_a_device_id, setup, teardown),
        cmocka_unit_test_setup_teardown(proves_by_the_published_transcript, setup, teardown),
        cmocka_unit_test_setup_teardown(binds_every_part_of_the_transcript, setup, teardown),
        cmocka_unit_test_setup_teardown(depends_on_the_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_a_secret_of_another_size, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
