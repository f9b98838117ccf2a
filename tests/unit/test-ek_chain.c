/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/ek_chain.h"
#include "tests/lib/ek_builder.h"
#include "tests/lib/test.h"

#include <openssl/objects.h>
#include <string.h>

#define DAY_S INT64_C(86400)

struct fixture {
    struct hasher *hasher;
    struct ek_builder *ek;
    struct ek_builder *stranger; /* another maker's */
    struct ek_builder *namesake; /* one whose CAs have the names of ek's */
};

static int
setup(void **state)
{
    static struct fixture f;
    f.ek = ek_builder_new("L-2");
    f.stranger = ek_builder_new("H-2");
    f.namesake = ek_builder_new("L-2");
    *state = &f;
    return hasher_new(&f.hasher) == STATUS_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    ek_builder_free(f->ek);
    ek_builder_free(f->stranger);
    ek_builder_free(f->namesake);
    hasher_free(f->hasher);
    return 0;
}

/* What one verification is about; zero values are honest. */
struct trial {
    const struct ek_builder *ek;        /* the fixture's */
    const struct ek_builder_spec *spec; /* honest */
    const struct ek_builder_ca *issuer; /* the intermediate */
    const struct ek_builder_ca *anchor; /* the root */
    struct bytes extra[3];              /* the device's; none: the intermediate is in the bundle */
    struct bytes bundle[3];
    int64_t now_s;
    uint32_t permitted;
};

static void
add(struct ek_roots *roots, enum ek_roots_part part, struct bytes der)
{
    struct diag diag = {0};
    if (der.size > 0)
        assert_status(STATUS_OK, ek_roots_add(roots, part, der, &diag));
}

static struct ek_roots *
make_roots(const struct fixture *f, const struct trial *t)
{
    struct ek_roots *roots = NULL;
    assert_status(STATUS_OK, ek_roots_new(&roots));
    const struct ek_builder_ca *anchor = t->anchor ? t->anchor : &f->ek->root;
    add(roots, EK_ROOTS_ANCHORS, buffer_bytes(&anchor->der));
    if (t->extra[0].size == 0)
        add(roots, EK_ROOTS_BUNDLE, buffer_bytes(&f->ek->intermediate.der));
    for (size_t i = 0; i < 3; i++)
        add(roots, EK_ROOTS_BUNDLE, t->bundle[i]);
    return roots;
}

static struct ek_chain
run(struct fixture *f, const struct trial *t, struct reasons *reasons)
{
    const struct ek_builder *ek = t->ek ? t->ek : f->ek;
    struct ek_builder_spec honest = ek_builder_spec_ek(ek);
    CLEANUP(buffer_free) struct buffer der = {0};
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = NULL;
    CLEANUP(ek_roots_freep) struct ek_roots *roots = make_roots(f, t);
    struct ek_chain chain;
    ek_builder_certificate(ek, t->spec ? t->spec : &honest,
                           t->issuer ? t->issuer : &f->ek->intermediate, &der);
    assert_status(STATUS_OK, ek_certificate_parse(f->hasher, buffer_bytes(&der), &c, reasons));
    assert_non_null(c);
    struct ek_chain_input in = {.certificate = c,
                                .extra = t->extra,
                                .now_s = t->now_s ? t->now_s : EK_BUILDER_NOW_S,
                                .permitted = t->permitted};
    while (in.n_extra < 3 && t->extra[in.n_extra].size > 0)
        in.n_extra++;
    assert_status(STATUS_OK, ek_chain_verify(f->hasher, roots, &in, &chain, reasons));
    return chain;
}

static void
assert_verified(struct fixture *f, const struct trial *t)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct ek_chain chain = run(f, t, &reasons);
    if (reasons.n_items > 0)
        fail_msg("%s: %s", reason_code_name(reasons.items[0].code), reasons.items[0].what);
    assert_int_equal(chain.standing, EK_STANDING_VERIFIED);
    assert_int_equal(chain.kind, TPM_KIND_DISCRETE);
}

