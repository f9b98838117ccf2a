/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One round for a test of the appraiser: a log and an IMA list made to order, a TPM that holds
 * their PCRs and really signs, a subject and documents; then quote_verify(), replay_verify() and
 * appraise() as the daemon runs them. Good until a test changes one thing.
 */
#pragma once

#include "appraise/appraise.h"
#include "tests/lib/log_builder.h"
#include "tests/lib/round_builder.h"

#define APPRAISE_CASE_BANKS     "sha256:0-12,14"
#define APPRAISE_CASE_POLICY    0 /* in documents: the policy */
#define APPRAISE_CASE_DOCUMENTS 5u

/* How a boot differs from the good one. Steps: crtm, firmware-1, firmware-2, driver, SecureBoot,
 * PK, KEK, db, dbx, separator-0 to -7, calling, authority, shim, mok, grub, command, kernel-file,
 * kernel, kernel-again, cmdline, initrd, exit. */
enum appraise_change {
    APPRAISE_SKIP = 1, /* the step is left out */
    APPRAISE_HASHED,   /* its digest is of another text */
    APPRAISE_DATA,     /* its data is another text, its digest is not */
    APPRAISE_TWICE,    /* it is measured twice */
    APPRAISE_INSERT    /* behind it, a boot application of that text */
};

struct appraise_case {
    struct hasher *h;
    struct tpm_builder *tpm;
    struct log_builder log;
    struct appraise_case_change {
        const char *step;
        enum appraise_change change;
        const char *with;
    } changes[3];
    bool pcrs_taken; /* the TPM's PCRs stand: later events are in the log only */
    struct subject subject;
    struct subject_pcrs last_good;
    struct label labels[2];
    struct buffer documents[APPRAISE_CASE_DOCUMENTS]; /* JSON texts; empty: none */
    const struct announcement *announcement;
    const char *selection;
    bool offline; /* freshness of kind GIVEN */
    bool no_exporter;
    int64_t now_s;
    struct replay_input in; /* the logs are filled in unless replaced is set */
    bool replaced;
    struct buffer kept;              /* what in points at, when a test made it */
    const struct standing *standing; /* what the next round is given; NULL: none */
    struct reasons planted;          /* found, as if by an earlier stage */

    struct round_built built;
    struct documents *snapshot;
    struct quote *quote;
    struct replay *replay;
    struct reasons found;
    struct appraisal *appraisal;
};

/* An enrolled, genuine device with label site=tokyo; no log yet, no documents. */
struct appraise_case *appraise_case_new(void);
void appraise_case_free(struct appraise_case *c);

/* shim, GRUB, kernel and initrd under Secure Boot, as Debian boots; and two IMA entries. */
void appraise_case_boot(struct appraise_case *c);
/* Boot anew with the changes, and the same IMA entries; the documents stay. */
void appraise_case_reboot(struct appraise_case *c);
/* The boot alone, without IMA entries. */
void appraise_case_reboot_firmware(struct appraise_case *c);
/* One that booted and has its documents. */
struct appraise_case *appraise_case_ready(void);
/* For cmocka: *state is one that is ready. */
int appraise_case_setup(void **state);
int appraise_case_teardown(void **state);
#define APPRAISE_CASE(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, appraise_case_setup, appraise_case_teardown)

/* The boot's events behind those that are there; the IMA entries. */
void appraise_case_append_firmware(struct appraise_case *c);
void appraise_case_append_ima(struct appraise_case *c);
/* A record of user space, of the digest of its text, which extends its PCR. */
void appraise_case_record(struct appraise_case *c, uint32_t pcr, const char *text);
/* Documents that this boot passes under: a policy with every rule, and the set that
 * profile_from_log() makes of it. */
void appraise_case_documents(struct appraise_case *c);
/* The set alone, into documents[i], under an id. */
void appraise_case_profile(struct appraise_case *c, size_t i, const char *id);
/* Replace text in a document; it must be there. */
void appraise_case_edit(struct appraise_case *c, size_t document, const char *old,
                        const char *with);
/* The TPM holds what the builder's PCRs are now. */
void appraise_case_take_pcrs(struct appraise_case *c);

/* Quote, replay, appraise. May be done again. */
void appraise_case_run(struct appraise_case *c);

/* Every perspective is trusted. */
void appraise_case_assert_trusted(struct appraise_case *c);
/* The first perspective has this verdict and exactly this one reason. */
const struct reason *appraise_case_assert_only(struct appraise_case *c, enum reason_code code,
                                               enum verdict verdict);
/* As many reasons of this code, and no others. */
void appraise_case_assert_all(struct appraise_case *c, enum reason_code code, size_t n);
const struct reason *appraise_case_fact(struct appraise_case *c, enum reason_code code);
const struct appraisal_perspective *appraise_case_perspective(struct appraise_case *c);
