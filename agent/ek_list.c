/* SPDX-License-Identifier: Apache-2.0 */
/* from: a TPM; to: its endorsement keys and their certificates; never: judges a certificate, which
 * is the verifier's, but that it is for the key beside it. [EK Credential
 * Profile 2.5 2.2.1.4, 2.2.1.5] */
#include "agent/ek_list.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/ak.h"
#include "evidence/ek_certificate.h"
#include "evidence/tpm_wire.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#define CLAUSE         "ek"
#define NV_EK_FIRST    0x01C00002u
#define NV_EK_LAST     0x01C0001Fu
#define NV_CHAIN_FIRST 0x01C00100u
#define NV_CHAIN_LAST  0x01C001FFu
#define CHAIN_SIZE     (LIMIT_CERTS * LIMIT_CERT)

static void
free_certificate(X509 **certificate)
{
    X509_free(*certificate);
}

/* The DER object at the start of in; what follows in NV is filler. Empty when there is none. */
static struct bytes
trim_der(struct bytes in)
{
    const unsigned char *p = in.data;
    long size = 0;
    int tag = 0;
    int class = 0;
    if (in.size == 0 || in.size > INT32_MAX ||
        (ASN1_get_object(&p, &size, &tag, &class, (long)in.size) & 0x80) != 0 ||
        tag != V_ASN1_SEQUENCE || size < 0)
        return bytes_of(NULL, 0);
    return bytes_slice(in, 0, (size_t)(p - in.data) + (size_t)size);
}

/* The key of a certificate. Old EK certificates name RSAES-OAEP as its algorithm, which OpenSSL
 * does not take for a key: then it is read as the RSA key that it is. [EK Credential
 * Profile 2.5 3.2] */
static EVP_PKEY *
certificate_key(X509 *certificate)
{
    EVP_PKEY *key = X509_get_pubkey(certificate);
    if (key)
        return key;
    const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(certificate);
    if (!bits)
        return NULL;
    const unsigned char *p = ASN1_STRING_get0_data(bits);
    return d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, ASN1_STRING_length(bits));
}

static bool
is_for_key(struct bytes der, EVP_PKEY *key)
{
    const unsigned char *p = der.data;
    CLEANUP(free_certificate) X509 *certificate = d2i_X509(NULL, &p, (long)der.size);
    CLEANUP(evp_pkey_freep) EVP_PKEY *certified = certificate ? certificate_key(certificate) : NULL;
    return certified && EVP_PKEY_eq(certified, key) == 1;
}

static void
free_ek(struct ek_list_item *e)
{
    buffer_free(&e->public_area);
    buffer_free(&e->spki);
    buffer_free(&e->certificate);
}

void
ek_list_free(struct ek_list *l)
{
    for (size_t i = 0; i < TPM_EK_COUNT; i++)
        free_ek(&l->items[i]);
    for (size_t i = 0; i < LIMIT_CERTS; i++)
        buffer_free(&l->chain[i]);
    *l = (struct ek_list){0};
}

/* Make the key, keep what is public of it, and compare it with the certificate. */
static enum status
load_key(struct tpm *t, struct ek_list_item *e, struct diag *diag)
{
    CLEANUP(tpm_key_close) struct tpm_key loaded = {0};
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = NULL;
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    enum status s = hasher_new(&h);
    if (s == STATUS_OK)
        s = tpm_ek_create(t, e->which, &loaded, diag);
    if (s != STATUS_OK)
        return s;
    struct tpm_public public = {0};
    s = tpm_public_parse(buffer_bytes(&loaded.public_area), &public, diag);
    if (s == STATUS_OK)
        s = tpm_public_key(h, &public, &key);
    if (s == STATUS_OK)
        s = key_spki(key, &e->spki);
    if (s != STATUS_OK)
        return s;
    if (e->certificate.size > 0 && !is_for_key(buffer_bytes(&e->certificate), key)) {
        e->certificate_differs = true;
        buffer_reset(&e->certificate);
    }
    buffer_append(&e->public_area, buffer_bytes(&loaded.public_area));
    return buffer_check(&e->public_area);
}

/* An index that will read no better the next time: empty, with a password, or too large. */
static bool
is_unreadable(enum status s)
{
    return s == STATUS_NOT_FOUND || s == STATUS_DENIED || s == STATUS_LIMIT;
}

static enum status
load_certificate(struct tpm *t, struct ek_list_item *e, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer content = {0};
    uint32_t oddities = 0;
    enum status s =
        tpm_nv_get(t, tpm_ek_template(e->which)->certificate, LIMIT_CERT, &content, diag);
    e->certificate_unreadable = is_unreadable(s);
    if (s != STATUS_OK)
        return e->certificate_unreadable ? STATUS_OK : s;
    struct bytes body = ek_certificate_body(buffer_bytes(&content), &oddities);
    buffer_append(&e->certificate, trim_der(body));
    return buffer_check(&e->certificate);
}

static bool
has_index(const struct tpm_nv_indices *indices, uint32_t index)
{
    for (size_t i = 0; i < indices->n_items; i++) {
        if (indices->items[i] == index)
            return true;
    }
    return false;
}

