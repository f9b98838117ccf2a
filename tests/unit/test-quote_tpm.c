/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes that TPMs made: tests/vectors/quotes (scripts/make-vectors), and the recorded boots of the
 * corpus. Each verifies; each with one bit of any one byte changed does not.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/quote.h"
#include "tests/lib/test.h"
#include "tests/lib/tpm_builder.h"

#include <string.h>

struct recorded {
    struct buffer public_area;
    struct buffer attest;
    struct buffer signature;
    struct buffer pcrs;
    struct buffer nonce;
    struct selection selection;
    struct ak *ak;
    struct freshness *freshness;
    struct evidence evidence;
};

static void
recorded_free(struct recorded *r)
{
    buffer_free(&r->public_area);
    buffer_free(&r->attest);
    buffer_free(&r->signature);
    buffer_free(&r->pcrs);
    buffer_free(&r->nonce);
    ak_free(r->ak);
    freshness_free(r->freshness);
}

/* One line of hex. */
static void
parse_line(struct buffer *line, struct buffer *out)
{
    char *text = buffer_text(line);
    assert_non_null(text);
    text[strcspn(text, "\n")] = '\0';
    assert_status(STATUS_OK, text_parse_hex(text, out));
}

static void
put_member(struct evidence *e, enum evidence_member member, const struct buffer *content)
{
    e->present[member] = true;
    e->member[member] = buffer_bytes(content);
}

/* What follows from the files read. */
static void
prepare(struct recorded *r)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK,
                  ak_parse(test_hasher, buffer_bytes(&r->public_area), &r->ak, &reasons));
    assert_non_null(r->ak);
    assert_status(STATUS_OK,
                  freshness_given(buffer_bytes(&r->nonce), &r->selection, &r->freshness));
    put_member(&r->evidence, EVIDENCE_QUOTE, &r->attest);
    put_member(&r->evidence, EVIDENCE_SIGNATURE, &r->signature);
    put_member(&r->evidence, EVIDENCE_PCRS, &r->pcrs);
}

static void
claim(enum reason_code expected, const struct recorded *r, const struct freshness *f,
      const struct ak *ak)
{
    CLEANUP(quote_freep) struct quote *q = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, quote_verify(test_hasher, &r->evidence, ak, f, &q, &reasons));
    assert_int_equal(expected == REASON_NONE, q != NULL);
    assert_int_equal(q ? 0 : 1, reasons.n_items);
    if (!q)
        assert_string_equal(reason_code_name(expected), reason_code_name(reasons.items[0].code));
}

/* One bit of each byte in turn, another bit from byte to byte. A build that is watched (valgrind)
 * takes every seventh: it looks for wrong reads, and the plain build claims the rest. */
static void
claim_every_byte_counts(const struct recorded *r, struct buffer *member)
{
    const size_t step = getenv("ATTESTD_TEST_SPARSE") ? 7 : 1;
    for (size_t at = 0; at < member->size; at += step) {
        CLEANUP(quote_freep) struct quote *q = NULL;
        CLEANUP(reasons_free) struct reasons reasons = {0};
        member->data[at] ^= (uint8_t)(1u << at % 8);
        assert_status(STATUS_OK,
                      quote_verify(test_hasher, &r->evidence, r->ak, r->freshness, &q, &reasons));
        assert_null(q);
        assert_int_equal(1, reasons.n_items);
        member->data[at] ^= (uint8_t)(1u << at % 8);
    }
}

static void
claim_all(struct recorded *r)
{
    CLEANUP(freshness_freep) struct freshness *other = NULL;
    CLEANUP(buffer_free) struct buffer spki = {0};
    CLEANUP(ak_freep) struct ak *bare = NULL;
    claim(REASON_NONE, r, r->freshness, r->ak);
    claim_every_byte_counts(r, &r->attest);
    claim_every_byte_counts(r, &r->signature);
    claim_every_byte_counts(r, &r->pcrs);
    assert_status(STATUS_OK, key_spki(ak_key(r->ak), &spki));
    assert_status(STATUS_OK, ak_parse_spki(buffer_bytes(&spki), &bare, NULL));
    claim(REASON_NONE, r, r->freshness, bare);
    r->nonce.data[0] ^= 1;
    assert_status(STATUS_OK, freshness_given(buffer_bytes(&r->nonce), &r->selection, &other));
    claim(REASON_QUOTE_EXTRA_DATA, r, other, r->ak);
    claim(REASON_NONE, r, r->freshness, r->ak);
}

