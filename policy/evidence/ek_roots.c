/* SPDX-License-Identifier: Apache-2.0 */
/* from: the bytes of an operator's files; to: anchors, intermediates, CRLs; never: takes a
 * certificate of a device. */
#include "evidence/ek_roots.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "evidence/der.h"
#include "evidence/pem.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define CLAUSE "RFC 5280"

struct ek_roots {
    X509_STORE *store;
    STACK_OF(X509) * intermediates;
    STACK_OF(X509_CRL) * crls; /* those of the store once more, to look at their dates */
    size_t n_anchors;
};

static void
free_certificate(X509 **x)
{
    X509_free(*x);
}

static void
free_crl(X509_CRL **crl)
{
    X509_CRL_free(*crl);
}

enum status
ek_roots_new(struct ek_roots **out)
{
    *out = NULL;
    CLEANUP(ek_roots_freep) struct ek_roots *roots = calloc(1, sizeof *roots);
    if (!roots)
        return STATUS_NOMEM;
    roots->store = X509_STORE_new();
    roots->intermediates = sk_X509_new_null();
    roots->crls = sk_X509_CRL_new_null();
    if (!roots->store || !roots->intermediates || !roots->crls)
        return STATUS_NOMEM;
    *out = roots;
    roots = NULL;
    return STATUS_OK;
}

/* Extensions are decoded now, not at the first use by several threads at once. */
static enum status
add_certificate(struct ek_roots *roots, enum ek_roots_part part, X509 **x, struct diag *diag)
{
    size_t n = part == EK_ROOTS_ANCHORS ? roots->n_anchors : ek_roots_n_intermediates(roots);
    if (n >= EK_ROOTS_MAX)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "more than %u certificates", EK_ROOTS_MAX);
    if (X509_check_purpose(*x, -1, 0) != 1)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "a certificate's extensions are not well-formed");
    if (part == EK_ROOTS_ANCHORS) {
        if (X509_STORE_add_cert(roots->store, *x) != 1)
            return STATUS_NOMEM;
        roots->n_anchors++;
        return STATUS_OK;
    }
    if (sk_X509_push(roots->intermediates, *x) <= 0)
        return STATUS_NOMEM;
    *x = NULL;
    return STATUS_OK;
}

static enum status
add_crl(struct ek_roots *roots, X509_CRL **crl, struct diag *diag)
{
    if (ek_roots_n_crls(roots) >= EK_ROOTS_MAX)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "more than %u CRLs", EK_ROOTS_MAX);
    if (X509_STORE_add_crl(roots->store, *crl) != 1 || sk_X509_CRL_push(roots->crls, *crl) <= 0)
        return STATUS_NOMEM;
    *crl = NULL;
    return STATUS_OK;
}

/* One certificate or CRL, and nothing behind it. */
static enum status
add_der(struct ek_roots *roots, enum ek_roots_part part, struct bytes der, struct diag *diag)
{
    const unsigned char *at = der.data;
    CLEANUP(free_crl) X509_CRL *crl = NULL;
    CLEANUP(free_certificate) X509 *x = NULL;
    if (der.size == 0 || der_outer(der).size != der.size)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "neither PEM nor one DER structure");
    if (der.size <= LIMIT_CERT)
        x = d2i_X509(NULL, &at, (long)der.size);
    enum status s = STATUS_INVALID;
    if (x) {
        s = add_certificate(roots, part, &x, diag);
    } else {
        at = der.data;
        crl = d2i_X509_CRL(NULL, &at, (long)der.size);
        s = crl ? add_crl(roots, &crl, diag)
                : diag_set(diag, STATUS_INVALID, CLAUSE, 0, "neither a certificate nor a CRL");
    }
    ERR_clear_error();
    return s;
}

enum status
ek_roots_add(struct ek_roots *roots, enum ek_roots_part part, struct bytes content,
             struct diag *diag)
{
    if (!pem_is(content))
        return add_der(roots, part, content, diag);
    char label[PEM_LABEL_SIZE];
    CLEANUP(buffer_free) struct buffer der = {0};
    for (;;) {
        enum status s = pem_next(&content, label, &der);
        if (s == STATUS_NOT_FOUND)
            return STATUS_OK;
        if (s == STATUS_MALFORMED)
            return diag_set(diag, STATUS_INVALID, "RFC 7468", 0, "a PEM block cannot be read");
        if (s == STATUS_OK && !text_equal(label, "CERTIFICATE") && !text_equal(label, "X509 CRL"))
            return diag_set(diag, STATUS_INVALID, "RFC 7468", 0,
                            "a PEM block is neither CERTIFICATE nor X509 CRL");
        if (s == STATUS_OK)
            s = add_der(roots, part, buffer_bytes(&der), diag);
        if (s != STATUS_OK)
            return s;
    }
}

static size_t
count(int n)
{
    return n > 0 ? (size_t)n : 0;
}

size_t
ek_roots_n_anchors(const struct ek_roots *roots)
{
    return roots->n_anchors;
}

size_t
ek_roots_n_intermediates(const struct ek_roots *roots)
{
    return count(sk_X509_num(roots->intermediates));
}

size_t
ek_roots_n_crls(const struct ek_roots *roots)
{
    return count(sk_X509_CRL_num(roots->crls));
}

size_t
ek_roots_count_stale_crls(const struct ek_roots *roots, int64_t now_s)
{
    size_t n = 0;
    int64_t now = now_s;
    for (int i = 0; i < sk_X509_CRL_num(roots->crls); i++) {
        const ASN1_TIME *next = X509_CRL_get0_nextUpdate(sk_X509_CRL_value(roots->crls, i));
        if (next && X509_cmp_time(next, &now) < 0)
            n++;
    }
    return n;
}

void
ek_roots_free(struct ek_roots *roots)
{
    if (!roots)
        return;
    X509_STORE_free(roots->store);
    sk_X509_pop_free(roots->intermediates, X509_free);
    sk_X509_CRL_pop_free(roots->crls, X509_CRL_free);
    free(roots);
}

void
ek_roots_freep(struct ek_roots **roots)
{
    ek_roots_free(*roots);
}

X509_STORE *
ek_roots_store(const struct ek_roots *roots)
{
    return roots->store;
}

STACK_OF(X509) * ek_roots_intermediates(const struct ek_roots *roots)
{
    return roots->intermediates;
}
