/* SPDX-License-Identifier: Apache-2.0 */
/* from: a COSE_Sign1; to: its payload, and whether a key signed it; never: takes a key from it. */
#include "image/cose.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/dcbor.h"
#include "evidence/key.h"
#include "evidence/pem.h"
#include "evidence/prehashed.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>

#define CLAUSE        "RFC 9052 4.2"
#define KEY_ALG       1
#define KEY_CRIT      2
#define KEY_TYPE      3
#define KEY_HASH_ALG  258
#define KEY_HASH_LAST 260
#define TYPE_CORIM    "application/rim+cbor"

static const struct cose_alg {
    int64_t id;
    uint16_t hash; /* ALG_NULL: the algorithm hashes by itself */
    const char *name;
} algs[] = {
    {-7, ALG_SHA256, "ES256"},   {-9, ALG_SHA256, "ESP256"}, {-35, ALG_SHA384, "ES384"},
    {-51, ALG_SHA384, "ESP384"}, {-8, ALG_NULL, "EdDSA"},    {-19, ALG_NULL, "Ed25519"},
};

static const struct cose_alg *
find_alg(int64_t id)
{
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        if (algs[i].id == id)
            return &algs[i];
    }
    return NULL;
}

const char *
cose_alg_name(int64_t alg)
{
    const struct cose_alg *found = find_alg(alg);
    return found ? found->name : NULL;
}

/* ---- headers ---- */

static const struct {
    int64_t number;
    const char *name;
} parameters[] = {
    {4, "kid"}, {8, "corim-meta"}, {15, "CWT claims"}, {33, "x5chain"}, {34, "x5t"},
};

static void
note(struct leftovers *l, const char *which, const struct dcbor_label *label)
{
    char text[80];
    if (label->is_text) {
        leftovers_add(l, "signature: %s parameter \"%s\"", which,
                      text_escape(label->text, text, sizeof text));
        return;
    }
    (void)snprintf(text, sizeof text, "parameter %lld", (long long)label->number);
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        if (parameters[i].number == label->number)
            (void)snprintf(text, sizeof text, "parameter %s", parameters[i].name);
    }
    leftovers_add(l, "signature: %s %s", which, text);
}

static void
read_type(struct dcbor *r, struct leftovers *l)
{
    char text[80];
    if (dcbor_peek(r) != DCBOR_TEXT) {
        (void)dcbor_skip(r);
        leftovers_add(l, "signature: a content type that is no text");
        return;
    }
    struct bytes type = dcbor_text(r);
    if (!r->failed && !bytes_equal(type, bytes_of_text(TYPE_CORIM)))
        leftovers_add(l, "signature: content type %s, not " TYPE_CORIM,
                      text_escape(type, text, sizeof text));
}

static enum status
read_protected(struct cose *c, struct leftovers *l, struct diag *diag)
{
    struct dcbor r = dcbor_of_document(c->header);
    size_t n = dcbor_map(&r);
    for (size_t i = 0; i < n && !r.failed; i++) {
        struct dcbor_label label = dcbor_label(&r);
        int64_t key = label.is_text ? 0 : label.number;
        if (key == KEY_CRIT)
            return diag_set(diag, STATUS_UNSUPPORTED, "RFC 9052 3.1", 0,
                            "critical parameters that are not known here");
        if (key >= KEY_HASH_ALG && key <= KEY_HASH_LAST)
            return diag_set(diag, STATUS_UNSUPPORTED, CLAUSE, 0,
                            "what is signed is a hash; the CoRIM itself is wanted");
        if (key == KEY_ALG && dcbor_peek(&r) != DCBOR_TEXT) {
            c->alg = dcbor_int(&r);
            c->has_alg = !r.failed;
        } else if (key == KEY_TYPE) {
            read_type(&r, l);
        } else {
            (void)dcbor_skip(&r);
            note(l, "protected", &label);
        }
    }
    return dcbor_end(&r, "RFC 9052 3", diag);
}

/* Nothing in it is covered by the signature, so nothing in it counts. */
static void
read_unprotected(struct dcbor *r, struct leftovers *l)
{
    size_t n = dcbor_map(r);
    for (size_t i = 0; i < n && !r->failed; i++) {
        struct dcbor_label label = dcbor_label(r);
        (void)dcbor_skip(r);
        if (!r->failed)
            note(l, "unprotected", &label);
    }
}

