/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claim names by dialect. Claims without content yet are reserved here and left out of tokens.
 * [protocol 5; standards: draft-ietf-rats-ear-04, Veraison ear 1.x]
 */
#pragma once

enum result_claim {
    CLAIM_VERIFIER_ID,
    CLAIM_STATUS,
    CLAIM_VECTOR,
    CLAIM_POLICY_IDS, /* an array in IETF, one string in Veraison */
    CLAIM_VERIFIER_CLAIMS,
    CLAIM_COUNT
};

/* clang-format off */
static const char *const result_names[][CLAIM_COUNT] = {
    {"ear_verifier_id", "ear_status", "ear_trustworthiness_vector", "ear_appraisal_policy_ids",
     "ear_verifier_claims"},
    {"ear.verifier-id", "ear.status", "ear.trustworthiness-vector", "ear.appraisal-policy-id",
     "ear.veraison.policy-claims"},
};

static const char *const result_profiles[] = {
    "tag:ietf.org,2026:rats/ear#04",
    "tag:github.com,2023:veraison/ear",
};

/* Reserved: named now so that nothing else takes the name, emitted once there is content. */
static const char *const result_reserved[] = {
    "status",              /* a status list's index for device and perspective */
    "child/UEID/NAME",     /* submodules of devices behind a gateway */
    "ear_device_topology", /* with children only */
    "ear_raw_evidence",    /* off: it would carry logs to relying parties */
};
/* clang-format on */
