/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier itself knows of a device when it appraises: the operator's and the store's
 * word, never the device's. Visible plain values; strings are borrowed. Pure. [protocol 1, 2, 4]
 */
#pragma once

#include "base/digest.h"
#include "base/limits.h"
#include "evidence/tpm_kind.h"

enum genuine { GENUINE_UNVERIFIED = 0, GENUINE_SOFTWARE, GENUINE_VERIFIED };
enum member_by {
    MEMBER_BY_NONE = 0,
    MEMBER_BY_FIRST_USE,
    MEMBER_BY_TOKEN,
    MEMBER_BY_APPROVAL,
    MEMBER_BY_LIST
};
enum life_cycle {
    LIFE_CYCLE_EXPECTED = 0,
    LIFE_CYCLE_PENDING,
    LIFE_CYCLE_ENROLLED,
    LIFE_CYCLE_QUARANTINED,
    LIFE_CYCLE_REVOKED,
    LIFE_CYCLE_DECOMMISSIONED
};

struct label {
    const char *key;
    const char *value;
};

/* PCR values of one bank; bit n of present: PCR n. */
struct subject_pcrs {
    uint16_t alg;
    uint32_t present;
    struct digest pcr[LIMIT_PCRS];
};

/* The TPM by its EK certificate, which was verified: the device's own word is never here. */
struct subject_tpm {
    bool certified; /* false: there is none, and the rest is empty */
    enum tpm_kind kind;
    uint32_t manufacturer; /* TPM_PT_MANUFACTURER */
    const char *model;
};

struct subject_counters {
    bool present; /* false: the first round */
    uint64_t clock_ms;
    uint32_t reset_count;
    uint32_t restart_count;
    bool safe;
    uint64_t firmware_version;
};

struct subject {
    const char *device_id;
    const char *name; /* the operator's, may be NULL */
    const struct label *labels;
    size_t n_labels;
    enum genuine genuine;
    struct subject_tpm tpm;
    enum member_by member_by;
    enum life_cycle state;
    struct subject_counters last; /* of the last accepted round: the ledger before this one */
    bool continues_boot;          /* the boot record: this round goes on where the last one ended */
    const struct subject_pcrs
        *last_good; /* of the last trusted boot in this perspective's sense; may be NULL */
    /* The boot record: when this boot was first seen, unix s; 0: this round is its first. */
    int64_t boot_since_s;
    const char *last_generation; /* appraisal_generation() of the boot before this one; NULL */
};

/* "verified", "unverified", "software"; "list", "token", "approval", "first-use", "none"; life
 * cycle words. The parsers give false when unknown. */
const char *genuine_name(enum genuine g);
bool genuine_parse(const char *name, enum genuine *out);
const char *member_by_name(enum member_by m);
bool member_by_parse(const char *name, enum member_by *out);
const char *life_cycle_name(enum life_cycle s);
bool life_cycle_parse(const char *name, enum life_cycle *out);