enum status
cose_parse(struct bytes in, struct cose *out, struct leftovers *leftovers, struct diag *diag)
{
    *out = (struct cose){0};
    struct dcbor r = dcbor_of_document(in);
    if (dcbor_array(&r) != 4)
        dcbor_fail(&r);
    out->header = dcbor_bytes(&r);
    read_unprotected(&r, leftovers);
    bool detached = dcbor_peek(&r) == DCBOR_NULL;
    if (detached)
        dcbor_null(&r);
    else
        out->payload = dcbor_bytes(&r);
    out->signature = dcbor_bytes(&r);
    enum status s = dcbor_end(&r, CLAUSE, diag);
    if (s == STATUS_OK && detached)
        s = diag_set(diag, STATUS_UNSUPPORTED, CLAUSE, 0, "the payload is detached: it is wanted");
    /* No header at all is written as an empty string. */
    if (s == STATUS_OK && out->header.size > 0)
        s = read_protected(out, leftovers, diag);
    return s;
}

/* ---- signature ---- */

/* What the signature is over. [RFC 9052 4.4] */
static enum status
append_signed(const struct cose *c, struct buffer *out)
{
    dcbor_put_array(out, 4);
    dcbor_put_text(out, "Signature1");
    dcbor_put_bytes(out, c->header);
    dcbor_put_bytes(out, (struct bytes){0});
    dcbor_put_bytes(out, c->payload);
    return buffer_check(out);
}

static void
context_freep(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

static void
x509_freep(X509 **x)
{
    X509_free(*x);
}

/* An Ed25519 key is none of those that TPMs have, so prehashed_key_parse() knows none. */
static enum status
parse_ed25519(struct bytes pem, EVP_PKEY **out)
{
    CLEANUP(buffer_free) struct buffer der = {0};
    CLEANUP(x509_freep) X509 *x = NULL;
    char label[PEM_LABEL_SIZE];
    enum status s = pem_next(&pem, label, &der);
    if (s != STATUS_OK)
        return s;
    const uint8_t *at = der.data;
    if (text_equal(label, "CERTIFICATE"))
        x = d2i_X509(NULL, &at, (long)der.size);
    if (x)
        *out = X509_get_pubkey(x);
    else if (text_equal(label, "PUBLIC KEY"))
        *out = d2i_PUBKEY(NULL, &at, (long)der.size);
    ERR_clear_error();
    return *out && EVP_PKEY_is_a(*out, "ED25519") ? STATUS_OK : STATUS_MALFORMED;
}

static enum status
verify_ed25519(struct bytes pem, struct bytes message, struct bytes signature, bool *by)
{
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = NULL;
    CLEANUP(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
    enum status s = parse_ed25519(pem, &key);
    if (s != STATUS_OK || !context)
        return s == STATUS_OK ? STATUS_NOMEM : s;
    if (EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) <= 0)
        s = STATUS_CRYPTO;
    else
        *by = EVP_DigestVerify(context, signature.data, signature.size, message.data,
                               message.size) == 1;
    ERR_clear_error();
    return s;
}

static enum status
verify_ecdsa(struct hasher *h, const struct cose_alg *alg, struct bytes pem, struct bytes message,
             const struct cose *c, bool *by)
{
    CLEANUP(buffer_free) struct buffer spki = {0};
    struct digest digest;
    enum status s = prehashed_key_parse(pem, &spki);
    if (s == STATUS_OK)
        s = digest_compute(h, alg->hash, message, &digest);
    return s == STATUS_OK
               ? prehashed_verify(buffer_bytes(&spki), PREHASHED_FIXED, &digest, c->signature, by)
               : s;
}

enum status
cose_verify(struct hasher *h, const struct cose *c, struct bytes pem, bool *by, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer message = {0};
    const struct cose_alg *alg = c->has_alg ? find_alg(c->alg) : NULL;
    *by = false;
    if (!alg)
        return diag_set(diag, STATUS_UNSUPPORTED, CLAUSE, 0,
                        "the signature's algorithm is missing or not known");
    enum status s = append_signed(c, &message);
    if (s != STATUS_OK)
        return s;
    s = alg->hash == ALG_NULL ? verify_ed25519(pem, buffer_bytes(&message), c->signature, by)
                              : verify_ecdsa(h, alg, pem, buffer_bytes(&message), c, by);
    if (s == STATUS_MALFORMED || s == STATUS_NOT_FOUND)
        s = diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                     "no PEM public key or certificate for %s, or a key that is too weak",
                     alg->name);
    return s;
}
