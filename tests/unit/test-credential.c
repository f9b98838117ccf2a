/* SPDX-License-Identifier: Apache-2.0 */
/* The TPM's side of TPM2_ActivateCredential, written apart (tests/lib/ek_opener.c), opens what
 * credential_make() made. */
#include "base/cleanup.h"
#include "daemon/credential.h"
#include "tests/lib/ek_builder.h"
#include "tests/lib/test.h"

struct fixture {
    struct hasher *hasher;
    struct credential_maker *maker;
};

static int
setup(void **state)
{
    static struct fixture f;
    *state = &f;
    if (hasher_new(&f.hasher) != STATUS_OK)
        return -1;
    return credential_maker_new(&f.maker) == STATUS_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    hasher_free(f->hasher);
    credential_maker_free(f->maker);
    return 0;
}

static bool
activate(const struct ek_builder *b, const struct credential *c, struct bytes name,
         struct buffer *out)
{
    return ek_builder_activate(b, buffer_bytes(&c->blob), buffer_bytes(&c->secret), name, out);
}

static struct ek *
read_ek(struct fixture *f, const struct ek_builder *b)
{
    struct ek *ek = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(buffer_free) struct buffer public = {0};
    ek_builder_public(b, &public);
    assert_status(STATUS_OK, ek_parse(f->hasher, buffer_bytes(&public), &ek, &reasons));
    assert_non_null(ek);
    return ek;
}

static const char name_text[] = "\x00\x0b"
                                "0123456789abcdef0123456789abcdef";
static const char value_text[] = "fedcba9876543210fedcba9876543210";

static struct bytes
text_bytes(const char *text, size_t size)
{
    return bytes_of(text, size - 1);
}

#define NAME  text_bytes(name_text, sizeof name_text)
#define VALUE text_bytes(value_text, sizeof value_text)

static void
is_opened_by_each_kind_of_ek(void **state)
{
    struct fixture *f = *state;
    static const char *const templates[] = {"L-1", "L-2", "H-1", "H-2", "H-3", "H-4", "H-6"};
    for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
        CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new(templates[i]);
        CLEANUP(ek_freep) struct ek *ek = read_ek(f, b);
        CLEANUP(credential_clear) struct credential c = {0};
        CLEANUP(buffer_free) struct buffer value = {0};
        assert_status(STATUS_OK, credential_make(f->maker, ek, NAME, VALUE, &c));
        assert_true(activate(b, &c, NAME, &value));
        assert_true(bytes_equal(buffer_bytes(&value), VALUE));
    }
}

static void
is_not_opened_for_another_name(void **state)
{
    struct fixture *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-2");
    CLEANUP(ek_freep) struct ek *ek = read_ek(f, b);
    CLEANUP(credential_clear) struct credential c = {0};
    CLEANUP(buffer_free) struct buffer value = {0};
    assert_status(STATUS_OK, credential_make(f->maker, ek, NAME, VALUE, &c));
    assert_false(activate(b, &c, text_bytes(value_text, sizeof value_text), &value));
}

static void
is_not_opened_by_another_ek(void **state)
{
    struct fixture *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-2");
    CLEANUP(ek_builder_freep) struct ek_builder *other = ek_builder_new("L-2");
    CLEANUP(ek_freep) struct ek *ek = read_ek(f, b);
    CLEANUP(credential_clear) struct credential c = {0};
    CLEANUP(buffer_free) struct buffer value = {0};
    assert_status(STATUS_OK, credential_make(f->maker, ek, NAME, VALUE, &c));
    assert_false(activate(other, &c, NAME, &value));
}

static void
is_never_the_same_twice(void **state)
{
    struct fixture *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-2");
    CLEANUP(ek_freep) struct ek *ek = read_ek(f, b);
    CLEANUP(credential_clear) struct credential first = {0};
    CLEANUP(credential_clear) struct credential second = {0};
    assert_status(STATUS_OK, credential_make(f->maker, ek, NAME, VALUE, &first));
    assert_status(STATUS_OK, credential_make(f->maker, ek, NAME, VALUE, &second));
    assert_false(bytes_equal(buffer_bytes(&first.blob), buffer_bytes(&second.blob)));
    assert_false(bytes_equal(buffer_bytes(&first.secret), buffer_bytes(&second.secret)));
}

/* A TPM takes no credential longer than the digest of the EK's nameAlg. [TPM2 P3 12.6] */
static void
refuses_a_value_that_no_tpm_takes(void **state)
{
    struct fixture *f = *state;
    static const uint8_t value[DIGEST_SHA256_SIZE + 1];
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-2");
    CLEANUP(ek_freep) struct ek *ek = read_ek(f, b);
    CLEANUP(credential_clear) struct credential c = {0};
    assert_status(STATUS_LIMIT,
                  credential_make(f->maker, ek, NAME, bytes_of(value, sizeof value), &c));
    assert_int_equal(c.blob.size, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_opened_by_each_kind_of_ek),
        cmocka_unit_test(is_not_opened_for_another_name),
        cmocka_unit_test(is_not_opened_by_another_ek),
        cmocka_unit_test(is_never_the_same_twice),
        cmocka_unit_test(refuses_a_value_that_no_tpm_takes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
