/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/ek_certificate.h"
#include "evidence/key.h"
#include "tests/lib/ek_builder.h"
#include "tests/lib/test.h"

#include <openssl/objects.h>
#include <string.h>

struct fixture {
    struct hasher *hasher;
    struct ek_builder *rsa, *ecc;
};

static int
setup(void **state)
{
    static struct fixture f;
    f.rsa = ek_builder_new("L-1");
    f.ecc = ek_builder_new("H-3");
    *state = &f;
    return hasher_new(&f.hasher) == STATUS_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    ek_builder_free(f->rsa);
    ek_builder_free(f->ecc);
    hasher_free(f->hasher);
    return 0;
}

static struct ek_certificate *
read_bytes(struct fixture *f, struct bytes in)
{
    struct ek_certificate *c = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, ek_certificate_parse_file(f->hasher, in, &c, &reasons));
    assert_non_null(c);
    assert_int_equal(reasons.n_items, 0);
    return c;
}

static struct ek_certificate *
make(struct fixture *f, const struct ek_builder *b, const struct ek_builder_spec *spec)
{
    CLEANUP(buffer_free) struct buffer der = {0};
    ek_builder_certificate(b, spec, NULL, &der);
    return read_bytes(f, buffer_bytes(&der));
}

static void
assert_malformed(struct fixture *f, struct bytes in, const char *what)
{
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, ek_certificate_parse_file(f->hasher, in, &c, &reasons));
    assert_null(c);
    assert_int_equal(reasons.n_items, 1);
    assert_int_equal(reasons.items[0].code, REASON_EK_MALFORMED);
    assert_string_equal(reasons.items[0].what, what);
}

static void
assert_usage_refused(const struct ek_certificate *c, uint32_t permitted, const char *what)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_false(ek_certificate_check(c, permitted, &reasons));
    assert_int_equal(reasons.n_items, 1);
    assert_int_equal(reasons.items[0].code, REASON_EK_USAGE);
    assert_string_equal(reasons.items[0].what, what);
}

static void
assert_usage_fits(const struct ek_certificate *c, uint32_t permitted)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_true(ek_certificate_check(c, permitted, &reasons));
    assert_int_equal(reasons.n_items, 0);
}

static void
reads_the_tpm_that_the_certificate_names(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->rsa);
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = make(f, f->rsa, &spec);
    assert_int_equal(c->kind, EK_CERTIFICATE_EK);
    assert_int_equal(c->oddities, 0);
    assert_true(c->tpm_present);
    assert_int_equal(c->manufacturer, 0x53544D20);
    assert_string_equal(c->model, "ST33HTPHAHD4");
    assert_string_equal(c->version, "id:00010102");
    assert_string_equal(c->subject, "");
    assert_string_equal(c->serial, "4d");
    assert_int_equal(c->not_before_s, spec.not_before_s);
    assert_int_equal(c->not_after_s, spec.not_after_s);
    assert_usage_fits(c, 0);
}

static void
reads_attributes_of_one_rdn(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    spec.one_rdn = true;
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = make(f, f->ecc, &spec);
    assert_true(c->tpm_present);
    assert_int_equal(c->manufacturer, 0x53544D20);
    assert_string_equal(c->model, "ST33HTPHAHD4");
    assert_usage_fits(c, 0);
}

static void
refuses_an_attribute_given_twice(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    CLEANUP(buffer_free) struct buffer der = {0};
    spec.twice = true;
    ek_builder_certificate(f->ecc, &spec, NULL, &der);
    assert_malformed(f, buffer_bytes(&der), "subjectAltName");
}

static void
refuses_a_manufacturer_that_is_no_id(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"STM ", "id:53544D2", "id:53544D200", "id:5354 D20",
                                      "ID:53544D20"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
        CLEANUP(buffer_free) struct buffer der = {0};
        spec.manufacturer = bad[i];
        ek_builder_certificate(f->ecc, &spec, NULL, &der);
        assert_malformed(f, buffer_bytes(&der), "subjectAltName");
    }
}

static void
wants_all_three_attributes(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    spec.version = NULL;
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = make(f, f->ecc, &spec);
    assert_false(c->tpm_present);
    assert_usage_refused(c, 0, "TPM attributes");
}

