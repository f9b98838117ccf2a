/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/ek.h"
#include "evidence/ek_chain.h"
#include "tests/fault/fault.h"
#include "tests/lib/ek_builder.h"
#include "tests/lib/test.h"

/* An RSA EK under RSAES-OAEP takes every way that an EK can take. */
struct fixture {
    struct hasher *hasher;
    struct ek_builder *ek;
    struct buffer public, certificate, crl, anchors;
};

static int
setup(void **state)
{
    static struct fixture f;
    f.ek = ek_builder_new("L-1");
    struct ek_builder_spec spec = ek_builder_spec_ek(f.ek);
    spec.oaep = "yes";
    ek_builder_public(f.ek, &f.public);
    ek_builder_certificate(f.ek, &spec, NULL, &f.certificate);
    ek_builder_crl(&f.ek->intermediate, 0, EK_BUILDER_NOW_S + 1, &f.crl);
    ek_builder_pem("CERTIFICATE", buffer_bytes(&f.ek->root.der), &f.anchors);
    *state = &f;
    return hasher_new(&f.hasher) == STATUS_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    ek_builder_free(f->ek);
    buffer_free(&f->public);
    buffer_free(&f->certificate);
    buffer_free(&f->crl);
    buffer_free(&f->anchors);
    hasher_free(f->hasher);
    return 0;
}

/* A refusal counts as noticed: nothing that failed may look like success. */
static enum status
parse_ek(void *context)
{
    struct fixture *f = context;
    CLEANUP(ek_freep) struct ek *ek = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    enum status s = ek_parse(f->hasher, buffer_bytes(&f->public), &ek, &reasons);
    assert_true(s == STATUS_OK || !ek);
    return s == STATUS_OK && !ek ? STATUS_MALFORMED : s;
}

static enum status
load_roots(struct fixture *f, struct ek_roots **out)
{
    struct diag diag = {0};
    enum status s = ek_roots_new(out);
    if (s == STATUS_OK)
        s = ek_roots_add(*out, EK_ROOTS_ANCHORS, buffer_bytes(&f->anchors), &diag);
    if (s == STATUS_OK)
        s = ek_roots_add(*out, EK_ROOTS_BUNDLE, buffer_bytes(&f->ek->intermediate.der), &diag);
    if (s == STATUS_OK)
        s = ek_roots_add(*out, EK_ROOTS_BUNDLE, buffer_bytes(&f->crl), &diag);
    return s;
}

static enum status
fill_roots(void *context)
{
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    enum status s = load_roots(context, &roots);
    if (s != STATUS_OK)
        return s;
    bool whole = ek_roots_n_anchors(roots) == 1 && ek_roots_n_intermediates(roots) == 1 &&
                 ek_roots_n_crls(roots) == 1;
    return whole ? STATUS_OK : STATUS_INVALID;
}

static enum status
verify_certificate(void *context)
{
    struct fixture *f = context;
    struct bytes extra = buffer_bytes(&f->ek->intermediate.der);
    struct ek_chain chain = {0};
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    enum status s = load_roots(f, &roots);
    if (s == STATUS_OK)
        s = ek_certificate_parse(f->hasher, buffer_bytes(&f->certificate), &c, &reasons);
    if (s != STATUS_OK || !c)
        return s == STATUS_OK ? STATUS_MALFORMED : s;
    struct ek_chain_input in = {
        .certificate = c, .extra = &extra, .n_extra = 1, .now_s = EK_BUILDER_NOW_S};
    s = ek_chain_verify(f->hasher, roots, &in, &chain, &reasons);
    assert_true(chain.standing == EK_STANDING_UNVERIFIED || s == STATUS_OK);
    if (s == STATUS_OK && chain.standing != EK_STANDING_VERIFIED)
        return STATUS_MALFORMED;
    return s;
}

static void
notices_every_failure_while_it_reads_a_key(void **state)
{
    assert_true(fault_each(parse_ek, *state) > 5);
}

static void
notices_every_failure_while_it_loads_roots(void **state)
{
    assert_true(fault_each(fill_roots, *state) > 10);
}

static void
notices_every_failure_while_it_builds_a_path(void **state)
{
    assert_true(fault_each(verify_certificate, *state) > 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notices_every_failure_while_it_reads_a_key),
        cmocka_unit_test(notices_every_failure_while_it_loads_roots),
        cmocka_unit_test(notices_every_failure_while_it_builds_a_path),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