static void
assert_refused(struct fixture *f, const struct trial *t, enum reason_code code, const char *what)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct ek_chain chain = run(f, t, &reasons);
    assert_int_equal(chain.standing, EK_STANDING_UNVERIFIED);
    assert_string_equal(chain.anchor, "");
    assert_int_equal(reasons.n_items, 1);
    assert_string_equal(reason_code_name(reasons.items[0].code), reason_code_name(code));
    assert_string_equal(reasons.items[0].what, what);
}

static void
verifies_with_the_intermediate_of_the_bundle(void **state)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct ek_chain chain = run(*state, &(struct trial){0}, &reasons);
    assert_int_equal(chain.standing, EK_STANDING_VERIFIED);
    assert_int_equal(chain.depth, 2);
    assert_string_equal(chain.anchor, "/CN=Test L-2 Root CA");
}

static void
verifies_with_the_intermediate_of_the_device(void **state)
{
    static const uint8_t padding[100];
    struct fixture *f = *state;
    CLEANUP(buffer_free) struct buffer nv = {0};
    buffer_append(&nv, buffer_bytes(&f->ek->intermediate.der));
    buffer_append(&nv, bytes_of(padding, sizeof padding));
    assert_verified(f, &(struct trial){.extra = {buffer_bytes(&nv)}});
}

static void
verifies_up_to_an_anchor_that_is_no_root(void **state)
{
    struct fixture *f = *state;
    assert_verified(f, &(struct trial){.anchor = &f->ek->intermediate});
}

static void
verifies_rsa_and_p384(void **state)
{
    static const char *const names[] = {"L-1", "H-3"};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new(names[i]);
        assert_verified(*state, &(struct trial){.ek = b});
    }
}

static void
threat_17_missing_intermediate_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, &(struct trial){.extra = {buffer_bytes(&f->stranger->intermediate.der)}},
                   REASON_EK_CHAIN, "issuer not known");
}

static void
refuses_another_makers_root(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, &(struct trial){.anchor = &f->stranger->root}, REASON_EK_CHAIN,
                   "issuer not known");
}

/* What a device sends is never an anchor. */
static void
threat_17_root_that_the_device_brings_is_refused(void **state)
{
    struct fixture *f = *state;
    struct trial t = {
        .anchor = &f->stranger->root,
        .extra = {buffer_bytes(&f->ek->intermediate.der), buffer_bytes(&f->ek->root.der)}};
    assert_refused(f, &t, REASON_EK_CHAIN, "root not trusted");
    t = (struct trial){.anchor = &f->stranger->root, .bundle = {buffer_bytes(&f->ek->root.der)}};
    assert_refused(f, &t, REASON_EK_CHAIN, "root not trusted");
}

/* Same name, other key. */
static void
refuses_a_signature_that_is_not_the_issuers(void **state)
{
    struct fixture *f = *state;
    assert_refused(
        f, &(struct trial){.issuer = &f->namesake->intermediate, .anchor = &f->ek->intermediate},
        REASON_EK_CHAIN, "signature");
}

static void
threat_17_dates_are_checked(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ek);
    spec.not_after_s = EK_BUILDER_NOW_S - 1;
    assert_refused(f, &(struct trial){.spec = &spec}, REASON_EK_DATES, "expired");
    spec = ek_builder_spec_ek(f->ek);
    spec.not_before_s = EK_BUILDER_NOW_S + 1;
    assert_refused(f, &(struct trial){.spec = &spec}, REASON_EK_DATES, "not yet valid");
    assert_refused(f, &(struct trial){.now_s = EK_BUILDER_NOW_S + 400 * DAY_S}, REASON_EK_DATES,
                   "expired");
}

static void
verifies_a_certificate_without_an_end(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ek);
    spec.not_after_s = INT64_C(253402300799); /* 9999-12-31 */
    assert_verified(f, &(struct trial){.spec = &spec});
}

static void
refuses_an_issuer_that_is_no_ca(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ca("No CA");
    struct ek_builder_ca ca;
    spec.basic_constraints = "critical,CA:FALSE";
    ek_builder_ca_init(&ca, &spec, &f->ek->root);
    struct trial t = {.issuer = &ca, .extra = {buffer_bytes(&ca.der)}};
    assert_refused(f, &t, REASON_EK_CHAIN, "issuer is no CA");
    ek_builder_ca_clear(&ca);
}

