/* SPDX-License-Identifier: Apache-2.0 */
/* from: a certificate's file, and roots; to: what it says, whether it may stand for an EK, and with
 * roots its path, printed; never: calls one verified without a path to a root that was given. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/inspect.h"
#include "ctl/roots.h"
#include "evidence/ek_chain.h"
#include "evidence/key.h"
#include "evidence/pem.h"

#include <openssl/evp.h>
#include <time.h>

#define CURVE_BITS_MIN 256
#define LIMIT_FILE     (256u * 1024u)
#define N_ODDITIES     7u
#define VENDOR_SIZE    9u

struct view {
    struct hasher *h;
    struct ek_certificate *certificate; /* NULL: could not be read */
    struct buffer extra[LIMIT_CERTS];   /* the other certificates of the file */
    size_t n_extra;
    bool has_roots;
    struct ek_chain chain;
    int64_t now_s;
    struct reasons reasons;
};

static void
clear_view(struct view *v)
{
    for (size_t i = 0; i < v->n_extra; i++)
        buffer_free(&v->extra[i]);
    ek_certificate_free(v->certificate);
    hasher_free(v->h);
    reasons_free(&v->reasons);
}

/* The blocks behind the first one: certificates that may lie between it and a root. */
static enum status
read_extra(struct view *v, struct bytes file)
{
    CLEANUP(buffer_free) struct buffer first = {0};
    char label[PEM_LABEL_SIZE];
    if (!pem_is(file))
        return STATUS_OK;
    enum status s = pem_next(&file, label, &first);
    while (s == STATUS_OK && v->n_extra < LIMIT_CERTS) {
        s = pem_next(&file, label, &v->extra[v->n_extra]);
        if (s == STATUS_OK)
            v->n_extra++;
        else
            buffer_free(&v->extra[v->n_extra]);
    }
    if (s == STATUS_MALFORMED)
        reason_set_what(reasons_add(&v->reasons, REASON_EK_MALFORMED), "PEM");
    return s == STATUS_NOMEM ? s : STATUS_OK;
}

static enum status
check_path(struct view *v, const char *directory, struct diag *diag)
{
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    struct bytes extra[LIMIT_CERTS];
    enum status s = roots_load(directory, &roots, diag);
    if (s != STATUS_OK || !v->certificate)
        return s;
    for (size_t i = 0; i < v->n_extra; i++)
        extra[i] = buffer_bytes(&v->extra[i]);
    const struct ek_chain_input in = {
        .certificate = v->certificate, .extra = extra, .n_extra = v->n_extra, .now_s = v->now_s};
    v->has_roots = true;
    if (v->certificate->kind == EK_CERTIFICATE_PLATFORM)
        return ek_chain_verify_platform(v->h, roots, &in, &v->chain, &v->reasons);
    return ek_chain_verify(v->h, roots, &in, &v->chain, &v->reasons);
}

/* A key of another kind is not weak: it is none that a quote of ours is checked with. */
static void
blame_key(struct view *v, const EVP_PKEY *key)
{
    bool known = EVP_PKEY_is_a(key, "RSA") ||
                 (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) < CURVE_BITS_MIN);
    if (known)
        (void)reasons_add(&v->reasons, REASON_EK_WEAK);
    else
        reason_set_what(reasons_add(&v->reasons, REASON_EK_UNSUPPORTED), "certificate's key");
}

/* What the chain does not look at, or would if there were roots. */
static void
check_itself(struct view *v, bool with_roots)
{
    const struct ek_certificate *c = v->certificate;
    if (c->kind != EK_CERTIFICATE_EK)
        return;
    if (!with_roots)
        (void)ek_certificate_check(c, 0, &v->reasons);
    if (c->key && !key_is_strong(c->key))
        blame_key(v, c->key);
}

static enum status
read_view(struct context *c, struct view *v, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    const char *directory = command_option(c, "roots");
    v->now_s = (int64_t)time(NULL);
    enum status s = hasher_new(&v->h);
    if (s == STATUS_OK)
        s = report_load(c->arguments[0], LIMIT_FILE, REASON_EK_MALFORMED, &in, &v->reasons, diag);
    if (s == STATUS_OK && v->reasons.n_items == 0)
        s = ek_certificate_parse_file(v->h, buffer_bytes(&in), &v->certificate, &v->reasons);
    if (s == STATUS_OK && v->certificate)
        s = read_extra(v, buffer_bytes(&in));
    if (s == STATUS_OK && v->certificate)
        check_itself(v, directory != NULL);
    if (s == STATUS_OK && directory)
        s = check_path(v, directory, diag);
    return s;
}

