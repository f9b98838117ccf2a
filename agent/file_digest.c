/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file_digest.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLAUSE "file"
#define PIECE  65536u
#define N_RUNS ALG_COUNT

struct runs {
    EVP_MD_CTX *ctx[N_RUNS];
    size_t n;
};

static void
end_runs(struct runs *r)
{
    for (size_t i = 0; i < r->n; i++)
        EVP_MD_CTX_free(r->ctx[i]);
}

static enum status
begin_runs(struct runs *r, const uint16_t *algs, size_t n)
{
    if (n > N_RUNS)
        return STATUS_INVALID;
    for (size_t i = 0; i < n; i++) {
        const EVP_MD *md = EVP_get_digestbyname(alg_name(algs[i]));
        r->ctx[i] = EVP_MD_CTX_new();
        r->n = i + 1;
        if (!md || !r->ctx[i])
            return md ? STATUS_NOMEM : STATUS_UNSUPPORTED;
        if (EVP_DigestInit_ex2(r->ctx[i], md, NULL) != 1)
            return STATUS_CRYPTO;
    }
    return STATUS_OK;
}

static enum status
refuse(struct diag *diag, const char *path)
{
    enum status s = errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND
                    : errno == EACCES || errno == EPERM ? STATUS_DENIED
                                                        : STATUS_IO;
    return diag_set(diag, s, CLAUSE, 0, "%.160s: %s", path, strerror(errno));
}

static enum status
open_regular(const char *path, int *fd, struct diag *diag)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, &st) != 0)
        return refuse(diag, path);
    if (!S_ISREG(st.st_mode))
        return diag_set(diag, STATUS_IO, CLAUSE, 0, "%.160s is not a file", path);
    return STATUS_OK;
}

static enum status
read_through(int fd, const char *path, struct runs *r, struct diag *diag)
{
    static uint8_t piece[PIECE];
    for (;;) {
        ssize_t size = read(fd, piece, sizeof piece);
        if (size == 0)
            return STATUS_OK;
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return refuse(diag, path);
        for (size_t i = 0; i < r->n; i++) {
            if (EVP_DigestUpdate(r->ctx[i], piece, (size_t)size) != 1)
                return STATUS_CRYPTO;
        }
    }
}

enum status
file_digest(const char *path, const uint16_t *algs, size_t n, struct digest *out, struct diag *diag)
{
    CLEANUP(end_runs) struct runs runs = {0};
    CLEANUP(close_fdp) int fd = -1;
    enum status s = begin_runs(&runs, algs, n);
    if (s == STATUS_OK)
        s = open_regular(path, &fd, diag);
    if (s == STATUS_OK)
        s = read_through(fd, path, &runs, diag);
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        uint8_t value[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        s = EVP_DigestFinal_ex(runs.ctx[i], value, &size) == 1
                ? digest_from(algs[i], bytes_of(value, size), &out[i])
                : STATUS_CRYPTO;
    }
    return s;
}