static void
refuses_an_issuer_that_may_not_sign(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ca("Signs mail");
    struct ek_builder_ca ca;
    spec.key_usage = "critical,digitalSignature";
    ek_builder_ca_init(&ca, &spec, &f->ek->root);
    struct trial t = {.issuer = &ca, .extra = {buffer_bytes(&ca.der)}};
    assert_refused(f, &t, REASON_EK_CHAIN, "issuer is no CA");
    ek_builder_ca_clear(&ca);
}

static void
refuses_a_path_past_its_length_constraint(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ca("One too many");
    struct ek_builder_ca ca;
    ek_builder_ca_init(&ca, &spec, &f->ek->intermediate); /* which has pathlen:0 */
    struct trial t = {.issuer = &ca,
                      .extra = {buffer_bytes(&ca.der), buffer_bytes(&f->ek->intermediate.der)}};
    assert_refused(f, &t, REASON_EK_CHAIN, "path length constraint");
    ek_builder_ca_clear(&ca);
}

/* LIMIT_CHAIN_DEPTH certificates above the EK's are the most. */
static void
refuses_a_path_that_is_too_long(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_ca cas[LIMIT_CHAIN_DEPTH];
    static const char *const names[] = {"A", "B", "C", "D", "E"};
    for (size_t i = 0; i < LIMIT_CHAIN_DEPTH; i++) {
        struct ek_builder_spec spec = ek_builder_spec_ca(names[i]);
        ek_builder_ca_init(&cas[i], &spec, i == 0 ? &f->ek->root : &cas[i - 1]);
    }
    struct trial t = {.issuer = &cas[3],
                      .extra = {buffer_bytes(&cas[3].der), buffer_bytes(&cas[2].der)},
                      .bundle = {buffer_bytes(&cas[1].der), buffer_bytes(&cas[0].der)}};
    assert_verified(f, &t);
    t = (struct trial){
        .issuer = &cas[4],
        .extra = {buffer_bytes(&cas[4].der), buffer_bytes(&cas[3].der), buffer_bytes(&cas[2].der)},
        .bundle = {buffer_bytes(&cas[1].der), buffer_bytes(&cas[0].der)}};
    assert_refused(f, &t, REASON_EK_CHAIN, "path too long");
    for (size_t i = 0; i < LIMIT_CHAIN_DEPTH; i++)
        ek_builder_ca_clear(&cas[i]);
}

static void
refuses_a_sha1_signature(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ek);
    spec.sha1 = true;
    assert_refused(f, &(struct trial){.spec = &spec}, REASON_EK_CHAIN, "weak signature hash");
}

static void
refuses_a_critical_extension_that_is_not_listed(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ek);
    spec.critical_nid = NID_subject_directory_attributes;
    assert_verified(f, &(struct trial){.spec = &spec});
    spec.critical_nid = NID_sinfo_access;
    assert_refused(f, &(struct trial){.spec = &spec}, REASON_EK_CHAIN, "critical extension");
}

static void
threat_17_revoked_certificate_is_refused(void **state)
{
    struct fixture *f = *state;
    CLEANUP(buffer_free) struct buffer crl = {0};
    CLEANUP(buffer_free) struct buffer other = {0};
    ek_builder_crl(&f->ek->intermediate, 77, EK_BUILDER_NOW_S + DAY_S, &crl);
    ek_builder_crl(&f->ek->intermediate, 78, EK_BUILDER_NOW_S + DAY_S, &other);
    assert_refused(f, &(struct trial){.bundle = {buffer_bytes(&crl)}}, REASON_EK_REVOKED,
                   "revoked");
    assert_verified(f, &(struct trial){.bundle = {buffer_bytes(&other)}});
}

static void
refuses_a_ca_that_a_crl_names(void **state)
{
    struct fixture *f = *state;
    CLEANUP(buffer_free) struct buffer crl = {0};
    ek_builder_crl(&f->ek->root, 2, EK_BUILDER_NOW_S + DAY_S, &crl);
    assert_refused(f, &(struct trial){.bundle = {buffer_bytes(&crl)}}, REASON_EK_REVOKED,
                   "revoked");
}