/* Four letters of the registry, or hex when they are none. */
static const char *
vendor_of(const struct ek_certificate *c, char out[static VENDOR_SIZE])
{
    bool letters = true;
    size_t n = 0;
    for (unsigned shift = 24; shift <= 24; shift -= 8) {
        uint8_t b = (uint8_t)(c->manufacturer >> shift);
        if (b == 0 || b == ' ')
            continue;
        letters = letters && b > 0x20 && b < 0x7F;
        out[n++] = (char)b;
    }
    out[n] = '\0';
    if (!letters || n == 0)
        (void)snprintf(out, VENDOR_SIZE, "%08x", c->manufacturer);
    return out;
}

static bool
is_valid_now(const struct view *v)
{
    return v->now_s >= v->certificate->not_before_s && v->now_s <= v->certificate->not_after_s;
}

static const char *
standing_name(enum ek_standing standing)
{
    static const char *const names[] = {[EK_STANDING_UNVERIFIED] = "unverified",
                                        [EK_STANDING_SOFTWARE] = "software",
                                        [EK_STANDING_VERIFIED] = "verified"};
    return names[standing];
}

static enum status
emit_key_of(struct emit *e, const struct view *v)
{
    const struct ek_certificate *c = v->certificate;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    emit_key(e, "key");
    if (!c->key) {
        emit_null(e);
        return STATUS_OK;
    }
    enum status s = digest_sha256(v->h, buffer_bytes(&c->spki), sha256);
    emit_object(e);
    emit_text_member(e, "algorithm", EVP_PKEY_get0_type_name(c->key));
    emit_int_member(e, "bits", EVP_PKEY_get_bits(c->key));
    emit_hex_member(e, "sha256", bytes_of(sha256, sizeof sha256));
    emit_end_object(e);
    return s;
}

static void
emit_tpm(struct emit *e, const struct ek_certificate *c)
{
    char vendor[VENDOR_SIZE];
    emit_key(e, "tpm");
    if (!c->tpm_present) {
        emit_null(e);
        return;
    }
    emit_object(e);
    emit_text_member(e, "manufacturer", vendor_of(c, vendor));
    emit_text_member(e, "model", c->model);
    emit_text_member(e, "version", c->version);
    emit_text_member(e, "kind", tpm_kind_name(tpm_kind_of(c->manufacturer, c->model)));
    emit_end_object(e);
}

/* A platform certificate's machine, and the EK certificate of the TPM that was built into it. */
static void
emit_platform(struct emit *e, const struct ek_platform *p)
{
    emit_key(e, "platform");
    if (!p) {
        emit_null(e);
        return;
    }
    emit_object(e);
    emit_text_member(e, "form", p->attribute_certificate ? "attribute certificate" : "X.509");
    emit_text_member(e, "manufacturer", p->manufacturer);
    emit_text_member(e, "model", p->model);
    emit_text_member(e, "version", p->version);
    emit_text_member(e, "serial", p->serial);
    emit_text_member(e, "holder_issuer", p->holder_issuer);
    emit_text_member(e, "holder_serial", p->holder_serial);
    emit_end_object(e);
}

static void
emit_dates(struct emit *e, const struct view *v)
{
    emit_time_member(e, "not_before", v->certificate->not_before_s);
    emit_time_member(e, "not_after", v->certificate->not_after_s);
    emit_key(e, "valid_now");
    emit_bool(e, is_valid_now(v));
}

static enum status
emit_certificate(struct emit *e, const struct view *v)
{
    const struct ek_certificate *c = v->certificate;
    emit_object(e);
    emit_text_member(e, "kind", ek_certificate_kind_name(c->kind));
    emit_hex_member(e, "sha256", bytes_of(c->sha256, sizeof c->sha256));
    emit_text_member(e, "subject", c->subject);
    emit_text_member(e, "issuer", c->issuer);
    emit_text_member(e, "serial", c->serial);
    emit_dates(e, v);
    emit_key(e, "oddities");
    emit_array(e);
    for (unsigned i = 0; i < N_ODDITIES; i++) {
        if (c->oddities & (1u << i))
            emit_text(e, ek_oddity_name(1u << i));
    }
    emit_end_array(e);
    enum status s = emit_key_of(e, v);
    emit_tpm(e, c);
    emit_platform(e, c->platform);
    emit_end_object(e);
    return s;
}

static enum status
emit_view(const struct view *v, struct buffer *out)
{
    struct emit e = emit_of(out);
    enum status s = STATUS_OK;
    emit_object(&e);
    emit_key(&e, "certificate");
    if (v->certificate)
        s = emit_certificate(&e, v);
    else
        emit_null(&e);
    if (s != STATUS_OK)
        return s;
    emit_key(&e, "chain");
    if (v->has_roots) {
        emit_object(&e);
        emit_text_member(&e, "standing", standing_name(v->chain.standing));
        emit_uint_member(&e, "depth", v->chain.depth);
        emit_text_member(&e, "anchor", v->chain.anchor[0] ? v->chain.anchor : NULL);
        emit_text_member(&e, "tpm_kind", tpm_kind_name(v->chain.kind));
        emit_end_object(&e);
    } else {
        emit_null(&e);
    }
    report_emit(&e, &v->reasons);
    emit_end_object(&e);
    return emit_check(&e);
}

