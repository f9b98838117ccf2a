/* SPDX-License-Identifier: Apache-2.0 */
/* from: PEM texts and sessions; to: certificates and exporter values; never: sees a request. */
#include "daemon/http_tls.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE        "tls"
#define MAX_CHAIN     8u
#define EXPORTER_SIZE 32u

/* A certificate chain and its key. GnuTLS borrows it during a handshake, so a replaced one is kept
 * until the end: reloads are rare and it is small. */
struct pair {
    gnutls_pcert_st chain[MAX_CHAIN];
    unsigned n_chain;
    gnutls_privkey_t key;
    struct pair *older;
};

struct http_tls {
    pthread_mutex_t pair_lock; /* guards current */
    struct pair *current;
    gnutls_datum_t ticket_key;
};

static gnutls_datum_t
datum(const char *text)
{
    /* GnuTLS takes unsigned int sizes and does not write through data. */
    union {
        const char *in;
        unsigned char *out;
    } u = {.in = text};
    return (gnutls_datum_t){.data = u.out, .size = (unsigned)strlen(text)};
}

static void
pair_free(struct pair *p)
{
    while (p) {
        struct pair *older = p->older;
        for (unsigned i = 0; i < p->n_chain; i++)
            gnutls_pcert_deinit(&p->chain[i]);
        if (p->key)
            gnutls_privkey_deinit(p->key);
        free(p);
        p = older;
    }
}

static enum status
check_pair(struct pair *p, struct diag *diag)
{
    gnutls_pubkey_t from_key;
    if (gnutls_pubkey_init(&from_key) != 0)
        return STATUS_NOMEM;
    uint8_t a[64], b[64];
    size_t a_size = sizeof a, b_size = sizeof b;
    int rc = gnutls_pubkey_import_privkey(from_key, p->key, 0, 0);
    if (rc == 0)
        rc = gnutls_pubkey_get_key_id(from_key, GNUTLS_KEYID_USE_SHA256, a, &a_size);
    if (rc == 0)
        rc = gnutls_pubkey_get_key_id(p->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, b, &b_size);
    gnutls_pubkey_deinit(from_key);
    if (rc != 0 || a_size != b_size || gnutls_memcmp(a, b, a_size) != 0)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "the key does not belong to the certificate");
    return STATUS_OK;
}

static enum status
pair_load(const char *certificate, const char *key, struct pair **out, struct diag *diag)
{
    *out = NULL;
    struct pair *p = calloc(1, sizeof *p);
    if (!p)
        return STATUS_NOMEM;
    gnutls_datum_t cert_text = datum(certificate), key_text = datum(key);
    unsigned n = MAX_CHAIN;
    if (gnutls_pcert_list_import_x509_raw(p->chain, &n, &cert_text, GNUTLS_X509_FMT_PEM, 0) != 0 ||
        n == 0) {
        pair_free(p);
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the certificate file is not PEM");
    }
    p->n_chain = n;
    if (gnutls_privkey_init(&p->key) != 0 ||
        gnutls_privkey_import_x509_raw(p->key, &key_text, GNUTLS_X509_FMT_PEM, NULL, 0) != 0) {
        pair_free(p);
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the key file is not a PEM private key");
    }
    enum status s = check_pair(p, diag);
    if (s != STATUS_OK) {
        pair_free(p);
        return s;
    }
    *out = p;
    return STATUS_OK;
}

enum status
http_tls_open(const char *certificate, const char *key, struct http_tls **out, struct diag *diag)
{
    *out = NULL;
    struct http_tls *t = calloc(1, sizeof *t);
    if (!t)
        return STATUS_NOMEM;
    pthread_mutex_init(&t->pair_lock, NULL);
    enum status s = pair_load(certificate, key, &t->current, diag);
    if (s == STATUS_OK && gnutls_session_ticket_key_generate(&t->ticket_key) != 0)
        s = STATUS_CRYPTO;
    if (s != STATUS_OK) {
        http_tls_close(t);
        return s;
    }
    *out = t;
    return STATUS_OK;
}

enum status
http_tls_replace(struct http_tls *t, const char *certificate, const char *key, struct diag *diag)
{
    struct pair *next = NULL;
    enum status s = pair_load(certificate, key, &next, diag);
    if (s != STATUS_OK)
        return s;
    pthread_mutex_lock(&t->pair_lock);
    next->older = t->current;
    t->current = next;
    pthread_mutex_unlock(&t->pair_lock);
    return STATUS_OK;
}

int
http_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *req_ca_dn, int nreqs,
                  const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length,
                  gnutls_pcert_st **pcert, unsigned int *pcert_length, gnutls_privkey_t *privkey)
{
    (void)req_ca_dn;
    (void)nreqs;
    (void)pk_algos;
    (void)pk_algos_length;
    struct http_tls *t = gnutls_session_get_ptr(session);
    if (!t)
        return -1;
    pthread_mutex_lock(&t->pair_lock);
    struct pair *p = t->current;
    pthread_mutex_unlock(&t->pair_lock);
    *pcert = p->chain;
    *pcert_length = p->n_chain;
    *privkey = p->key;
    return 0;
}

void
http_tls_begin(struct http_tls *t, gnutls_session_t session)
{
    gnutls_session_set_ptr(session, t);
    (void)gnutls_session_ticket_enable_server(session, &t->ticket_key);
}

bool
http_tls_exporter(gnutls_session_t session, uint8_t out[static 32])
{
    bool extended = (gnutls_session_get_flags(session) & GNUTLS_SFLAGS_EXT_MASTER_SECRET) != 0;
    if (gnutls_protocol_get_version(session) < GNUTLS_TLS1_3 && !extended)
        return false;
    gnutls_datum_t value = {0};
    if (gnutls_session_channel_binding(session, GNUTLS_CB_TLS_EXPORTER, &value) != 0)
        return false;
    bool fits = value.size == EXPORTER_SIZE;
    if (fits)
        memcpy(out, value.data, EXPORTER_SIZE);
    gnutls_free(value.data);
    return fits;
}

void
http_tls_close(struct http_tls *t)
{
    if (!t)
        return;
    pair_free(t->current);
    if (t->ticket_key.data) {
        gnutls_memset(t->ticket_key.data, 0, t->ticket_key.size);
        gnutls_free(t->ticket_key.data);
    }
    pthread_mutex_destroy(&t->pair_lock);
    free(t);
}