static void
escapes_what_a_certificate_says(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    spec.model = "a\x1b[2J\n";
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = make(f, f->ecc, &spec);
    assert_string_equal(c->model, "a\\x1b[2J\\x0a");
}

/* threats 17: padded NV data, and a header before the DER. */
static void
threat_17_header_and_padding_of_an_nv_index_are_accepted(void **state)
{
    struct fixture *f = *state;
    static const uint8_t padding[300] = {0xFF, 0xFF, 0x00};
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    CLEANUP(buffer_free) struct buffer der = {0};
    CLEANUP(buffer_free) struct buffer nv = {0};
    ek_builder_certificate(f->ecc, &spec, NULL, &der);
    buffer_append_be16(&nv, 0x1001);
    buffer_append_u8(&nv, 0);
    buffer_append_be16(&nv, (uint16_t)(der.size + 2));
    buffer_append_be16(&nv, 0x1002);
    buffer_append(&nv, buffer_bytes(&der));
    buffer_append(&nv, bytes_of(padding, sizeof padding));
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_bytes(f, buffer_bytes(&nv));
    assert_int_equal(c->oddities, EK_ODDITY_HEADER | EK_ODDITY_PADDING);
    assert_true(bytes_equal(buffer_bytes(&c->der), buffer_bytes(&der)));
    assert_usage_fits(c, 0);
}

/* The size then is the certificate's. */
static void
threat_17_header_without_its_second_stamp_is_accepted(void **state)
{
    struct fixture *f = *state;
    static const uint8_t padding[64] = {0xFF};
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    CLEANUP(buffer_free) struct buffer der = {0};
    CLEANUP(buffer_free) struct buffer nv = {0};
    ek_builder_certificate(f->ecc, &spec, NULL, &der);
    buffer_append_be16(&nv, 0x1001);
    buffer_append_u8(&nv, 0);
    buffer_append_be16(&nv, (uint16_t)der.size);
    buffer_append(&nv, buffer_bytes(&der));
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_bytes(f, buffer_bytes(&nv));
    assert_int_equal(c->oddities, EK_ODDITY_HEADER);
    assert_true(bytes_equal(buffer_bytes(&c->der), buffer_bytes(&der)));
    buffer_append(&nv, bytes_of(padding, sizeof padding));
    CLEANUP(ek_certificate_freep) struct ek_certificate *padded = read_bytes(f, buffer_bytes(&nv));
    assert_int_equal(padded->oddities, EK_ODDITY_HEADER | EK_ODDITY_PADDING);
    assert_malformed(f, bytes_slice(buffer_bytes(&nv), 0, 5), "DER");
    assert_malformed(f, bytes_slice(buffer_bytes(&nv), 0, 6), "DER");
    nv.data[3] = 0xFF; /* a size that reaches beyond the file */
    assert_malformed(f, buffer_bytes(&nv), "DER");
}

static void
threat_17_another_header_is_refused(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    CLEANUP(buffer_free) struct buffer der = {0};
    ek_builder_certificate(f->ecc, &spec, NULL, &der);
    static const uint16_t stamps[][2] = {{0x1003, 0x1002}, {0x1001, 0x1003}};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(buffer_free) struct buffer nv = {0};
        buffer_append_be16(&nv, stamps[i][0]);
        buffer_append_u8(&nv, 0);
        buffer_append_be16(&nv, (uint16_t)(der.size + 2));
        buffer_append_be16(&nv, stamps[i][1]);
        buffer_append(&nv, buffer_bytes(&der));
        assert_malformed(f, buffer_bytes(&nv), "DER");
    }
}

static void
threat_17_oaep_key_is_accepted(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->rsa);
    CLEANUP(buffer_free) struct buffer spki = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    spec.oaep = "yes";
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = make(f, f->rsa, &spec);
    assert_int_equal(c->oddities, EK_ODDITY_OAEP_KEY);
    assert_status(STATUS_OK, key_spki(f->rsa->ek, &spki));
    assert_true(ek_certificate_check_key(c, buffer_bytes(&spki), &reasons));
    assert_usage_fits(c, 0);
}