static void
load_vector(const char *name, const char *file, struct buffer *out)
{
    char path[96];
    (void)snprintf(path, sizeof path, "tests/vectors/quotes/%s/%s", name, file);
    test_source(path, out);
}

static void
open_vector(const char *name, struct recorded *r)
{
    CLEANUP(buffer_free) struct buffer nonce = {0}, select = {0};
    *r = (struct recorded){0};
    load_vector(name, "public", &r->public_area);
    load_vector(name, "attest", &r->attest);
    load_vector(name, "signature", &r->signature);
    load_vector(name, "pcrs", &r->pcrs);
    load_vector(name, "qualifying-data", &nonce);
    load_vector(name, "select", &select);
    parse_line(&nonce, &r->nonce);
    char *text = buffer_text(&select);
    text[strcspn(text, "\n")] = '\0';
    r->selection = tpm_builder_selection(text);
    prepare(r);
}

static const struct {
    const char *name;
    const char *key;
} vectors[] = {
    {"ecdsa-p256", "ecdsa-p256-sha256"},
    {"ecdsa-p256-one-pcr", "ecdsa-p256-sha256"},
    {"ecdsa-p256-sha384-bank", "ecdsa-p256-sha256"},
    {"ecdsa-p256-sha384-scheme", "ecdsa-p256-sha384"},
    {"ecdsa-p256-three-banks", "ecdsa-p256-sha256"},
    {"ecdsa-p384", "ecdsa-p384-sha384"},
    {"ecdsa-p384-three-banks", "ecdsa-p384-sha384"},
    {"rsassa", "rsassa-2048-sha256"},
    {"rsassa-sha512", "rsassa-2048-sha512"},
    {"rsassa-three-banks", "rsassa-2048-sha256"},
    {"rsapss", "rsapss-2048-sha256"},
    {"rsapss-3072", "rsapss-3072-sha384"},
    {"rsapss-sha384-three-banks", "rsapss-2048-sha384"},
};

static void
vectors_verify_and_every_byte_of_them_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        CLEANUP(recorded_free) struct recorded r = {0};
        char text[32];
        print_message("%s\n", vectors[i].name);
        open_vector(vectors[i].name, &r);
        assert_string_equal(vectors[i].key, ak_describe(r.ak, text, sizeof text));
        claim_all(&r);
    }
}

/* The TPM's own word on the Qualified Name, and what it signed. */
static void
vectors_are_signed_by_a_primary_of_the_endorsement_hierarchy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        CLEANUP(recorded_free) struct recorded r = {0};
        CLEANUP(buffer_free) struct buffer name = {0};
        struct tpm_attest a;
        open_vector(vectors[i].name, &r);
        load_vector(vectors[i].name, "qualified-name", &name);
        assert_true(bytes_equal(buffer_bytes(&name), ak_qualified_name(r.ak)));
        assert_status(STATUS_OK, tpm_attest_parse(buffer_bytes(&r.attest), &a, NULL));
        assert_true(bytes_equal(buffer_bytes(&name), a.qualified_signer));
    }
}

static void
vector_over_another_selection_is_refused(void **state)
{
    (void)state;
    CLEANUP(recorded_free) struct recorded r = {0};
    CLEANUP(freshness_freep) struct freshness *f = NULL;
    open_vector("ecdsa-p256-one-pcr", &r);
    const struct selection pcr_4 = tpm_builder_selection("sha256:4");
    assert_status(STATUS_OK, freshness_given(buffer_bytes(&r.nonce), &pcr_4, &f));
    claim(REASON_QUOTE_SELECTION, &r, f, r.ak);
}

/*
 * tpm2-tools' serialized form: C structures of a little-endian machine. A count and 16 banks of 8
 * bytes; then a count of lists, each a count and 8 digests, each a 16-bit size and 64 bytes.
 */
