/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EFI signature lists, the content of PK, KEK, db, dbx and MokList: one signature at a time. The
 * header of a list is skipped, sizes are divided exactly, and nothing of a list whose sizes
 * contradict one another is given. Views borrow from the input. Pure. [UEFI 2.10 32.4.1; threats
 * 25]
 */
#pragma once

#include "base/reader.h"

#define SIGNATURE_LIST_MAX 65536u /* signatures of one variable */

enum signature_kind {
    SIGNATURE_OTHER = 0,   /* a type that we do not know: data as it stands */
    SIGNATURE_CERTIFICATE, /* X.509, DER */
    SIGNATURE_SHA256,      /* of an image */
    SIGNATURE_SHA384,
    SIGNATURE_SHA512,
    SIGNATURE_CERTIFICATE_SHA256, /* of a certificate's to-be-signed part, and when it was revoked
                                   */
    SIGNATURE_CERTIFICATE_SHA384,
    SIGNATURE_CERTIFICATE_SHA512
};

struct signature_entry {
    enum signature_kind kind;
    struct bytes type;  /* 16 bytes */
    struct bytes owner; /* 16 bytes */
    struct bytes data;  /* certificate, or the digest without what follows it */
};

struct signature_list {
    struct reader r;
    size_t n_read;
    struct bytes type;
    enum signature_kind kind;
    size_t entry_size;
    struct reader entries; /* of the list at hand */
};

struct signature_list signature_list_of(struct bytes in);
/* The next signature; STATUS_NOT_FOUND at the end; STATUS_MALFORMED, STATUS_LIMIT. */
MUST_CHECK enum status signature_list_next(struct signature_list *l, struct signature_entry *out);
/* Lists and nothing else: at least one signature, and none malformed. */
bool signature_list_is_whole(struct bytes in);