static void
threat_17_flag_of_a_ca_is_accepted(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->rsa);
    spec.basic_constraints = "CA:TRUE";
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = make(f, f->rsa, &spec);
    assert_int_equal(c->kind, EK_CERTIFICATE_EK);
    assert_int_equal(c->oddities, EK_ODDITY_CA_FLAG);
    assert_usage_fits(c, 0);
}

static void
accepts_a_missing_eku_only_where_policy_names_it(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->rsa);
    spec.extended_usage = NULL;
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = make(f, f->rsa, &spec);
    assert_usage_refused(c, 0, "missing-eku");
    assert_usage_fits(c, EK_ODDITY_MISSING_EKU);
}

static void
threat_17_another_purpose_is_refused(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->rsa);
    spec.extended_usage = "clientAuth";
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = make(f, f->rsa, &spec);
    assert_usage_refused(c, UINT32_MAX, "certificate kind");
}

static void
refuses_a_key_usage_that_is_no_eks(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->rsa);
    spec.key_usage = "critical,digitalSignature";
    CLEANUP(ek_certificate_freep) struct ek_certificate *rsa = make(f, f->rsa, &spec);
    assert_usage_refused(rsa, UINT32_MAX, "key usage");
    spec.key_usage = "critical,keyAgreement";
    CLEANUP(ek_certificate_freep) struct ek_certificate *agrees = make(f, f->rsa, &spec);
    assert_usage_refused(agrees, UINT32_MAX, "key usage");
    spec.key_usage = "critical,digitalSignature";
    CLEANUP(ek_certificate_freep) struct ek_certificate *ecc = make(f, f->ecc, &spec);
    assert_usage_refused(ecc, UINT32_MAX, "key usage");
}

static void
accepts_encipherment_for_ecc_only_where_policy_names_it(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    spec.key_usage = "critical,keyEncipherment";
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = make(f, f->ecc, &spec);
    assert_usage_refused(c, 0, "ecc-encipherment");
    assert_usage_fits(c, EK_ODDITY_ECC_ENCIPHERMENT);
}

static void
names_certificates_that_are_no_eks(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *usage;
        enum ek_certificate_kind kind;
    } rows[] = {{"2.23.133.8.2", EK_CERTIFICATE_PLATFORM},
                {"2.23.133.8.3", EK_CERTIFICATE_AK},
                {"serverAuth", EK_CERTIFICATE_OTHER}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
        spec.extended_usage = rows[i].usage;
        CLEANUP(ek_certificate_freep) struct ek_certificate *c = make(f, f->ecc, &spec);
        assert_int_equal(c->kind, rows[i].kind);
        assert_usage_refused(c, UINT32_MAX, "certificate kind");
    }
    CLEANUP(ek_certificate_freep)
    struct ek_certificate *ca = read_bytes(f, buffer_bytes(&f->ecc->intermediate.der));
    assert_int_equal(ca->kind, EK_CERTIFICATE_CA);
    assert_usage_refused(ca, UINT32_MAX, "certificate kind");
}

/* threats 17: key == EK. */
static void
threat_17_certificate_of_another_key_is_refused(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = make(f, f->ecc, &spec);
    CLEANUP(buffer_free) struct buffer spki = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, key_spki(f->rsa->ek, &spki));
    assert_false(ek_certificate_check_key(c, buffer_bytes(&spki), &reasons));
    assert_non_null(reasons_find(&reasons, REASON_EK_CERTIFICATE_KEY));
}

static void
reads_pem_with_text_around_it(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    CLEANUP(buffer_free) struct buffer der = {0};
    CLEANUP(buffer_free) struct buffer pem = {0};
    ek_builder_certificate(f->ecc, &spec, NULL, &der);
    buffer_append_text(&pem, "subject= x\n");
    ek_builder_pem("CERTIFICATE", buffer_bytes(&der), &pem);
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_bytes(f, buffer_bytes(&pem));
    assert_true(bytes_equal(buffer_bytes(&c->der), buffer_bytes(&der)));
    pem.data[pem.size / 2] = '*';
    assert_malformed(f, buffer_bytes(&pem), "PEM");
}

static void
refuses_every_prefix_of_a_certificate(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    CLEANUP(buffer_free) struct buffer der = {0};
    ek_builder_certificate(f->ecc, &spec, NULL, &der);
    for (size_t size = 0; size < der.size; size++)
        assert_malformed(f, bytes_of(der.data, size), "DER");
}

