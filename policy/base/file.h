/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files, whole: bounded reads that also work on securityfs (no size in advance), and atomic,
 * durable writes. Never called from policy/evidence or policy/appraise.
 */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

/* Append the whole file to out, which is as before unless STATUS_OK. STATUS_NOT_FOUND;
 * STATUS_DENIED; STATUS_LIMIT above max bytes; STATUS_IO; STATUS_NOMEM. "-" is standard input. */
MUST_CHECK enum status file_load(const char *path, size_t max, struct buffer *out,
                                 struct diag *diag);
/* As file_load(), and refuse with STATUS_DENIED a file that group or others may read or write, or
 * that is not a regular file of ours or root's. For keys and tokens. Root's group may read root's
 * file (a systemd credential). "-" is an ordinary name here. */
MUST_CHECK enum status file_load_secret(const char *path, size_t max, struct buffer *out,
                                        struct diag *diag);
/* Write beside path, fsync, rename over it, fsync the directory. mode is set whatever the umask.
 * STATUS_IO, STATUS_DENIED, STATUS_NOT_FOUND (no such directory), STATUS_NOMEM: path is then as
 * before, unless only the directory could not be synced. */
MUST_CHECK enum status file_save(const char *path, struct bytes content, mode_t mode,
                                 struct diag *diag);
/* The same; written by root, the file belongs to whom its directory belongs to. For what a service
 * and an operator both write. */
MUST_CHECK enum status file_save_owned(const char *path, struct bytes content, mode_t mode,
                                       struct diag *diag);
