/* SPDX-License-Identifier: Apache-2.0 */
/* from: a directory and credentials; to: keys by role; never: gives a key to another role. */
#include "daemon/keyring.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/emit.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/ak.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#define CLAUSE        "keyring"
#define MAX_KEYS      32u
#define MAX_FILE      4096u
#define DAY_MS        86400000
#define CHALLENGE_USE "attestd challenge"

static const struct {
    const char *name;
    bool secret;
} roles[KEY_ROLE_COUNT] = {
    [KEY_ROLE_RESULT] = {"result", false},
    [KEY_ROLE_AUDIT] = {"audit", false},
    [KEY_ROLE_CHALLENGE] = {"challenge", true},
    [KEY_ROLE_ENROLLMENT] = {"enrollment", true},
};

static const char *const states[] = {
    [KEY_STATE_CURRENT] = "current", [KEY_STATE_NEXT] = "next", [KEY_STATE_RETIRED] = "retired"};

struct keyring {
    pthread_mutex_t day_lock; /* guards the next three */
    bool day_known;
    int64_t day;
    struct freshness_key days[2]; /* of day and of the day before */
    size_t n_keys;
    struct key keys[MAX_KEYS];
};

const char *
key_role_name(enum key_role role)
{
    return role < KEY_ROLE_COUNT ? roles[role].name : "unknown";
}

static void
free_bio(BIO **b)
{
    BIO_free_all(*b);
}

static void
close_dir(DIR **d)
{
    if (*d)
        (void)closedir(*d);
}

static enum status
coordinate(EVP_PKEY *pkey, const char *name, uint8_t out[static 32])
{
    BIGNUM *n = NULL;
    if (EVP_PKEY_get_bn_param(pkey, name, &n) != 1)
        return STATUS_CRYPTO;
    int size = BN_bn2binpad(n, out, 32);
    BN_free(n);
    return size == 32 ? STATUS_OK : STATUS_CRYPTO;
}

/* kid = base64url(SHA-256({"crv","kty","x","y"})). [RFC 7638 3] */
static enum status
set_thumbprint(struct hasher *h, struct key *key)
{
    CLEANUP(buffer_free) struct buffer json = {0};
    struct emit e = emit_of(&json);
    emit_object(&e);
    emit_text_member(&e, "crv", "P-256");
    emit_text_member(&e, "kty", "EC");
    emit_base64url_member(&e, "x", bytes_of(key->x, sizeof key->x));
    emit_base64url_member(&e, "y", bytes_of(key->y, sizeof key->y));
    emit_end_object(&e);
    uint8_t sha256[DIGEST_SHA256_SIZE];
    enum status s = emit_check(&e);
    if (s == STATUS_OK)
        s = digest_sha256(h, buffer_bytes(&json), sha256);
    if (s != STATUS_OK)
        return s;
    CLEANUP(buffer_free) struct buffer kid = {0};
    text_append_base64url(&kid, bytes_of(sha256, sizeof sha256));
    const char *text = buffer_text(&kid);
    if (!text || !text_copy(key->kid, sizeof key->kid, text))
        return STATUS_NOMEM;
    return STATUS_OK;
}

enum status
key_start_signing(struct key *key)
{
    key->signing = EVP_MD_CTX_new();
    if (!key->signing ||
        EVP_DigestSignInit_ex(key->signing, NULL, "SHA256", NULL, NULL, key->pkey, NULL) != 1)
        return STATUS_CRYPTO;
    return STATUS_OK;
}

static enum status
describe_public(struct hasher *h, struct key *key, struct diag *diag)
{
    char group[32] = "";
    size_t size = 0;
    if (EVP_PKEY_get_group_name(key->pkey, group, sizeof group, &size) != 1 ||
        !text_equal(group, "prime256v1"))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the %s key is not an EC key on P-256",
                        key_role_name(key->role));
    enum status s = coordinate(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, key->x);
    if (s == STATUS_OK)
        s = coordinate(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, key->y);
    if (s == STATUS_OK)
        s = set_thumbprint(h, key);
    return s == STATUS_OK ? key_start_signing(key) : s;
}

static enum status
set_secret_kid(struct hasher *h, struct key *key)
{
    uint8_t sha256[DIGEST_SHA256_SIZE];
    enum status s = digest_sha256(h, bytes_of(key->secret, sizeof key->secret), sha256);
    if (s == STATUS_OK)
        (void)text_hex(bytes_of(sha256, 8), key->kid, sizeof key->kid);
    return s;
}

