/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a quote is bound to. extraData = SHA-256 over deterministic CBOR ["attestd quote 1",
 * challenge, device id, AK Name, verifier origin, exporter or null, SHA-256 of the manifest]; the
 * manifest is a deterministic CBOR map from member name to [media type, size, SHA-256] of each
 * member fixed before the quote (boot-log, claims, announcement). Agent and verifier compute both
 * here. Pure. [protocol 3]
 */
#pragma once

#include "base/digest.h"

#define BINDING_LABEL         "attestd quote 1"
#define BINDING_EXPORTER_SIZE 32u

struct binding {
    struct bytes challenge; /* the whole token, tag included */
    const char *device_id;
    struct bytes ak_name;
    const char *origin;
    struct bytes exporter; /* BINDING_EXPORTER_SIZE bytes; empty: null on the wire */
    struct bytes manifest; /* its encoded bytes */
};

/* STATUS_INVALID: an exporter of another size. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status binding_extra_data(struct hasher *h, const struct binding *b,
                                          uint8_t out[static DIGEST_SHA256_SIZE]);

enum manifest_member { MANIFEST_CLAIMS, MANIFEST_BOOT_LOG, MANIFEST_ANNOUNCEMENT, MANIFEST_COUNT };

struct manifest_entry {
    bool present;
    uint64_t size;
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

struct manifest {
    struct manifest_entry entries[MANIFEST_COUNT];
};

/* Appends. STATUS_NOMEM. */
MUST_CHECK enum status manifest_encode(const struct manifest *m, struct buffer *out);
/* Media types are fixed by the table of evidence.h; another, or another member, is
 * STATUS_MALFORMED. STATUS_LIMIT: a size above the member's limit. *out is empty then. */
MUST_CHECK enum status manifest_parse(struct bytes in, struct manifest *out, struct diag *diag);