static void
refuses_under_a_stale_crl(void **state)
{
    struct fixture *f = *state;
    CLEANUP(buffer_free) struct buffer crl = {0};
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    ek_builder_crl(&f->ek->intermediate, 0, EK_BUILDER_NOW_S - 1, &crl);
    assert_refused(f, &(struct trial){.bundle = {buffer_bytes(&crl)}}, REASON_EK_DATES,
                   "CRL stale");
    assert_status(STATUS_OK, ek_roots_new(&roots));
    add(roots, EK_ROOTS_BUNDLE, buffer_bytes(&crl));
    assert_int_equal(ek_roots_n_crls(roots), 1);
    assert_int_equal(ek_roots_count_stale_crls(roots, EK_BUILDER_NOW_S), 1);
    assert_int_equal(ek_roots_count_stale_crls(roots, EK_BUILDER_NOW_S - DAY_S), 0);
}

/* Somebody else's list by the same name revokes nothing, and does not pass for the issuer's. */
static void
refuses_a_crl_by_another_key(void **state)
{
    struct fixture *f = *state;
    CLEANUP(buffer_free) struct buffer crl = {0};
    ek_builder_crl(&f->namesake->intermediate, 0, EK_BUILDER_NOW_S + DAY_S, &crl);
    assert_refused(f, &(struct trial){.bundle = {buffer_bytes(&crl)}}, REASON_EK_CHAIN,
                   "CRL signature");
}

/* threats 45: a chain that leads to its root does not make a simulator a TPM. */
static void
tells_software_by_its_certificate(void **state)
{
    struct fixture *f = *state;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ek);
    spec.manufacturer = "id:00001014";
    spec.model = "swtpm";
    struct ek_chain chain = run(f, &(struct trial){.spec = &spec}, &reasons);
    assert_int_equal(chain.standing, EK_STANDING_SOFTWARE);
    assert_int_equal(chain.kind, TPM_KIND_SOFTWARE);
    assert_int_equal(reasons.n_items, 0);
}

static void
verifies_an_oaep_key(void **state)
{
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-1");
    struct ek_builder_spec spec = ek_builder_spec_ek(b);
    spec.oaep = "yes";
    assert_verified(*state, &(struct trial){.ek = b, .spec = &spec});
}

static void
refuses_an_oaep_key_under_another_signature(void **state)
{
    struct fixture *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-1");
    struct ek_builder_spec spec = ek_builder_spec_ek(b);
    spec.oaep = "yes";
    assert_refused(f,
                   &(struct trial){.ek = b,
                                   .spec = &spec,
                                   .issuer = &f->namesake->intermediate,
                                   .anchor = &f->ek->intermediate},
                   REASON_EK_CHAIN, "signature");
}

static void
asks_for_the_usage_before_the_path(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ek);
    spec.extended_usage = NULL;
    assert_refused(f, &(struct trial){.spec = &spec}, REASON_EK_USAGE, "missing-eku");
    assert_verified(f, &(struct trial){.spec = &spec, .permitted = EK_ODDITY_MISSING_EKU});
}

static void
refuses_an_extra_certificate_that_cannot_be_read(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, &(struct trial){.extra = {bytes_of_text("junk")}}, REASON_EK_MALFORMED,
                   "DER");
}

