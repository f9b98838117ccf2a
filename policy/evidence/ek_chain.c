/* SPDX-License-Identifier: Apache-2.0 */
/* from: a certificate that was read; to: its standing; never: follows a URL or reads a clock. */
#include "evidence/ek_chain.h"

#include "base/cleanup.h"
#include "evidence/platform_signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* 112 bits: RSA-2048 and SHA-224 or better all along the path. An anchor's own signature is not
 * checked, since it is believed without one. */
#define SECURITY_LEVEL 2
/* libcrypto counts what stands between leaf and anchor. */
#define INTERMEDIATES ((int)LIMIT_CHAIN_DEPTH - 1)

/* Critical extensions that libcrypto does not know and that limit nothing we rely on. Subject
 * directory attributes hold the TPM's specification and security assertions. */
static const int permitted_critical[] = {NID_subject_directory_attributes};

static const struct {
    int error;
    enum reason_code code;
    const char *what;
} refusals[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, REASON_EK_DATES, "expired"},
    {X509_V_ERR_CERT_NOT_YET_VALID, REASON_EK_DATES, "not yet valid"},
    {X509_V_ERR_CRL_HAS_EXPIRED, REASON_EK_DATES, "CRL stale"},
    {X509_V_ERR_CRL_NOT_YET_VALID, REASON_EK_DATES, "CRL not yet valid"},
    {X509_V_ERR_CERT_REVOKED, REASON_EK_REVOKED, "revoked"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, REASON_EK_CHAIN, "issuer not known"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, REASON_EK_CHAIN, "issuer not known"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, REASON_EK_CHAIN, "issuer not known"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, REASON_EK_CHAIN, "self-signed"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, REASON_EK_CHAIN, "root not trusted"},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, REASON_EK_CHAIN, "path too long"},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, REASON_EK_CHAIN, "path length constraint"},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, REASON_EK_CHAIN, "signature"},
    {X509_V_ERR_INVALID_CA, REASON_EK_CHAIN, "issuer is no CA"},
    {X509_V_ERR_INVALID_NON_CA, REASON_EK_CHAIN, "issuer is no CA"},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, REASON_EK_CHAIN, "issuer may not sign certificates"},
    {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, REASON_EK_CHAIN, "issuer may not sign CRLs"},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, REASON_EK_CHAIN, "CRL signature"},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, REASON_EK_CHAIN, "critical extension"},
    {X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, REASON_EK_CHAIN, "critical CRL extension"},
    {X509_V_ERR_CA_MD_TOO_WEAK, REASON_EK_CHAIN, "weak signature hash"},
    {X509_V_ERR_CA_KEY_TOO_SMALL, REASON_EK_CHAIN, "weak CA key"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, REASON_EK_WEAK, "key size"},
};

/* What the verification is about, for libcrypto's callback. */
struct run {
    const struct ek_certificate *certificate;
    struct reasons *reasons;
};

static void
free_context(X509_STORE_CTX **c)
{
    X509_STORE_CTX_free(*c);
}

static void
free_certificate(X509 **x)
{
    X509_free(*x);
}

static void
free_stack(STACK_OF(X509) * *stack)
{
    sk_X509_pop_free(*stack, X509_free);
}

static bool
is_permitted_critical(const X509_EXTENSION *extension)
{
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object(
        (X509_EXTENSION *)(uintptr_t)extension)); /* takes what it only reads as not const */
    for (size_t i = 0; i < sizeof permitted_critical / sizeof permitted_critical[0]; i++) {
        if (nid == permitted_critical[i])
            return true;
    }
    return false;
}

static bool
has_only_permitted_critical(const X509 *x)
{
    for (int i = 0; i < X509_get_ext_count(x); i++) {
        X509_EXTENSION *extension = X509_get_ext(x, i);
        if (X509_EXTENSION_get_critical(extension) && !X509_supported_extension(extension) &&
            !is_permitted_critical(extension))
            return false;
    }
    return true;
}

/* The signature of a certificate whose key was renamed does not fit the copy: it is the original's
 * that must. */
static bool
is_signed_by_issuer(X509_STORE_CTX *context, const struct run *run)
{
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(context);
    if (!(run->certificate->oddities & EK_ODDITY_OAEP_KEY) ||
        X509_STORE_CTX_get_error_depth(context) != 0 || sk_X509_num(path) < 2)
        return false;
    EVP_PKEY *issuer = X509_get0_pubkey(sk_X509_value(path, 1));
    return issuer && X509_verify(run->certificate->x509, issuer) == 1;
}