#define SERIAL_LISTS_AT 132u
#define SERIAL_N        8u

static void
unpack_serialized(struct buffer *pcrs)
{
    CLEANUP(buffer_free) struct buffer values = {0};
    struct reader r = reader_of(buffer_bytes(pcrs));
    (void)reader_bytes(&r, SERIAL_LISTS_AT);
    for (uint32_t n_lists = reader_le32(&r); n_lists > 0; n_lists--) {
        uint32_t n_digests = reader_le32(&r);
        for (uint32_t i = 0; i < SERIAL_N; i++) {
            size_t size = reader_le16(&r);
            struct bytes digest = reader_bytes(&r, ALG_MAX_SIZE);
            if (i < n_digests)
                buffer_append(&values, bytes_slice(digest, 0, size));
        }
    }
    assert_status(STATUS_OK, reader_end(&r, "serialized", NULL));
    buffer_reset(pcrs);
    buffer_append(pcrs, buffer_bytes(&values));
}

static void
load_boot(const char *boot, const char *file, struct buffer *out)
{
    char path[96];
    (void)snprintf(path, sizeof path, "measured-boots/%s/quote/%s", boot, file);
    test_corpus(path, out);
}

static void
open_boot(const char *boot, const char *key, const char *bank, struct recorded *r)
{
    CLEANUP(buffer_free) struct buffer nonce = {0};
    char file[32];
    char select[32];
    *r = (struct recorded){0};
    (void)snprintf(file, sizeof file, "ak-%s.pub", key);
    load_boot(boot, file, &r->public_area);
    (void)snprintf(file, sizeof file, "quote-%s-%s.msg", key, bank);
    load_boot(boot, file, &r->attest);
    (void)snprintf(file, sizeof file, "quote-%s-%s.sig", key, bank);
    load_boot(boot, file, &r->signature);
    (void)snprintf(file, sizeof file, "quote-%s-%s.pcrs", key, bank);
    load_boot(boot, file, &r->pcrs);
    load_boot(boot, "nonce.hex", &nonce);
    parse_line(&nonce, &r->nonce);
    (void)snprintf(select, sizeof select, "%s:0-15", bank);
    r->selection = tpm_builder_selection(select);
    if (r->pcrs.size != 16 * alg_size(r->selection.banks[0].alg))
        unpack_serialized(&r->pcrs);
    prepare(r);
}

static void
quotes_of_recorded_boots_verify_and_every_byte_of_them_counts(void **state)
{
    (void)state;
    static const char *const boots[] = {"A", "B", "C", "D1", "E2", "K"};
    static const char *const keys[] = {"ecc", "rsa"};
    static const char *const banks[] = {"sha1", "sha256", "sha384"};
    for (size_t i = 0; i < 36; i++) {
        CLEANUP(recorded_free) struct recorded r = {0};
        open_boot(boots[i / 6], keys[i / 3 % 2], banks[i % 3], &r);
        claim_all(&r);
    }
}

/* Two boots of the same machine: the key was made anew, and PCRs differ. */
static void
quote_of_one_boot_is_not_by_the_key_of_another(void **state)
{
    (void)state;
    CLEANUP(recorded_free) struct recorded a = {0}, b = {0};
    open_boot("A", "ecc", "sha256", &a);
    open_boot("B", "ecc", "sha256", &b);
    claim(REASON_QUOTE_SIGNATURE, &a, a.freshness, b.ak);
    a.evidence.member[EVIDENCE_PCRS] = buffer_bytes(&b.pcrs);
    claim(REASON_QUOTE_COMPOSITE, &a, a.freshness, a.ak);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_verify_and_every_byte_of_them_counts),
        cmocka_unit_test(vectors_are_signed_by_a_primary_of_the_endorsement_hierarchy),
        cmocka_unit_test(vector_over_another_selection_is_refused),
        cmocka_unit_test(quotes_of_recorded_boots_verify_and_every_byte_of_them_counts),
        cmocka_unit_test(quote_of_one_boot_is_not_by_the_key_of_another),
    };
    return cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
}
