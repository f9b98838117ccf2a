/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the operator believes about EKs, from the configured directories and the advisories' file:
 * one immutable trust behind a pointer, swapped by a reload while enrolments run. Any thread.
 * [threats 17, 18]
 */
#pragma once

#include "base/config.h"
#include "base/digest.h"
#include "evidence/advisory.h"
#include "evidence/ek_roots.h"

struct ek_trust {
    struct ek_roots *roots;
    struct advisories advisories;
    /* Names the content of all files, in whatever order they were read. */
    uint8_t version[DIGEST_SHA256_SIZE];
};

struct ek_files;

/* enrollment.ek_roots: anchors; enrollment.ek_bundle: intermediates and CRLs; every file in them
 * but hidden ones must be readable as that (names do not matter). enrollment.advisories: rows, and
 * those of every NAME.json in the directory of that name with ".d" for ".json". A directory or file
 * that does not exist is said in the log and stands for none. STATUS_INVALID names the file. */
MUST_CHECK enum status ek_files_open(const struct config *config, int64_t now_s,
                                     struct ek_files **out, struct diag *diag);
/* Load again; on failure what was loaded before stays in force. */
MUST_CHECK enum status ek_files_reload(struct ek_files *files, const struct config *config,
                                       int64_t now_s, struct diag *diag);
void ek_files_close(struct ek_files *files);

/* A reference to what is in force; ek_files_put() it. */
const struct ek_trust *ek_files_get(struct ek_files *files);
void ek_files_put(const struct ek_trust *trust);
