/* SPDX-License-Identifier: Apache-2.0 */
/* Every certificate of the corpus is read for what it is, and each that may stand for an EK says of
 * which TPM; those of the recorded machines lead to their roots. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/ek_chain.h"
#include "tests/lib/test.h"

#include <string.h>

static struct ek_certificate *
read_corpus(struct hasher *h, const char *path)
{
    struct ek_certificate *c = NULL;
    CLEANUP(buffer_free) struct buffer content = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    test_corpus(path, &content);
    assert_status(STATUS_OK, ek_certificate_parse_file(h, buffer_bytes(&content), &c, &reasons));
    if (!c)
        fail_msg("%s: %s: %s", path, reason_code_name(reasons.items[0].code),
                 reasons.items[0].what);
    return c;
}

/* What the manifest calls an EK CA's or a platform certificate but is none. */
static bool
is_signing_key(const char *path)
{
    return strstr(path, "IntelSigningKey") != NULL;
}

static void
check_line(struct hasher *h, const char *path, const char *kind, unsigned *n)
{
    static const struct {
        const char *name;
        enum ek_certificate_kind kind;
    } kinds[] = {{"ek-ca", EK_CERTIFICATE_CA}, {"platform-cert", EK_CERTIFICATE_PLATFORM}};
    for (size_t i = 0; i < 2; i++) {
        if (!text_equal(kind, kinds[i].name))
            continue;
        CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_corpus(h, path);
        enum ek_certificate_kind expected =
            is_signing_key(path) ? EK_CERTIFICATE_OTHER : kinds[i].kind;
        if (c->kind != expected)
            fail_msg("%s is read as %s", path, ek_certificate_kind_name(c->kind));
        (*n)++;
    }
}

static void
names_every_ca_and_platform_certificate(void **state)
{
    CLEANUP(buffer_free) struct buffer manifest = {0};
    unsigned n = 0;
    test_corpus("MANIFEST.tsv", &manifest);
    char *rest = buffer_text(&manifest);
    assert_non_null(rest);
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        const char *path = strsep(&line, "\t");
        const char *kind = strsep(&line, "\t");
        if (kind)
            check_line(*state, path, kind, &n);
    }
    assert_true(n >= 53);
}

/* what: why it may not stand for an EK; NULL when it may. */
static const struct row {
    const char *path;
    enum ek_certificate_kind kind;
    uint32_t oddities;
    uint32_t manufacturer;
    const char *model;
    const char *what;
} rows[] = {
    {"google+go-tpm-tools/pca_tpm_ecc_enc_cert.pem", EK_CERTIFICATE_EK, EK_ODDITY_MISSING_EKU, 0,
     "", "TPM attributes"},
    {"google+go-tpm-tools/pca_tpm_rsa_enc_cert.pem", EK_CERTIFICATE_EK, EK_ODDITY_MISSING_EKU, 0,
     "", "TPM attributes"},
    {"google+go-tpm-tools/pca_tpm_rsa_sign_cert.pem", EK_CERTIFICATE_OTHER, 0, 0, "",
     "certificate kind"},
    {"google+go-tpm-tools/uca_tpm_rsa_enc_cert.pem", EK_CERTIFICATE_EK, 0, 0x474F4F47, "vTPM",
     NULL},
    {"keylime+keylime/iak_idevid_chain.pem", EK_CERTIFICATE_CA, 0, 0, "", "certificate kind"},
    {"nsacyber+HIRS/ab21ccf2-tpmcert.pem", EK_CERTIFICATE_EK,
     EK_ODDITY_OAEP_KEY | EK_ODDITY_NO_KEY_USAGE, 0x53544D20, "ST33ZP24PVSP", NULL},
    {"nsacyber+HIRS/ek_cert.der", EK_CERTIFICATE_EK, EK_ODDITY_MISSING_EKU, 0, "",
     "TPM attributes"},
    {"nsacyber+HIRS/ek_cert_untouched.cer", EK_CERTIFICATE_EK,
     EK_ODDITY_HEADER | EK_ODDITY_OAEP_KEY | EK_ODDITY_NO_KEY_USAGE, 0x53544D20, "ST33ZP24PVSP",
     NULL},
    {"nsacyber+HIRS/tpmcert.pem", EK_CERTIFICATE_EK, EK_ODDITY_OAEP_KEY | EK_ODDITY_NO_KEY_USAGE,
     0x53544D20, "ST33ZP24PVSP", NULL},
    {"openeuler-mirror+kunpengsecl/ECC_EK_cert.bin", EK_CERTIFICATE_EK,
     EK_ODDITY_PADDING | EK_ODDITY_ECC_ENCIPHERMENT, 0x4E545A00, "Z32H330TC", "ecc-encipherment"},
};

static void
reads_each_ek_certificate_with_its_oddities(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_corpus(*state, row->path);
        CLEANUP(reasons_free) struct reasons reasons = {0};
        if (c->kind != row->kind || c->oddities != row->oddities)
            fail_msg("%s: %s, oddities %x", row->path, ek_certificate_kind_name(c->kind),
                     c->oddities);
        assert_int_equal(c->manufacturer, row->manufacturer);
        assert_string_equal(c->model, row->model);
        assert_non_null(c->key);
        assert_int_equal(ek_certificate_check(c, 0, &reasons), row->what == NULL);
        if (row->what)
            assert_string_equal(reasons.items[0].what, row->what);
    }
}

