/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "daemon/credential.h"
#include "daemon/ticket.h"
#include "tests/fault/fault.h"
#include "tests/lib/ek_builder.h"
#include "tests/lib/test.h"

struct fixture {
    struct hasher *hasher;
    struct credential_maker *maker;
    struct ek *rsa, *ecc;
};

static struct ek *
make_ek(struct fixture *f, const char *template)
{
    struct ek *ek = NULL;
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new(template);
    CLEANUP(buffer_free) struct buffer public = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    ek_builder_public(b, &public);
    assert_status(STATUS_OK, ek_parse(f->hasher, buffer_bytes(&public), &ek, &reasons));
    return ek;
}

static int
setup(void **state)
{
    static struct fixture f;
    assert_status(STATUS_OK, hasher_new(&f.hasher));
    assert_status(STATUS_OK, credential_maker_new(&f.maker));
    f.rsa = make_ek(&f, "L-1");
    f.ecc = make_ek(&f, "H-3");
    *state = &f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    ek_free(f->rsa);
    ek_free(f->ecc);
    credential_maker_free(f->maker);
    hasher_free(f->hasher);
    return 0;
}

static enum status
open_maker(void *context)
{
    CLEANUP(credential_maker_freep) struct credential_maker *m = NULL;
    (void)context;
    enum status s = credential_maker_new(&m);
    assert_true((s == STATUS_OK) == (m != NULL));
    return s;
}

static enum status
make_credential(const struct fixture *f, const struct ek *ek)
{
    static const uint8_t value[32] = {1};
    CLEANUP(credential_clear) struct credential c = {0};
    enum status s =
        credential_make(f->maker, ek, bytes_of_text("name"), bytes_of(value, sizeof value), &c);
    assert_true(s == STATUS_OK || (c.blob.size == 0 && c.secret.size == 0));
    return s;
}

static enum status
make_for_rsa(void *context)
{
    const struct fixture *f = context;
    return make_credential(f, f->rsa);
}

static enum status
make_for_ecc(void *context)
{
    const struct fixture *f = context;
    return make_credential(f, f->ecc);
}

static enum status
seal_and_open(void *context)
{
    static const uint8_t key[32] = {3};
    static const uint8_t digest[DIGEST_SHA256_SIZE] = {4};
    CLEANUP(buffer_free) struct buffer sealed = {0};
    CLEANUP(buffer_free) struct buffer plain = {0};
    struct ticket t = {.expires_s = 1, .eks = bytes_of(digest, sizeof digest)};
    struct ticket opened = {0};
    (void)context;
    enum status s = ticket_seal(bytes_of(key, sizeof key), &t, &sealed);
    if (s == STATUS_OK)
        s = ticket_open(bytes_of(key, sizeof key), buffer_bytes(&sealed), &plain, &opened);
    assert_true(s == STATUS_OK || opened.expires_s == 0);
    return s;
}

static void
notices_every_failure_while_it_fetches_algorithms(void **state)
{
    assert_true(fault_each(open_maker, *state) >= 5);
}

static void
notices_every_failure_while_it_makes_a_credential(void **state)
{
    assert_true(fault_each(make_for_rsa, *state) > 10);
    assert_true(fault_each(make_for_ecc, *state) > 15);
}

static void
notices_every_failure_while_it_seals_and_opens(void **state)
{
    assert_true(fault_each(seal_and_open, *state) > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notices_every_failure_while_it_fetches_algorithms),
        cmocka_unit_test(notices_every_failure_while_it_makes_a_credential),
        cmocka_unit_test(notices_every_failure_while_it_seals_and_opens),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
