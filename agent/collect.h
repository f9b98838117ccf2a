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
    bool incomplete; /* a writer left it open: records are missing; of collect_read_userspace() */
};

/* Read path (NULL: none) from offset on, at most max bytes. Works on securityfs, whose files have
 * no size. STATUS_NOMEM only. content is empty unless COLLECT_READ. */
MUST_CHECK enum status collect_read(const char *path, uint64_t offset, size_t max,
                                    struct collect_log *out);
/* systemd's tpm2-measure.log from its start, between two writes. Its writer holds an exclusive lock
 * (flock) and sets the sticky bit before it extends a PCR, and takes both back when the record is
 * written: a sticky bit without a writer says that it was interrupted. A writer that keeps its lock
 * for COLLECT_LOCK_WAIT_MS is not waited for longer. As collect_read(). [systemd tpm2-measure.log]
 */
#define COLLECT_LOCK_WAIT_MS 2000
MUST_CHECK enum status collect_read_userspace(const char *path, size_t max,
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