static void
takes_pem_and_der_and_refuses_the_rest(void **state)
{
    struct fixture *f = *state;
    struct diag diag = {0};
    CLEANUP(buffer_free) struct buffer pem = {0};
    CLEANUP(buffer_free) struct buffer other = {0};
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    struct bytes der = buffer_bytes(&f->ek->root.der);
    assert_status(STATUS_OK, ek_roots_new(&roots));
    ek_builder_pem("CERTIFICATE", der, &pem);
    ek_builder_pem("CERTIFICATE", buffer_bytes(&f->stranger->root.der), &pem);
    assert_status(STATUS_OK, ek_roots_add(roots, EK_ROOTS_ANCHORS, buffer_bytes(&pem), &diag));
    assert_int_equal(ek_roots_n_anchors(roots), 2);
    ek_builder_pem("PRIVATE KEY", der, &other);
    assert_status(STATUS_INVALID,
                  ek_roots_add(roots, EK_ROOTS_ANCHORS, buffer_bytes(&other), &diag));
    assert_status(STATUS_INVALID, ek_roots_add(roots, EK_ROOTS_BUNDLE, bytes_of_text("0"), &diag));
    assert_status(STATUS_INVALID,
                  ek_roots_add(roots, EK_ROOTS_BUNDLE, bytes_of(der.data, der.size - 1), &diag));
    assert_int_equal(ek_roots_n_intermediates(roots), 0);
}

/* Certificates that swtpm's CA made for the TPM of a recorded boot. */
static void
verifies_a_recorded_machine(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"measured-boots/A/quote/ek-rsa.crt.der",
                                        "measured-boots/A/quote/ek-ecc-p384.crt.der"};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(buffer_free) struct buffer root = {0};
        CLEANUP(buffer_free) struct buffer issuer = {0};
        CLEANUP(buffer_free) struct buffer der = {0};
        CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
        CLEANUP(ek_certificate_freep) struct ek_certificate *c = NULL;
        CLEANUP(reasons_free) struct reasons reasons = {0};
        struct ek_chain chain;
        test_corpus("measured-boots/A/pki/swtpm-localca-rootca-cert.pem", &root);
        test_corpus("measured-boots/A/pki/issuercert.pem", &issuer);
        test_corpus(names[i], &der);
        assert_status(STATUS_OK, ek_roots_new(&roots));
        add(roots, EK_ROOTS_ANCHORS, buffer_bytes(&root));
        add(roots, EK_ROOTS_BUNDLE, buffer_bytes(&issuer));
        assert_status(STATUS_OK,
                      ek_certificate_parse_file(f->hasher, buffer_bytes(&der), &c, &reasons));
        assert_non_null(c);
        struct ek_chain_input in = {.certificate = c, .now_s = c->not_before_s + DAY_S};
        assert_status(STATUS_OK, ek_chain_verify(f->hasher, roots, &in, &chain, &reasons));
        assert_int_equal(reasons.n_items, 0);
        assert_int_equal(chain.standing, EK_STANDING_SOFTWARE);
    }
}

/* Threat 17: an OAEP certificate's own signature makes up for nothing above it. */
static void
threat_17_an_oaep_key_excuses_no_other_signature_of_the_path(void **state)
{
    struct fixture *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-1");
    struct ek_builder_spec spec = ek_builder_spec_ek(b);
    spec.oaep = "yes";
    assert_refused(f, &(struct trial){.ek = b, .spec = &spec, .anchor = &f->namesake->root},
                   REASON_EK_CHAIN, "signature");
}

static void
refuses_a_bundle_that_is_damaged(void **state)
{
    struct fixture *f = *state;
    struct diag diag = {0};
    static const uint8_t basic_constraints[] = {0x55, 0x1d, 0x13};
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    CLEANUP(buffer_free) struct buffer der = {0};
    assert_status(STATUS_OK, ek_roots_new(&roots));
    static const char pem[] = "-----BEGIN CERTIFICATE-----\nAA*A\n-----END CERTIFICATE-----\n";
    assert_status(STATUS_INVALID, ek_roots_add(roots, EK_ROOTS_ANCHORS, bytes_of_text(pem), &diag));
    assert_string_equal("a PEM block cannot be read", diag.text);
    buffer_append(&der, buffer_bytes(&f->ek->root.der));
    uint8_t *at = memmem(der.data, der.size, basic_constraints, sizeof basic_constraints);
    assert_non_null(at);
    at += sizeof basic_constraints;
    at += at[0] == 0x01 ? 3 : 0; /* critical */
    at[2] ^= 1;                  /* no sequence */
    assert_status(STATUS_INVALID, ek_roots_add(roots, EK_ROOTS_ANCHORS, buffer_bytes(&der), &diag));
    assert_int_equal(0, ek_roots_n_anchors(roots));
}

