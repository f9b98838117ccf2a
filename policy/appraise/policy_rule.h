/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a policy as values; policy.h has the whole. A zero value is a rule that the policy
 * does not have. Pure. [attest-policy(5)]
 */
#pragma once

#include "appraise/file_set.h"
#include "appraise/shape.h"
#include "appraise/template.h"

enum policy_effect { POLICY_ENFORCE = 0, POLICY_WARN };

/* What one Secure Boot variable must, may and must not hold; lists of struct digest. */
struct policy_keys {
    bool present;
    struct shape_list required, allowed, forbidden; /* allowed: empty means any */
};

struct policy_sbat {
    bool present;
    uint64_t level;
    struct shape_list components; /* struct policy_sbat_component */
};

struct policy_sbat_component {
    char *name;
    uint64_t generation;
};

struct policy_secure_boot {
    bool present;
    bool on;
    struct shape_list pk;             /* struct digest: any of them; empty: not judged */
    struct policy_keys kek, db, used; /* used: what let an image run */
    struct shape_list dbx;            /* char *: reference sets whose dbx must be there */
    struct policy_sbat sbat;
    uint32_t microsoft_2023; /* bit by enum policy_microsoft; 0: not judged */
    enum policy_effect effect;
};

/* Microsoft's certificates of 2023 that Linux boot needs or may need. */
enum policy_microsoft {
    POLICY_MICROSOFT_KEK,     /* in KEK: Microsoft Corporation KEK 2K CA 2023 */
    POLICY_MICROSOFT_UEFI,    /* in db: Microsoft UEFI CA 2023, which signs shim */
    POLICY_MICROSOFT_WINDOWS, /* in db: Windows UEFI CA 2023 */
    POLICY_MICROSOFT_COUNT
};

struct policy_boot {
    bool present;
    struct shape_list references; /* char * */
    bool coverage_given;
    uint32_t enforced, compared; /* PCRs, when coverage_given */
    enum policy_effect retired;  /* of values that are retired, once their date is over */
    enum policy_effect effect;
};

struct policy_command_line {
    bool present;
    bool from_references;
    struct shape_list templates;           /* struct template * */
    struct shape_list required, forbidden; /* char *: arguments of every line */
    enum policy_effect effect;
};

/* dm-verity's root hash, as an argument of a bound command line. */
struct policy_verity {
    bool present;
    char *argument;           /* NULL: "roothash" */
    struct shape_list values; /* char *: lower-case hex */
    enum policy_effect effect;
};

/* Phases of PCR 11 that may be reached. */
struct policy_phase {
    uint32_t accepted; /* bit by replay_phase(); 0: not judged */
    enum policy_effect effect;
};

struct policy_pcr {
    uint32_t pcr;
    struct shape_list values; /* struct digest: any of them */
};

struct policy_pcr_bank {
    uint16_t alg;
    struct shape_list pcrs; /* struct policy_pcr */
};

/* Values of PCRs, where nothing better can be said. */
struct policy_pcrs {
    struct shape_list banks; /* struct policy_pcr_bank */
    enum policy_effect effect;
};

/* A key whose holder may sign files. */
struct policy_signer {
    char *name;
    struct bytes spki; /* DER, in the document's arena */
};

struct policy_ima {
    bool present;
    struct shape_list references; /* char * */
    struct shape_list signers;    /* struct policy_signer */
    struct file_set forbidden;    /* whoever allows them */
    struct shape_list policies;   /* struct digest: one of them must be measured */
    struct shape_list arguments;  /* char *: of every bound command line */
    struct shape_list excluded;   /* char *: directories, "/var/lib/containers/" */
    enum policy_effect retired;   /* of files that only a retired generation allows */
    enum policy_effect violations;
    enum policy_effect effect;
};

/* A maker's TPMs. */
struct policy_tpm_model {
    uint32_t manufacturer; /* TPM_PT_MANUFACTURER */
    char *model;           /* how the model begins; NULL: any */
};

/* What the TPM may be, by its verified EK certificate. */
struct policy_tpm {
    bool present;
    uint32_t kinds;                       /* bit by enum tpm_kind; 0: any */
    struct shape_list allowed, forbidden; /* struct policy_tpm_model; allowed empty: any */
    enum policy_effect effect;
};

/* Roles whose next values a trusted device may announce. */
struct policy_announce {
    bool present;
    struct shape_list roles; /* char *; none: those of policy_announces() */
    int64_t life_s;
};
