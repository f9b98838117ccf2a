/* SPDX-License-Identifier: Apache-2.0 */
/* from: untrusted TPM structures; to: their fields, borrowed; never: judges a magic, a type, an
 * attribute or an algorithm that it can read. */
#include "evidence/tpm_wire.h"

#define CLAUSE_ATTEST    "TPM2 P2 10.12.12"
#define CLAUSE_SIGNATURE "TPM2 P2 11.3.4"
#define CLAUSE_PUBLIC    "TPM2 P2 12.2.4"

/* The largest TPM2Bs of the structures below. */
#define NAME_MAX_SIZE       (2 + ALG_MAX_SIZE) /* TPM2B_NAME: an algorithm and a digest */
#define DATA_MAX_SIZE       (2 + ALG_MAX_SIZE) /* TPM2B_DATA: as large as a TPMT_HA */
#define RSA_MAX_SIZE        512u               /* RSA-4096 */
#define COORDINATE_MAX_SIZE 66u                /* P-521 */

#define RSA_EXPONENT_DEFAULT 65537u

/* Algorithms that are only skipped over, or known to be refused. [TCG Algorithm Registry] */
#define ALG_TDES       0x0003u
#define ALG_KEYEDHASH  0x0008u
#define ALG_SM4        0x0013u
#define ALG_RSAES      0x0015u
#define ALG_OAEP       0x0017u
#define ALG_ECDH       0x0019u
#define ALG_SYMCIPHER  0x0025u
#define ALG_CAMELLIA   0x0026u
#define ALG_MLKEM      0x00A0u
#define ALG_MLDSA      0x00A1u
#define ALG_HASH_MLDSA 0x00A2u

/* A cursor that can also give up: at a union's selector that we have no layout for nothing behind
 * it can be read. What was wrong first is what is told. */
struct wire {
    struct reader r;
    bool unsupported;
    size_t unsupported_at;
};

static void
give_up(struct wire *w)
{
    if (w->r.failed || w->unsupported)
        return;
    w->unsupported = true;
    w->unsupported_at = w->r.offset - sizeof(uint16_t);
}

static enum status
finish(const struct wire *w, const char *clause, struct diag *diag)
{
    if (!w->unsupported)
        return reader_end(&w->r, clause, diag);
    return diag_set(diag, STATUS_UNSUPPORTED, clause, w->unsupported_at,
                    "an algorithm that is not supported");
}

/* TPMI_YES_NO: 0 or 1, nothing else. [TPM2 P2 9.2] */
static bool
read_yes_no(struct reader *r)
{
    uint8_t v = reader_u8(r);
    if (v > 1)
        reader_fail(r);
    return v == 1;
}

enum status
tpm_attest_parse(struct bytes in, struct tpm_attest *out, struct diag *diag)
{
    struct reader r = reader_of(in);
    *out = (struct tpm_attest){0};
    struct tpm_attest a = {.magic = reader_be32(&r), .type = reader_be16(&r)};
    if (!r.failed && (a.magic != TPM_GENERATED_VALUE || a.type != TPM_ST_ATTEST_QUOTE)) {
        *out = a;
        return STATUS_OK;
    }
    a.qualified_signer = reader_tpm2b(&r, NAME_MAX_SIZE);
    a.extra_data = reader_tpm2b(&r, DATA_MAX_SIZE);
    a.clock_ms = reader_be64(&r); /* TPMS_CLOCK_INFO [TPM2 P2 10.11.1] */
    a.reset_count = reader_be32(&r);
    a.restart_count = reader_be32(&r);
    a.safe = read_yes_no(&r);
    a.firmware_version = reader_be64(&r);
    selection_parse(&r, &a.selection); /* TPMS_QUOTE_INFO [TPM2 P2 10.12.1] */
    a.pcr_digest = reader_tpm2b(&r, ALG_MAX_SIZE);
    enum status s = reader_end(&r, CLAUSE_ATTEST, diag);
    if (s == STATUS_OK)
        *out = a;
    return s;
}

enum status
tpm_signature_parse(struct bytes in, struct tpm_signature *out, struct diag *diag)
{
    struct wire w = {.r = reader_of(in)};
    *out = (struct tpm_signature){0};
    struct tpm_signature sig = {.scheme = reader_be16(&w.r)};
    switch (sig.scheme) {
    case TPM_ALG_RSASSA:
    case TPM_ALG_RSAPSS:
        sig.hash = reader_be16(&w.r);
        sig.rsa = reader_tpm2b(&w.r, RSA_MAX_SIZE);
        break;
    case TPM_ALG_ECDSA:
        sig.hash = reader_be16(&w.r);
        sig.r = reader_tpm2b(&w.r, COORDINATE_MAX_SIZE);
        sig.s = reader_tpm2b(&w.r, COORDINATE_MAX_SIZE);
        break;
    default:
        give_up(&w);
        break;
    }
    enum status s = finish(&w, CLAUSE_SIGNATURE, diag);
    if (s == STATUS_OK)
        *out = sig;
    return s;
}

/* TPMT_SYM_DEF_OBJECT. [TPM2 P2 11.1.7] */
static void
read_symmetric(struct wire *w, struct tpm_public *pub)
{
    pub->symmetric = reader_be16(&w->r);
    switch (pub->symmetric) {
    case TPM_ALG_NULL:
        break;
    case TPM_ALG_AES:
    case ALG_TDES:
    case ALG_SM4:
    case ALG_CAMELLIA:
        pub->symmetric_bits = reader_be16(&w->r);
        pub->symmetric_mode = reader_be16(&w->r);
        break;
    default:
        give_up(w);
        break;
    }
}