/* Machine and EK certificate, as each maker names them. */
static const struct machine {
    const char *path, *manufacturer, *model, *version, *serial, *holder_serial;
} machines[] = {
    {"google+go-attestation/Intel_pc1.cer", "Intel", "S2600KP", "H76962-350", "",
     "4ec0c316cbdf7f039e97a14145468b0320633de7"},
    {"google+go-attestation/Intel_pc4.cer", "Intel", "DE3815TYKH", "H26998-402",
     "G6YK42300C87,GETY421001GV", "0700818567ff35791690d2d404945df56b0e6dc7"},
    {"google+go-attestation/lenovo.cer", "LENOVO", "20L7002BUS", "ThinkPad T480s",
     "PF0ZAQSW_L1HF7CS001A", "1dbe16a4fc3109710ad21f2b350ffd17ba604c0c"},
    {"nsacyber+HIRS/fakeSGI_J2_F00F00F0.pem", "SGI", "Jupiter2", "J2", "",
     "5864642ac8a29155095b3f9e3bc3f3d2537ac54c"},
    {"nsacyber+HIRS/flawed_attribute_cert_2187.pem", "innotek GmbH", "VirtualBox", "1.2", "0",
     "01642813778a"},
};

static void
reads_which_machine_a_platform_certificate_names(void **state)
{
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        const struct machine *m = &machines[i];
        CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_corpus(*state, m->path);
        assert_non_null(c->platform);
        assert_true(c->platform->attribute_certificate);
        assert_string_equal(m->manufacturer, c->platform->manufacturer);
        assert_string_equal(m->model, c->platform->model);
        assert_string_equal(m->version, c->platform->version);
        assert_string_equal(m->serial, c->platform->serial);
        assert_string_equal(m->holder_serial, c->platform->holder_serial);
        assert_true(c->issuer[0] == '/' && c->platform->holder_issuer[0] == '/');
        assert_true(c->serial[0] != '\0' && c->not_after_s > c->not_before_s);
    }
}

static void
add(struct ek_roots *roots, enum ek_roots_part part, const char *format, const char *boot)
{
    char path[128];
    struct diag diag = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    (void)snprintf(path, sizeof path, "measured-boots/%s/pki/%s", boot, format);
    test_corpus(path, &content);
    assert_status(STATUS_OK, ek_roots_add(roots, part, buffer_bytes(&content), &diag));
}

static void
check_machine(struct hasher *h, const char *boot, const char *name)
{
    char path[128];
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct ek_chain chain;
    assert_status(STATUS_OK, ek_roots_new(&roots));
    add(roots, EK_ROOTS_ANCHORS, "swtpm-localca-rootca-cert.pem", boot);
    add(roots, EK_ROOTS_BUNDLE, "issuercert.pem", boot);
    (void)snprintf(path, sizeof path, "measured-boots/%s/quote/%s", boot, name);
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_corpus(h, path);
    struct ek_chain_input in = {.certificate = c, .now_s = c->not_before_s + 86400};
    assert_status(STATUS_OK, ek_chain_verify(h, roots, &in, &chain, &reasons));
    if (reasons.n_items > 0)
        fail_msg("%s: %s: %s", path, reason_code_name(reasons.items[0].code),
                 reasons.items[0].what);
    assert_int_equal(chain.standing, EK_STANDING_SOFTWARE);
    assert_int_equal(chain.depth, 2);
}

static void
verifies_every_recorded_machine(void **state)
{
    static const char *const boots[] = {"A", "B", "C", "D1", "E2", "K"};
    for (size_t i = 0; i < sizeof boots / sizeof boots[0]; i++) {
        check_machine(*state, boots[i], "ek-rsa.crt.der");
        check_machine(*state, boots[i], "ek-ecc-p384.crt.der");
    }
}

/* The CAs of Nationz by their own word, and the EK by theirs: an ECC path of a real vendor. */
static void
verifies_a_real_vendors_path_once_its_oddity_is_named(void **state)
{
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(buffer_free) struct buffer ca = {0};
    struct diag diag = {0};
    struct ek_chain chain;
    CLEANUP(ek_certificate_freep)
    struct ek_certificate *c = read_corpus(*state, "openeuler-mirror+kunpengsecl/ECC_EK_cert.bin");
    test_corpus("kgoldman+ibmtss/NationZEkMfrCA001.crt", &ca);
    assert_status(STATUS_OK, ek_roots_new(&roots));
    assert_status(STATUS_OK, ek_roots_add(roots, EK_ROOTS_ANCHORS, buffer_bytes(&ca), &diag));
    struct ek_chain_input in = {.certificate = c,
                                .now_s = c->not_before_s + 86400,
                                .permitted = EK_ODDITY_ECC_ENCIPHERMENT};
    assert_status(STATUS_OK, ek_chain_verify(*state, roots, &in, &chain, &reasons));
    if (reasons.n_items > 0)
        fail_msg("%s: %s", reason_code_name(reasons.items[0].code), reasons.items[0].what);
    assert_int_equal(chain.standing, EK_STANDING_VERIFIED);
    assert_int_equal(chain.kind, TPM_KIND_DISCRETE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_ca_and_platform_certificate),
        cmocka_unit_test(reads_each_ek_certificate_with_its_oddities),
        cmocka_unit_test(reads_which_machine_a_platform_certificate_names),
        cmocka_unit_test(verifies_every_recorded_machine),
        cmocka_unit_test(verifies_a_real_vendors_path_once_its_oddity_is_named),
    };
    return cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
}