static bool
is_accepted(X509_STORE_CTX *context, const struct run *run)
{
    const X509 *x = X509_STORE_CTX_get_current_cert(context);
    switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        return true;
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
        return x && has_only_permitted_critical(x);
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return is_signed_by_issuer(context, run);
    default:
        return false;
    }
}

static void
note_refusal(const X509_STORE_CTX *context, struct reasons *reasons)
{
    int error = X509_STORE_CTX_get_error(context);
    enum reason_code code = REASON_EK_CHAIN;
    const char *what = "path";
    char place[32];
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].error == error) {
            code = refusals[i].code;
            what = refusals[i].what;
        }
    }
    struct reason *r = reasons_add(reasons, code);
    reason_set_what(r, what);
    (void)snprintf(place, sizeof place, "depth %d", X509_STORE_CTX_get_error_depth(context));
    reason_set_found(r, place);
}

/* Called for each certificate and each breach; 0 stops. */
static int
judge(int ok, X509_STORE_CTX *context)
{
    const struct run *run = X509_STORE_CTX_get_app_data(context);
    if (ok)
        return 1;
    if (is_accepted(context, run)) {
        X509_STORE_CTX_set_error(context, X509_V_OK);
        return 1;
    }
    note_refusal(context, run->reasons);
    return 0;
}

static enum status
push(STACK_OF(X509) * stack, X509 *x)
{
    if (X509_up_ref(x) != 1)
        return STATUS_CRYPTO;
    if (sk_X509_push(stack, x) > 0)
        return STATUS_OK;
    X509_free(x);
    return STATUS_NOMEM;
}

/* The device's own certificates first, so that they are tried first; *good is false when one of
 * them cannot be read. */
static enum status
push_extra(struct hasher *h, const struct ek_chain_input *in, STACK_OF(X509) * stack, bool *good,
           struct reasons *reasons)
{
    enum status s = STATUS_OK;
    *good = true;
    for (size_t i = 0; i < in->n_extra && s == STATUS_OK && *good; i++) {
        CLEANUP(ek_certificate_freep) struct ek_certificate *c = NULL;
        s = ek_certificate_parse(h, in->extra[i], &c, reasons);
        if (s == STATUS_OK && c && c->x509)
            s = push(stack, c->x509);
        *good = c != NULL;
    }
    return s;
}

static enum status
push_bundle(const struct ek_roots *roots, STACK_OF(X509) * stack)
{
    const STACK_OF(X509) *bundle = ek_roots_intermediates(roots);
    enum status s = STATUS_OK;
    for (int i = 0; i < sk_X509_num(bundle) && s == STATUS_OK; i++)
        s = push(stack, sk_X509_value(bundle, i));
    return s;
}

/* What libcrypto verifies: the certificate, or a copy with its key under the name by which
 * libcrypto can load it. */
static enum status
make_leaf(const struct ek_certificate *c, X509 **out)
{
    if (!(c->oddities & EK_ODDITY_OAEP_KEY)) {
        *out = c->x509;
        return X509_up_ref(c->x509) == 1 ? STATUS_OK : STATUS_CRYPTO;
    }
    CLEANUP(free_certificate) X509 *copy = X509_dup(c->x509);
    if (!copy || X509_set_pubkey(copy, c->key) != 1)
        return STATUS_NOMEM;
    *out = copy;
    copy = NULL;
    return STATUS_OK;
}

static void
set_rules(X509_STORE_CTX *context, struct run *run, int64_t now_s)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
                                           X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_depth(param, INTERMEDIATES);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_time(param, now_s);
    X509_STORE_CTX_set_app_data(context, run);
    X509_STORE_CTX_set_verify_cb(context, judge);
}

static void
describe_path(const X509_STORE_CTX *context, struct ek_chain *out)
{
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(context);
    int n = sk_X509_num(path);
    if (n <= 0)
        return;
    out->depth = (size_t)n - 1;
    ek_certificate_name(X509_get_subject_name(sk_X509_value(path, n - 1)), out->anchor);
}

