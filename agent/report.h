/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people and programs are shown: the last round, this device's identity. Text for people, JSON
 * with --json. Peer texts are escaped.
 */
#pragma once

#include "agent/ek_list.h"
#include "agent/state.h"

/* The state of things at now_s. Appends. STATUS_NOMEM. */
MUST_CHECK enum status report_status(const struct state *s, int64_t now_s, struct buffer *out);
MUST_CHECK enum status report_status_json(const struct state *s, int64_t now_s, struct buffer *out);
/* The exit code that the state means at now_s: a verdict that has expired is none. */
int report_exit_code(const struct state *s, int64_t now_s);

struct report_identity {
    const struct ek_list *eks;
    char device_id[DEVICE_ID_SIZE];
    uint8_t ueid[UEID_SIZE];
    struct bytes ak_name;
    uint8_t ek_sha256[TPM_EK_COUNT][DIGEST_SHA256_SIZE]; /* of the SPKI, in the list's order */
};
MUST_CHECK enum status report_identity(const struct report_identity *i, struct buffer *out);
MUST_CHECK enum status report_identity_json(const struct report_identity *i, struct buffer *out);
