/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CoRIM, bare or in a COSE_Sign1: what its reference triples say of PCRs (integrity registers,
 * and digests under a number as key) and of anything else that has a digest. All of it that is not
 * one of these is told in leftovers with its place. The digest of a PCR is the register's value,
 * never one of an event. Hostile input; pure. [draft-ietf-rats-corim-11]
 */
#pragma once

#include "image/cose.h"
#include "image/measurement.h"

#define CORIM_TEXT_SIZE 64u

/* What the values are of, as a label's value each; "" when it does not say. */
struct corim_environment {
    struct bytes encoded; /* in the file */
    char vendor[CORIM_TEXT_SIZE];
    char model[CORIM_TEXT_SIZE];
    size_t n_pcrs;    /* values of PCRs */
    size_t n_digests; /* others */
};

struct corim_item {
    size_t environment;
    bool is_pcr;          /* the digests are values of PCR m.pcr, each of its own bank */
    struct measurement m; /* not of a PCR: role and name are its key, pcr is 0 */
};

struct corim {
    struct bytes file;
    struct bytes body; /* what tag 501 is of */
    bool is_signed;
    struct cose cose; /* when it is signed */
    struct corim_environment *environments;
    size_t n_environments;
    struct corim_item *items;
    size_t n_items, room;
};

/* The envelope: body and, when there is one, signature. file is borrowed by *out. STATUS_MALFORMED,
 * or as cose_parse(). */
MUST_CHECK enum status corim_open(struct bytes file, struct corim *out, struct leftovers *leftovers,
                                  struct diag *diag);
/* Environments and items from the body. STATUS_MALFORMED; STATUS_LIMIT, also above
 * LIMIT_MEASUREMENTS items and LIMIT_CORIM_ENVIRONMENTS; STATUS_NOMEM. corim_free() after any. */
MUST_CHECK enum status corim_read(struct corim *c, struct leftovers *leftovers, struct diag *diag);
void corim_free(struct corim *c);
