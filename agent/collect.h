/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event logs as the kernel and systemd hold them, read within limits. A log that is not there
 * is reported by its place, never an error: the verifier judges what its absence means.
 */
#pragma once

#include "base/bytes.h"

enum collect_state {
    COLLECT_OFF = 0, /* configured as none */
    COLLECT_READ,    /* read, may be empty */
    COLLECT_ABSENT,  /* no such file */
    COLLECT_DENIED,  /* not permitted */
    COLLECT_TOO_LARGE,
    COLLECT_FAILED /* any other error */
};

struct collect_log {
    enum collect_state state;
    struct buffer content;
};

/* Read path (NULL: none) from offset on, at most max bytes. Works on securityfs, whose files have
 * no size. STATUS_NOMEM only. content is empty unless COLLECT_READ. */
MUST_CHECK enum status collect_read(const char *path, uint64_t offset, size_t max,
                                    struct collect_log *out);
/* Whether it could be read, without reading. */
enum collect_state collect_probe(const char *path);
void collect_log_free(struct collect_log *l);

/* Bytes of the first n entries of a binary IMA list; STATUS_NOT_FOUND when it has fewer,
 * STATUS_MALFORMED when it is not one. */
MUST_CHECK enum status collect_ima_size(struct bytes list, uint64_t n, size_t *size);

/* "read", "absent: no such file", ... for people. */
const char *collect_state_text(enum collect_state s);

/* This boot's identifier, 36 characters; "" when the kernel has none. */
#define COLLECT_BOOT_ID_SIZE 40u
void collect_boot_id(char out[static COLLECT_BOOT_ID_SIZE]);