/* TPMT_RSA_SCHEME, TPMT_ECC_SCHEME. [TPM2 P2 11.2.4.2, 11.2.5.6] */
static void
read_scheme(struct wire *w, struct tpm_public *pub)
{
    pub->scheme = reader_be16(&w->r);
    switch (pub->scheme) {
    case TPM_ALG_NULL:
    case ALG_RSAES:
        break;
    case TPM_ALG_RSASSA:
    case TPM_ALG_RSAPSS:
    case TPM_ALG_ECDSA:
    case ALG_OAEP:
    case ALG_ECDH:
        pub->scheme_hash = reader_be16(&w->r);
        break;
    case TPM_ALG_ECDAA:
        pub->scheme_hash = reader_be16(&w->r);
        (void)reader_be16(&w->r); /* count */
        break;
    default:
        give_up(w);
        break;
    }
}

/* TPMS_RSA_PARMS and TPM2B_PUBLIC_KEY_RSA. [TPM2 P2 12.2.3.5, 11.2.4.5] */
static void
read_rsa(struct wire *w, struct tpm_public *pub)
{
    read_symmetric(w, pub);
    read_scheme(w, pub);
    pub->key_bits = reader_be16(&w->r);
    pub->exponent = reader_be32(&w->r);
    if (pub->exponent == 0)
        pub->exponent = RSA_EXPONENT_DEFAULT;
    pub->modulus = reader_tpm2b(&w->r, RSA_MAX_SIZE);
}

/* TPMI_ECC_CURVE; the size of its field goes to key_bits. [TPM2 P2 11.2.5.5] */
static void
read_curve(struct wire *w, struct tpm_public *pub)
{
    pub->curve = reader_be16(&w->r);
    switch (pub->curve) {
    case TPM_ECC_P256:
        pub->key_bits = 256;
        break;
    case TPM_ECC_P384:
        pub->key_bits = 384;
        break;
    case TPM_ECC_P521:
        pub->key_bits = 521;
        break;
    default:
        give_up(w);
        break;
    }
}

/* TPMS_ECC_PARMS and TPMS_ECC_POINT. [TPM2 P2 12.2.3.6, 11.2.5.2] */
static void
read_ecc(struct wire *w, struct tpm_public *pub)
{
    read_symmetric(w, pub);
    read_scheme(w, pub);
    read_curve(w, pub);
    if (reader_be16(&w->r) != TPM_ALG_NULL) /* TPMT_KDF_SCHEME */
        (void)reader_be16(&w->r);
    pub->x = reader_tpm2b(&w->r, COORDINATE_MAX_SIZE);
    pub->y = reader_tpm2b(&w->r, COORDINATE_MAX_SIZE);
}

/* TPMI_ALG_PUBLIC. The other types that exist are not supported; what is no type at all is more
 * likely the size of a TPM2B_PUBLIC that was cut. [TPM2 P2 12.2.2; 1.85 adds the last three] */
static void
read_type(struct wire *w, struct tpm_public *pub)
{
    pub->type = reader_be16(&w->r);
    switch (pub->type) {
    case TPM_ALG_RSA:
    case TPM_ALG_ECC:
        break;
    case ALG_KEYEDHASH:
    case ALG_SYMCIPHER:
    case ALG_MLKEM:
    case ALG_MLDSA:
    case ALG_HASH_MLDSA:
        give_up(w);
        break;
    default:
        reader_fail(&w->r);
        break;
    }
}

/* A TPM2B_PUBLIC without its size. The size of one cannot be taken for a type: no public area of
 * type RSA (0x0001) or ECC (0x0023) is as small as 3 or 37 bytes. */
static struct bytes
strip_size(struct bytes in)
{
    struct reader r = reader_of(in);
    uint16_t size = reader_be16(&r);
    return !r.failed && size == reader_left(&r) ? reader_rest(&r) : in;
}

enum status
tpm_public_parse(struct bytes in, struct tpm_public *out, struct diag *diag)
{
    *out = (struct tpm_public){0};
    struct tpm_public pub = {.area = strip_size(in)};
    struct wire w = {.r = reader_of(pub.area)};
    read_type(&w, &pub);
    pub.name_alg = reader_be16(&w.r);
    pub.attributes = reader_be32(&w.r);
    pub.auth_policy = reader_tpm2b(&w.r, ALG_MAX_SIZE);
    if (pub.type == TPM_ALG_RSA)
        read_rsa(&w, &pub);
    else
        read_ecc(&w, &pub);
    enum status s = finish(&w, CLAUSE_PUBLIC, diag);
    if (s == STATUS_OK)
        *out = pub;
    return s;
}

/* Append be16 alg || alg(parts). */
static enum status
append_name(struct hasher *h, uint16_t alg, const struct bytes *parts, size_t n_parts,
            struct buffer *out)
{
    struct digest d;
    enum status s = digest_compute_parts(h, alg, parts, n_parts, &d);
    if (s != STATUS_OK)
        return s;
    buffer_append_be16(out, alg);
    buffer_append(out, digest_bytes(&d));
    return buffer_check(out);
}

enum status
tpm_name(struct hasher *h, const struct tpm_public *pub, struct buffer *out)
{
    return append_name(h, pub->name_alg, &pub->area, 1, out);
}

enum status
tpm_qualified_name(struct hasher *h, uint32_t hierarchy, struct bytes name, struct buffer *out)
{
    uint8_t handle[sizeof hierarchy];
    for (size_t i = 0; i < sizeof handle; i++)
        handle[i] = (uint8_t)(hierarchy >> (8 * (sizeof handle - 1 - i)));
    struct reader r = reader_of(name);
    uint16_t alg = reader_be16(&r);
    const struct bytes parts[] = {bytes_of(handle, sizeof handle), name};
    return append_name(h, alg, parts, sizeof parts / sizeof parts[0], out);
}