static enum status
verify_path(const struct ek_roots *roots, const struct ek_chain_input *in, X509 *leaf,
            STACK_OF(X509) * others, struct ek_chain *out, struct reasons *reasons)
{
    struct run run = {.certificate = in->certificate, .reasons = reasons};
    CLEANUP(free_context) X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (!context || X509_STORE_CTX_init(context, ek_roots_store(roots), leaf, others) != 1)
        return STATUS_NOMEM;
    set_rules(context, &run, in->now_s);
    size_t n_before = reasons->n_items + reasons->n_dropped;
    int verified = X509_verify_cert(context);
    ERR_clear_error();
    if (verified == 1 && reasons->n_items + reasons->n_dropped == n_before) {
        out->kind = tpm_kind_of(in->certificate->manufacturer, in->certificate->model);
        out->standing =
            out->kind == TPM_KIND_SOFTWARE ? EK_STANDING_SOFTWARE : EK_STANDING_VERIFIED;
        describe_path(context, out);
        return STATUS_OK;
    }
    if (X509_STORE_CTX_get_error(context) == X509_V_ERR_OUT_OF_MEM)
        return STATUS_NOMEM;
    if (reasons->n_items + reasons->n_dropped == n_before)
        note_refusal(context, reasons);
    return STATUS_OK;
}

/* What may stand between leaf and anchor; NULL: an extra certificate cannot be read. */
static enum status
gather(struct hasher *h, const struct ek_roots *roots, const struct ek_chain_input *in,
       STACK_OF(X509) * *out, struct reasons *reasons)
{
    bool good = false;
    *out = NULL;
    if (in->n_extra > LIMIT_CERTS)
        return STATUS_LIMIT;
    CLEANUP(free_stack) STACK_OF(X509) *others = sk_X509_new_null();
    if (!others)
        return STATUS_NOMEM;
    enum status s = push_extra(h, in, others, &good, reasons);
    if (s == STATUS_OK && good)
        s = push_bundle(roots, others);
    if (s != STATUS_OK || !good)
        return s;
    *out = others;
    others = NULL;
    return STATUS_OK;
}

enum status
ek_chain_verify(struct hasher *h, const struct ek_roots *roots, const struct ek_chain_input *in,
                struct ek_chain *out, struct reasons *reasons)
{
    *out = (struct ek_chain){0};
    CLEANUP(free_stack) STACK_OF(X509) *others = NULL;
    CLEANUP(free_certificate) X509 *leaf = NULL;
    if (!ek_certificate_check(in->certificate, in->permitted, reasons))
        return STATUS_OK;
    if (!in->certificate->key) {
        reason_set_what(reasons_add(reasons, REASON_EK_UNSUPPORTED), "certificate's key");
        return STATUS_OK;
    }
    enum status s = gather(h, roots, in, &others, reasons);
    if (s == STATUS_OK && others)
        s = make_leaf(in->certificate, &leaf);
    if (s != STATUS_OK || !leaf)
        return s;
    return verify_path(roots, in, leaf, others, out, reasons);
}

/* libcrypto sees the issuer's certificate, not the attribute certificate. */
static bool
is_in_time(const struct ek_chain_input *in, struct reasons *reasons)
{
    const char *what = in->now_s > in->certificate->not_after_s    ? "expired"
                       : in->now_s < in->certificate->not_before_s ? "not yet valid"
                                                                   : NULL;
    if (!what)
        return true;
    struct reason *r = reasons_add(reasons, REASON_EK_DATES);
    reason_set_what(r, what);
    reason_set_found(r, "depth 0");
    return false;
}

static enum status
verify_attribute(const struct ek_roots *roots, const struct ek_chain_input *in,
                 STACK_OF(X509) * others, struct ek_chain *out, struct reasons *reasons)
{
    bool named = false;
    X509 *issuer = platform_signature_issuer(buffer_bytes(&in->certificate->der),
                                             ek_roots_store(roots), others, &named);
    if (!issuer) {
        struct reason *r = reasons_add(reasons, REASON_EK_CHAIN);
        reason_set_what(r, named ? "signature" : "issuer not known");
        reason_set_found(r, "depth 0");
        return STATUS_OK;
    }
    if (!is_in_time(in, reasons))
        return STATUS_OK;
    enum status s = verify_path(roots, in, issuer, others, out, reasons);
    if (s == STATUS_OK && out->standing != EK_STANDING_UNVERIFIED)
        out->depth++;
    return s;
}

enum status
ek_chain_verify_platform(struct hasher *h, const struct ek_roots *roots,
                         const struct ek_chain_input *in, struct ek_chain *out,
                         struct reasons *reasons)
{
    *out = (struct ek_chain){0};
    CLEANUP(free_stack) STACK_OF(X509) *others = NULL;
    if (in->certificate->kind != EK_CERTIFICATE_PLATFORM)
        return STATUS_INVALID;
    enum status s = gather(h, roots, in, &others, reasons);
    if (!others)
        return s;
    if (in->certificate->x509)
        return verify_path(roots, in, in->certificate->x509, others, out, reasons);
    return verify_attribute(roots, in, others, out, reasons);
}
