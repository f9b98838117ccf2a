/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy as values. Read from JSON by policy_json.c into the document's arena, never changed
 * after. Pure. [attest-policy(5)]
 */
#pragma once

#include "appraise/selector.h"
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

struct policy_ima {
    bool present;
    struct shape_list references; /* char * */
    enum policy_effect violations;
    enum policy_effect effect;
};

/* Roles whose next values a trusted device may announce. */
struct policy_announce {
    bool present;
    struct shape_list roles; /* char *; none: those of policy_announces() */
    int64_t life_s;
};

struct policy {
    char *id;
    uint64_t version;
    char *description; /* NULL when none */
    char *perspective;
    struct selector select;
    uint32_t quote[ALG_COUNT]; /* PCRs by alg_index(); all zero: not said */
    uint32_t genuine;          /* bit by enum genuine */
    enum policy_effect genuine_effect;
    uint32_t member; /* bit by enum member_by */
    enum policy_effect member_effect;
    int64_t evidence_age_s;
    struct policy_secure_boot secure_boot;
    struct policy_boot boot;
    struct policy_command_line command_line;
    struct policy_verity verity;
    struct policy_phase phase;
    struct policy_pcrs pcrs;
    enum policy_effect ledger;
    struct policy_ima ima;
    uint32_t quirks_denied; /* bit by enum event_quirk */
    struct policy_announce announce;
};

/* The rule lets this role be announced. Where it names none: what is built or written on the device
 * itself ("initrd", "command-line", "load-options", "grub-command", "grub-file:..."), never what a
 * maker signs, such as shim or kernel. */
bool policy_announces(const struct policy_announce *rule, const char *role);
/* Readers of rules into their structs; of "ledger" into its effect. */
enum status policy_read_command_line(const struct shape_node *node, void *rule);
enum status policy_read_verity(const struct shape_node *node, void *rule);
enum status policy_read_phase(const struct shape_node *node, void *rule);
enum status policy_read_pcrs(const struct shape_node *node, void *rule);
enum status policy_read_ledger(const struct shape_node *node, void *effect);
/* Reader of the rule "secure_boot" into struct policy_secure_boot. */
enum status policy_read_secure_boot(const struct shape_node *node, void *rule);
/* Read the document's root object. Statuses as shape.h. */
MUST_CHECK enum status policy_read(const struct shape_node *root, struct policy *out);
