/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EFI signature lists: what PK, KEK, db, dbx and the MokLists hold, one signature at a time. Sizes
 * are the peer's word and checked in wide arithmetic: the header between is skipped and never read
 * as a signature, and what is left divides exactly. Views borrow. Pure. [UEFI 2.10 32.4.1; threat
 * 25]
 */
#pragma once

#include "base/reader.h"

enum siglist_type {
    SIGLIST_UNKNOWN = 0,
    SIGLIST_X509, /* data: DER certificate */
    SIGLIST_SHA1, /* data: digest of an image */
    SIGLIST_SHA224,
    SIGLIST_SHA256,
    SIGLIST_SHA384,
    SIGLIST_SHA512,
    SIGLIST_RSA2048,   /* data: modulus */
    SIGLIST_X509_HASH, /* data: digest of a certificate's to-be-signed part, then a time */
    SIGLIST_N_TYPES
};

struct siglist_entry {
    enum siglist_type type;
    struct bytes guid;  /* of the type, 16 bytes */
    struct bytes owner; /* 16 bytes */
    struct bytes data;
};

struct siglist {
    struct reader lists;   /* what follows the list under way */
    struct reader entries; /* what is left of it */
    size_t entry_size;     /* owner and data */
    enum siglist_type type;
    struct bytes guid;
    size_t n_entries; /* given so far */
};

#define SIGLIST_ENTRIES_MAX 8192u

/* in: the value of a variable; empty is no list. */
struct siglist siglist_of(struct bytes in);
/* STATUS_NOT_FOUND at the end; STATUS_MALFORMED; STATUS_LIMIT above SIGLIST_ENTRIES_MAX. */
MUST_CHECK enum status siglist_next(struct siglist *s, struct siglist_entry *out);
/* "x509", "sha256"; "unknown" */
const char *siglist_type_name(enum siglist_type type);
/* One EFI_SIGNATURE_DATA with a certificate, as an authority is measured: owner and DER. */
bool siglist_authority(struct bytes value, struct siglist_entry *out);
