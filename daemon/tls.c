/* SPDX-License-Identifier: Apache-2.0 */
/* from: configured files or nothing; to: a certificate and its key; never: listens. */
#include "daemon/tls.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/ak.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>

#define CLAUSE      "tls"
#define MAX_FILE    (256u * 1024u)
#define MADE_LIFE_S (825L * 86400L)
#define CERTIFICATE "certificate.pem"
#define KEY         "key.pem"

static void
free_bio(BIO **b)
{
    BIO_free_all(*b);
}

static void
free_x509(X509 **x)
{
    X509_free(*x);
}

static enum status
set_pin(struct tls_pair *p, struct diag *diag)
{
    CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(p->certificate.data, (int)p->certificate.size);
    CLEANUP(free_x509) X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    if (!x)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the certificate file is not PEM");
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(buffer_free) struct buffer spki = {0};
    uint8_t sha256[DIGEST_SHA256_SIZE];
    enum status s = hasher_new(&h);
    if (s == STATUS_OK)
        s = key_spki(X509_get0_pubkey(x), &spki);
    if (s == STATUS_OK)
        s = digest_sha256(h, buffer_bytes(&spki), sha256);
    if (s != STATUS_OK)
        return s;
    (void)text_hex(bytes_of(sha256, sizeof sha256), p->pin, sizeof p->pin);
    return STATUS_OK;
}

static enum status
load_files(const char *certificate, const char *key, struct tls_pair *out, struct diag *diag)
{
    enum status s = file_load(certificate, MAX_FILE, &out->certificate, diag);
    if (s == STATUS_OK)
        s = file_load_secret(key, MAX_FILE, &out->key, diag);
    if (s == STATUS_OK && (!buffer_text(&out->certificate) || !buffer_text(&out->key)))
        s = STATUS_NOMEM;
    return s == STATUS_OK ? set_pin(out, diag) : s;
}

/* "DNS:host" or "IP:address" for each origin. */
static enum status
append_names(const struct tls_files *files, struct buffer *out)
{
    for (size_t i = 0; i < files->n_origins; i++) {
        char host[256];
        const char *begin = strstr(files->origins[i], "://");
        begin = begin ? begin + 3 : files->origins[i];
        bool v6 = *begin == '[';
        size_t size = v6 ? strcspn(++begin, "]") : strcspn(begin, ":");
        if (size == 0 || size >= sizeof host)
            return STATUS_INVALID;
        memcpy(host, begin, size);
        host[size] = '\0';
        struct in6_addr a;
        bool ip = v6 || inet_pton(AF_INET, host, &a) == 1;
        buffer_append_format(out, "%s%s:%s", out->size > 0 ? "," : "", ip ? "IP" : "DNS", host);
    }
    return buffer_text(out) ? STATUS_OK : STATUS_NOMEM;
}

static bool
add_extension(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool added = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return added;
}

static bool
fill_certificate(X509 *x, EVP_PKEY *pkey, const char *names, int64_t now_s)
{
    uint8_t serial[8];
    uint64_t number = 0;
    if (digest_random(serial, sizeof serial) != STATUS_OK)
        return false;
    memcpy(&number, serial, sizeof number);
    X509_NAME *name = X509_get_subject_name(x);
    return X509_set_version(x, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), number >> 1) == 1 &&
           ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(now_s - 300)) &&
           ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(now_s + MADE_LIFE_S)) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const unsigned char *)"attestd self-signed", -1, -1, 0) &&
           X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, pkey) == 1 &&
           add_extension(x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(x, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
           add_extension(x, NID_ext_key_usage, "serverAuth") &&
           add_extension(x, NID_subject_alt_name, names) && X509_sign(x, pkey, EVP_sha256()) > 0;
}

static enum status
save_bio(BIO *bio, const char *path, mode_t mode, struct diag *diag)
{
    char *text = NULL;
    long size = BIO_get_mem_data(bio, &text);
    return file_save(path, bytes_of(text, (size_t)size), mode, diag);
}

static enum status
make_files(const struct tls_files *files, const char *certificate, const char *key,
           struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer names = {0};
    enum status s = append_names(files, &names);
    if (s != STATUS_OK)
        return s;
    CLEANUP(evp_pkey_freep) EVP_PKEY *pkey = EVP_EC_gen("P-256");
    CLEANUP(free_x509) X509 *x = X509_new();
    CLEANUP(free_bio) BIO *cert_bio = BIO_new(BIO_s_mem());
    CLEANUP(free_bio) BIO *key_bio = BIO_new(BIO_s_secmem());
    if (!pkey || !x || !cert_bio || !key_bio ||
        !fill_certificate(x, pkey, (const char *)names.data, files->now_s) ||
        PEM_write_bio_X509(cert_bio, x) != 1 ||
        PEM_write_bio_PrivateKey(key_bio, pkey, NULL, NULL, 0, NULL, NULL) != 1)
        return diag_set(diag, STATUS_CRYPTO, CLAUSE, 0, "cannot make a self-signed certificate");
    s = save_bio(key_bio, key, 0600, diag);
    return s == STATUS_OK ? save_bio(cert_bio, certificate, 0644, diag) : s;
}

enum status
tls_load(const struct tls_files *files, struct tls_pair *out, struct diag *diag)
{
    if (files->certificate)
        return load_files(files->certificate, files->key, out, diag);
    char certificate[512], key[512];
    if (snprintf(certificate, sizeof certificate, "%s/%s", files->directory, CERTIFICATE) >=
            (int)sizeof certificate ||
        snprintf(key, sizeof key, "%s/%s", files->directory, KEY) >= (int)sizeof key)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "the TLS directory's path is too long");
    out->made = true;
    if (access(certificate, F_OK) != 0) {
        if (mkdir(files->directory, 0700) != 0 && errno != EEXIST)
            return diag_set(diag, STATUS_IO, CLAUSE, 0, "cannot make directory %s",
                            files->directory);
        enum status s = make_files(files, certificate, key, diag);
        if (s != STATUS_OK)
            return s;
    }
    return load_files(certificate, key, out, diag);
}

void
tls_pair_clear(struct tls_pair *p)
{
    buffer_free(&p->certificate);
    buffer_free(&p->key);
}