/* Every EK that NV has a certificate for. A TPM that cannot make one of them is no failure. */
static enum status
load_certified(struct tpm *t, struct ek_list *out, struct diag *diag)
{
    struct tpm_nv_indices indices = {0};
    enum status s = tpm_nv_list(t, NV_EK_FIRST, NV_EK_LAST, &indices, diag);
    for (size_t which = 0; s == STATUS_OK && which < TPM_EK_COUNT; which++) {
        if (!has_index(&indices, tpm_ek_template(which)->certificate))
            continue;
        struct ek_list_item *e = &out->items[out->n_items];
        e->which = which;
        s = load_certificate(t, e, diag);
        if (s == STATUS_OK)
            s = load_key(t, e, diag);
        if (s == STATUS_OK)
            out->n_items++;
        else
            free_ek(e);
        *e = s == STATUS_OK ? *e : (struct ek_list_item){0};
        s = s == STATUS_UNSUPPORTED ? STATUS_OK : s;
    }
    return s;
}

static bool
is_wanted(const struct ek_list_item *e, const char *algorithm)
{
    return !algorithm || text_equal(tpm_ek_template(e->which)->algorithm, algorithm);
}

/* Move the first that is wanted, and has a certificate when it must, to the front. */
static bool
put_first(struct ek_list *l, const char *algorithm, bool certified)
{
    for (size_t i = 0; i < l->n_items; i++) {
        if (!is_wanted(&l->items[i], algorithm) || (certified && l->items[i].certificate.size == 0))
            continue;
        struct ek_list_item first = l->items[i];
        memmove(&l->items[1], &l->items[0], i * sizeof first);
        l->items[0] = first;
        return true;
    }
    return false;
}

static bool
has_which(const struct ek_list *l, size_t which)
{
    for (size_t i = 0; i < l->n_items; i++) {
        if (l->items[i].which == which)
            return true;
    }
    return false;
}

/* Without a certificate: the best that the TPM makes. The high range of P-256 and RSA is for TPMs
 * that come with its certificates. */
static enum status
add_uncertified(struct tpm *t, const char *algorithm, struct ek_list *out, struct diag *diag)
{
    static const char *const plain[] = {"p384-h3", "p256-l2", "rsa2048-l1"};
    enum status s = STATUS_UNSUPPORTED;
    for (size_t which = 0; s == STATUS_UNSUPPORTED && which < TPM_EK_COUNT; which++) {
        struct ek_list_item e = {.which = which};
        bool is_plain = false;
        for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
            is_plain = is_plain || text_equal(tpm_ek_template(which)->name, plain[i]);
        if (!is_plain || !is_wanted(&e, algorithm) || has_which(out, which))
            continue;
        s = load_key(t, &e, diag);
        if (s != STATUS_OK) {
            free_ek(&e);
            continue;
        }
        memmove(&out->items[1], &out->items[0], out->n_items * sizeof e);
        out->items[0] = e;
        out->n_items++;
    }
    return s;
}

/* Concatenated DER certificates over all indices: an empty one adds nothing, and what stands behind
 * one that cannot be read would not fit. [EK Credential Profile 2.5 2.2.1.5.2] */
static enum status
load_chain(struct tpm *t, struct ek_list *out, struct diag *diag)
{
    struct tpm_nv_indices indices = {0};
    CLEANUP(buffer_free) struct buffer whole = {0};
    enum status s = tpm_nv_list(t, NV_CHAIN_FIRST, NV_CHAIN_LAST, &indices, diag);
    for (size_t i = 0; s == STATUS_OK && i < indices.n_items && whole.size < CHAIN_SIZE; i++) {
        s = tpm_nv_get(t, indices.items[i], CHAIN_SIZE - whole.size, &whole, diag);
        s = s == STATUS_NOT_FOUND ? STATUS_OK : s;
    }
    if (is_unreadable(s))
        s = STATUS_OK;
    struct bytes left = buffer_bytes(&whole);
    while (s == STATUS_OK && out->n_chain < LIMIT_CERTS) {
        struct bytes one = trim_der(left);
        if (one.size == 0)
            break;
        buffer_append(&out->chain[out->n_chain], one);
        s = buffer_check(&out->chain[out->n_chain]);
        out->n_chain++;
        left = bytes_slice(left, one.size, left.size - one.size);
    }
    return s;
}

enum status
ek_list_load(struct tpm *t, const char *algorithm, struct ek_list *out, struct diag *diag)
{
    *out = (struct ek_list){0};
    enum status s = load_certified(t, out, diag);
    if (s != STATUS_OK)
        return s;
    if (!put_first(out, algorithm, true) && !put_first(out, algorithm, false))
        s = add_uncertified(t, algorithm, out, diag);
    if (s == STATUS_UNSUPPORTED)
        return diag_set(diag, s, CLAUSE, 0, "this TPM makes no endorsement key%s%s",
                        algorithm ? " of tpm.ek = " : "", algorithm ? algorithm : "");
    return s == STATUS_OK ? load_chain(t, out, diag) : s;
}