static void
threat_34_roots_are_bounded(void **state)
{
    struct fixture *f = *state;
    struct diag diag = {0};
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    CLEANUP(buffer_free) struct buffer crl = {0};
    struct bytes der = buffer_bytes(&f->ek->root.der);
    ek_builder_crl(&f->ek->root, 0, EK_BUILDER_NOW_S + DAY_S, &crl);
    assert_status(STATUS_OK, ek_roots_new(&roots));
    for (size_t i = 0; i < EK_ROOTS_MAX; i++) {
        assert_status(STATUS_OK, ek_roots_add(roots, EK_ROOTS_BUNDLE, der, &diag));
        assert_status(STATUS_OK, ek_roots_add(roots, EK_ROOTS_BUNDLE, buffer_bytes(&crl), &diag));
    }
    assert_status(STATUS_LIMIT, ek_roots_add(roots, EK_ROOTS_BUNDLE, der, &diag));
    assert_status(STATUS_LIMIT, ek_roots_add(roots, EK_ROOTS_BUNDLE, buffer_bytes(&crl), &diag));
}

/* Threat 8: a key of another kind is not ours to judge. */
static void
threat_08_a_certificate_of_another_kind_of_key_is_refused(void **state)
{
    struct fixture *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-2");
    EVP_PKEY_free(b->ek);
    b->ek = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct ek_builder_spec spec = ek_builder_spec_ek(b);
    struct ek_chain chain = run(f, &(struct trial){.ek = b, .spec = &spec}, &reasons);
    assert_int_equal(EK_STANDING_UNVERIFIED, chain.standing);
    assert_int_equal(1, reasons.n_items);
    assert_int_equal(REASON_EK_USAGE, reasons.items[0].code);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_with_the_intermediate_of_the_bundle),
        cmocka_unit_test(verifies_with_the_intermediate_of_the_device),
        cmocka_unit_test(verifies_up_to_an_anchor_that_is_no_root),
        cmocka_unit_test(verifies_rsa_and_p384),
        cmocka_unit_test(threat_17_missing_intermediate_is_refused),
        cmocka_unit_test(refuses_another_makers_root),
        cmocka_unit_test(threat_17_root_that_the_device_brings_is_refused),
        cmocka_unit_test(refuses_a_signature_that_is_not_the_issuers),
        cmocka_unit_test(threat_17_dates_are_checked),
        cmocka_unit_test(verifies_a_certificate_without_an_end),
        cmocka_unit_test(refuses_an_issuer_that_is_no_ca),
        cmocka_unit_test(refuses_an_issuer_that_may_not_sign),
        cmocka_unit_test(refuses_a_path_past_its_length_constraint),
        cmocka_unit_test(refuses_a_path_that_is_too_long),
        cmocka_unit_test(refuses_a_sha1_signature),
        cmocka_unit_test(refuses_a_critical_extension_that_is_not_listed),
        cmocka_unit_test(threat_17_revoked_certificate_is_refused),
        cmocka_unit_test(refuses_a_ca_that_a_crl_names),
        cmocka_unit_test(refuses_under_a_stale_crl),
        cmocka_unit_test(refuses_a_crl_by_another_key),
        cmocka_unit_test(tells_software_by_its_certificate),
        cmocka_unit_test(verifies_an_oaep_key),
        cmocka_unit_test(refuses_an_oaep_key_under_another_signature),
        cmocka_unit_test(asks_for_the_usage_before_the_path),
        cmocka_unit_test(refuses_an_extra_certificate_that_cannot_be_read),
        cmocka_unit_test(takes_pem_and_der_and_refuses_the_rest),
        cmocka_unit_test(verifies_a_recorded_machine),
        cmocka_unit_test(threat_17_an_oaep_key_excuses_no_other_signature_of_the_path),
        cmocka_unit_test(refuses_a_bundle_that_is_damaged),
        cmocka_unit_test(threat_34_roots_are_bounded),
        cmocka_unit_test(threat_08_a_certificate_of_another_kind_of_key_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