/* One key from the content of its file. */
static enum status
key_parse(struct hasher *h, struct bytes content, struct key *key, struct diag *diag)
{
    if (roles[key->role].secret) {
        if (content.size != KEYRING_SECRET_SIZE)
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the %s secret is not %u bytes long",
                            key_role_name(key->role), KEYRING_SECRET_SIZE);
        memcpy(key->secret, content.data, KEYRING_SECRET_SIZE);
        return set_secret_kid(h, key);
    }
    CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(content.data, (int)content.size);
    key->pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    if (!key->pkey)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the %s key is not a PEM private key",
                        key_role_name(key->role));
    return describe_public(h, key, diag);
}

static enum status
key_make(enum key_role role, struct buffer *out)
{
    if (roles[role].secret) {
        uint8_t secret[KEYRING_SECRET_SIZE];
        enum status s = digest_random(secret, sizeof secret);
        buffer_append(out, bytes_of(secret, sizeof secret));
        OPENSSL_cleanse(secret, sizeof secret);
        return s == STATUS_OK ? buffer_check(out) : s;
    }
    CLEANUP(evp_pkey_freep) EVP_PKEY *pkey = EVP_EC_gen("P-256");
    CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_secmem());
    if (!pkey || !bio || PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) != 1)
        return STATUS_CRYPTO;
    char *text = NULL;
    long size = BIO_get_mem_data(bio, &text);
    buffer_append(out, bytes_of(text, (size_t)size));
    return buffer_check(out);
}

static struct key *
next_slot(struct keyring *k, enum key_role role, enum key_state state)
{
    if (k->n_keys == MAX_KEYS)
        return NULL;
    struct key *key = &k->keys[k->n_keys++];
    key->role = role;
    key->state = state;
    return key;
}

static enum status
load_file(struct keyring *k, struct hasher *h, enum key_role role, enum key_state state,
          const char *path, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer content = {0};
    enum status s = file_load_secret(path, MAX_FILE, &content, diag);
    if (s != STATUS_OK)
        return s;
    struct key *key = next_slot(k, role, state);
    if (!key)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "more than %u keys", MAX_KEYS);
    return key_parse(h, buffer_bytes(&content), key, diag);
}

/* State by the file's name, "current.pem" or "retired-ANYTHING.pem"; false for other files. */
static bool
state_of(const char *name, enum key_state *out)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        size_t n = strlen(states[i]);
        if (text_starts(name, states[i]) && (name[n] == '.' || name[n] == '-')) {
            *out = (enum key_state)i;
            return true;
        }
    }
    return false;
}

static enum status
load_directory(struct keyring *k, struct hasher *h, enum key_role role, const char *path,
               struct diag *diag)
{
    CLEANUP(close_dir) DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT
                   ? STATUS_OK
                   : diag_set(diag, STATUS_IO, CLAUSE, 0, "cannot read directory %s", path);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        enum key_state state;
        if (!state_of(entry->d_name, &state))
            continue;
        char file[512];
        if (snprintf(file, sizeof file, "%s/%s", path, entry->d_name) >= (int)sizeof file)
            return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "path too long under %s", path);
        enum status s = load_file(k, h, role, state, file, diag);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static size_t
count_current(const struct keyring *k, enum key_role role)
{
    size_t n = 0;
    for (size_t i = 0; i < k->n_keys; i++)
        n += k->keys[i].role == role && k->keys[i].state == KEY_STATE_CURRENT;
    return n;
}

static enum status
make_file(struct keyring *k, struct hasher *h, enum key_role role, const char *path,
          struct diag *diag)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return diag_set(diag, STATUS_IO, CLAUSE, 0, "cannot make directory %s", path);
    CLEANUP(buffer_free) struct buffer content = {0};
    enum status s = key_make(role, &content);
    if (s != STATUS_OK)
        return s;
    char file[512];
    (void)snprintf(file, sizeof file, "%s/current.%s", path, roles[role].secret ? "key" : "pem");
    s = file_save(file, buffer_bytes(&content), 0600, diag);
    if (s != STATUS_OK)
        return s;
    return load_file(k, h, role, KEY_STATE_CURRENT, file, diag);
}

static enum status
open_role(struct keyring *k, struct hasher *h, enum key_role role, const char *directory,
          const char *credentials, bool create, struct diag *diag)
{
    char path[384];
    if (credentials) {
        (void)snprintf(path, sizeof path, "%s/attestd-%s", credentials, roles[role].name);
        if (access(path, F_OK) == 0)
            return load_file(k, h, role, KEY_STATE_CURRENT, path, diag);
    }
    if (snprintf(path, sizeof path, "%s/%s", directory, roles[role].name) >= (int)sizeof path)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "the key directory's path is too long");
    enum status s = load_directory(k, h, role, path, diag);
    if (s != STATUS_OK || count_current(k, role) == 1)
        return s;
    if (count_current(k, role) > 1)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "more than one current %s key",
                        roles[role].name);
    if (!create)
        return diag_set(diag, STATUS_NOT_FOUND, CLAUSE, 0, "no current %s key in %s",
                        roles[role].name, directory);
    return make_file(k, h, role, path, diag);
}