static void
refuses_more_than_the_limit(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zeros[LIMIT_CERT];
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    CLEANUP(buffer_free) struct buffer der = {0};
    ek_builder_certificate(f->ecc, &spec, NULL, &der);
    buffer_append(&der, bytes_of(zeros, sizeof zeros));
    assert_malformed(f, buffer_bytes(&der), "size");
}

static void
knows_each_oddity_by_name(void **state)
{
    (void)state;
    for (uint32_t bit = EK_ODDITY_HEADER; bit <= EK_ODDITY_ECC_ENCIPHERMENT; bit <<= 1)
        assert_int_equal(ek_oddity_parse(ek_oddity_name(bit)), bit);
    assert_int_equal(ek_oddity_parse("anything"), 0);
}

static void
tells_software_from_hardware(void **state)
{
    (void)state;
    assert_int_equal(tpm_kind_of(0x00001014, "swtpm"), TPM_KIND_SOFTWARE);
    assert_int_equal(tpm_kind_of(0x49424D00, "SW   TPM"), TPM_KIND_SOFTWARE);
    assert_int_equal(tpm_kind_of(0x53544D20, "swtpm"), TPM_KIND_SOFTWARE);
    assert_int_equal(tpm_kind_of(0x53544D20, "ST33"), TPM_KIND_DISCRETE);
    assert_int_equal(tpm_kind_of(0x414D4400, "AMD"), TPM_KIND_FIRMWARE);
    assert_int_equal(tpm_kind_of(0x474F4F47, "vTPM"), TPM_KIND_VIRTUAL);
    assert_int_equal(tpm_kind_of(0x41414141, ""), TPM_KIND_UNKNOWN);
}

/* Threat 17: the profile permits UTF8String and PrintableString. */
static void
threat_17_attributes_of_another_string_type_are_refused(void **state)
{
    struct fixture *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ecc);
    static const char id[] = "id:53544D20";
    static const uint8_t other_types[] = {0x14, 0x16}; /* T61, IA5 */
    for (size_t i = 0; i < sizeof other_types; i++) {
        CLEANUP(buffer_free) struct buffer der = {0};
        ek_builder_certificate(f->ecc, &spec, NULL, &der);
        uint8_t *at = memmem(der.data, der.size, id, sizeof id - 1);
        assert_non_null(at);
        assert_int_equal(0x0c, at[-2]);
        at[-2] = other_types[i];
        assert_malformed(f, buffer_bytes(&der), "subjectAltName");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_tpm_that_the_certificate_names),
        cmocka_unit_test(reads_attributes_of_one_rdn),
        cmocka_unit_test(refuses_an_attribute_given_twice),
        cmocka_unit_test(refuses_a_manufacturer_that_is_no_id),
        cmocka_unit_test(wants_all_three_attributes),
        cmocka_unit_test(escapes_what_a_certificate_says),
        cmocka_unit_test(threat_17_header_and_padding_of_an_nv_index_are_accepted),
        cmocka_unit_test(threat_17_header_without_its_second_stamp_is_accepted),
        cmocka_unit_test(threat_17_another_header_is_refused),
        cmocka_unit_test(threat_17_oaep_key_is_accepted),
        cmocka_unit_test(threat_17_flag_of_a_ca_is_accepted),
        cmocka_unit_test(accepts_a_missing_eku_only_where_policy_names_it),
        cmocka_unit_test(threat_17_another_purpose_is_refused),
        cmocka_unit_test(refuses_a_key_usage_that_is_no_eks),
        cmocka_unit_test(accepts_encipherment_for_ecc_only_where_policy_names_it),
        cmocka_unit_test(names_certificates_that_are_no_eks),
        cmocka_unit_test(threat_17_certificate_of_another_key_is_refused),
        cmocka_unit_test(reads_pem_with_text_around_it),
        cmocka_unit_test(refuses_every_prefix_of_a_certificate),
        cmocka_unit_test(refuses_more_than_the_limit),
        cmocka_unit_test(knows_each_oddity_by_name),
        cmocka_unit_test(tells_software_from_hardware),
        cmocka_unit_test(threat_17_attributes_of_another_string_type_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