static enum status
append_key(const struct view *v, struct buffer *out)
{
    const struct ek_certificate *c = v->certificate;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    if (!c->key) {
        buffer_append_format(out, "  key          %s\n",
                             c->kind == EK_CERTIFICATE_PLATFORM ? "none" : "not supported");
        return STATUS_OK;
    }
    enum status s = digest_sha256(v->h, buffer_bytes(&c->spki), sha256);
    buffer_append_format(out, "  key          %s %d\n  key SHA-256  ",
                         EVP_PKEY_get0_type_name(c->key), EVP_PKEY_get_bits(c->key));
    text_append_hex(out, bytes_of(sha256, sizeof sha256));
    buffer_append_text(out, "\n");
    return s;
}

static void
append_dates(const struct view *v, struct buffer *out)
{
    char from[TEXT_TIME_SIZE], to[TEXT_TIME_SIZE];
    const struct ek_certificate *c = v->certificate;
    buffer_append_format(
        out, "  valid        %s to %s%s\n", text_time(c->not_before_s, from, sizeof from),
        text_time(c->not_after_s, to, sizeof to), is_valid_now(v) ? "" : ", NOT NOW");
}

static void
append_tpm(const struct ek_certificate *c, struct buffer *out)
{
    char vendor[VENDOR_SIZE];
    if (c->tpm_present)
        buffer_append_format(out, "  TPM          %s %s, version %s, by its name a %s TPM\n",
                             vendor_of(c, vendor), c->model, c->version,
                             tpm_kind_name(tpm_kind_of(c->manufacturer, c->model)));
    for (unsigned i = 0; i < N_ODDITIES; i++) {
        if (c->oddities & (1u << i))
            buffer_append_format(out, "  oddity       %s\n", ek_oddity_name(1u << i));
    }
}

static void
append_platform(const struct ek_platform *p, bool has_roots, struct buffer *out)
{
    if (!p)
        return;
    buffer_append_format(out,
                         "  form         %s%s\n"
                         "  platform     %s %s, version %s, serial %s\n",
                         p->attribute_certificate ? "attribute certificate" : "X.509 certificate",
                         has_roots ? "" : "; its signature is not looked at (--roots)",
                         p->manufacturer, p->model, p->version[0] ? p->version : "(none)",
                         p->serial[0] ? p->serial : "(none)");
    if (p->holder_serial[0])
        buffer_append_format(out, "  for the EK certificate %s of %s\n", p->holder_serial,
                             p->holder_issuer);
}

static void
append_chain(const struct view *v, struct buffer *out)
{
    if (!v->has_roots)
        buffer_append_text(out, "  path         not looked at (--roots)\n");
    else if (v->chain.standing == EK_STANDING_UNVERIFIED)
        buffer_append_text(out, "  path         NOT VERIFIED\n");
    else
        buffer_append_format(out, "  path         %s, %zu above it, to %s\n",
                             standing_name(v->chain.standing), v->chain.depth, v->chain.anchor);
}

static enum status
append_view(const struct view *v, struct buffer *out)
{
    static const char *const titles[] = {
        [EK_CERTIFICATE_OTHER] = "certificate of no TPM key",
        [EK_CERTIFICATE_EK] = "EK certificate",
        [EK_CERTIFICATE_AK] = "AK certificate",
        [EK_CERTIFICATE_CA] = "CA certificate",
        [EK_CERTIFICATE_PLATFORM] = "platform certificate",
    };
    const struct ek_certificate *c = v->certificate;
    report_append(out, &v->reasons);
    if (!c)
        return buffer_check(out);
    buffer_append_format(out, "%s\n  subject      %s\n  issuer       %s\n  serial       %s\n",
                         titles[c->kind], c->subject[0] ? c->subject : "(empty)", c->issuer,
                         c->serial);
    append_dates(v, out);
    enum status s = append_key(v, out);
    append_tpm(c, out);
    append_platform(c->platform, v->has_roots, out);
    append_chain(v, out);
    return s == STATUS_OK ? buffer_check(out) : s;
}

int
inspect_certificate(struct context *c)
{
    CLEANUP(buffer_free) struct buffer out = {0};
    CLEANUP(clear_view) struct view v = {0};
    struct diag diag = {0};
    enum status s = read_view(c, &v, &diag);
    if (s == STATUS_OK)
        s = c->json ? emit_view(&v, &out) : append_view(&v, &out);
    return s == STATUS_OK ? report_print(&out, &v.reasons) : report_fail(s, &diag);
}