enum status
keyring_open(const char *directory, const char *credentials, bool create, struct keyring **out,
             struct diag *diag)
{
    *out = NULL;
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    enum status s = hasher_new(&h);
    if (s != STATUS_OK)
        return s;
    CLEANUP(keyring_closep) struct keyring *k = calloc(1, sizeof *k);
    if (!k)
        return STATUS_NOMEM;
    if (create && mkdir(directory, 0700) != 0 && errno != EEXIST)
        return diag_set(diag, STATUS_IO, CLAUSE, 0, "cannot make directory %s", directory);
    pthread_mutex_init(&k->day_lock, NULL);
    for (unsigned role = 0; role < KEY_ROLE_COUNT; role++) {
        s = open_role(k, h, (enum key_role)role, directory, credentials, create, diag);
        if (s != STATUS_OK)
            return s;
    }
    *out = k;
    k = NULL;
    return STATUS_OK;
}

void
keyring_close(struct keyring *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->n_keys; i++) {
        EVP_MD_CTX_free(k->keys[i].signing);
        EVP_PKEY_free(k->keys[i].pkey);
    }
    pthread_mutex_destroy(&k->day_lock);
    OPENSSL_cleanse(k, sizeof *k);
    free(k);
}

void
keyring_closep(struct keyring **k)
{
    keyring_close(*k);
}

const struct key *
keyring_current(const struct keyring *k, enum key_role role)
{
    for (size_t i = 0; i < k->n_keys; i++) {
        if (k->keys[i].role == role && k->keys[i].state == KEY_STATE_CURRENT)
            return &k->keys[i];
    }
    return NULL;
}

static enum status
day_key(struct hasher *h, const struct key *secret, int64_t day, struct freshness_key *out)
{
    CLEANUP(buffer_free) struct buffer use = {0};
    buffer_append_text(&use, CHALLENGE_USE);
    buffer_append_be64(&use, (uint64_t)day);
    struct digest d;
    enum status s = buffer_check(&use);
    if (s == STATUS_OK)
        s = digest_hmac(ALG_SHA256, bytes_of(secret->secret, sizeof secret->secret),
                        buffer_bytes(&use), &d);
    if (s != STATUS_OK)
        return s;
    memcpy(out->key, d.data, sizeof out->key);
    uint8_t sha256[DIGEST_SHA256_SIZE];
    s = digest_sha256(h, bytes_of(out->key, sizeof out->key), sha256);
    if (s == STATUS_OK)
        (void)text_hex(bytes_of(sha256, 8), out->kid, sizeof out->kid);
    OPENSSL_cleanse(&d, sizeof d);
    return s;
}

/* Under day_lock. */
static enum status
make_days(struct keyring *k, int64_t day)
{
    const struct key *secret = keyring_current(k, KEY_ROLE_CHALLENGE);
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    k->day_known = false;
    enum status s = hasher_new(&h);
    if (s == STATUS_OK)
        s = day_key(h, secret, day, &k->days[0]);
    if (s == STATUS_OK)
        s = day_key(h, secret, day - 1, &k->days[1]);
    k->day = day;
    k->day_known = s == STATUS_OK;
    return s;
}

enum status
keyring_challenge_keys(struct keyring *k, int64_t now_ms, struct freshness_key out[static 2])
{
    int64_t day = now_ms / DAY_MS;
    pthread_mutex_lock(&k->day_lock);
    enum status s = k->day_known && k->day == day ? STATUS_OK : make_days(k, day);
    if (s == STATUS_OK)
        memcpy(out, k->days, sizeof k->days);
    pthread_mutex_unlock(&k->day_lock);
    return s;
}

void
keyring_append_jwks(const struct keyring *k, struct buffer *out)
{
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_key(&e, "keys");
    emit_array(&e);
    for (size_t i = 0; i < k->n_keys; i++) {
        const struct key *key = &k->keys[i];
        if (roles[key->role].secret)
            continue;
        emit_object(&e);
        emit_text_member(&e, "kty", "EC");
        emit_text_member(&e, "crv", "P-256");
        emit_text_member(&e, "alg", "ES256");
        emit_text_member(&e, "use", "sig");
        emit_text_member(&e, "kid", key->kid);
        emit_base64url_member(&e, "x", bytes_of(key->x, sizeof key->x));
        emit_base64url_member(&e, "y", bytes_of(key->y, sizeof key->y));
        emit_end_object(&e);
    }
    emit_end_array(&e);
    emit_end_object(&e);
}
