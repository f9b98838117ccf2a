/* SPDX-License-Identifier: Apache-2.0 */
/* from: a reason and the effect of its rule; to: verdict and claims; never: forgives a code that is
 * not in the table. */
#include "appraise/effect.h"

#define ROW_WHOLE  1u  /* about a whole log */
#define ROW_BY_PCR 2u  /* of the three, only the claim that the PCR bears on */
#define ROW_NONE   4u  /* leaves no assertion instead of an accusation */
#define ROW_WARN   8u  /* warns, whatever the rule's effect */
#define ROW_LATE   16u /* leaves no assertion, but where the rule only warns */

/* Claims for enforced rules, in the order of AR4SI's own appraisal. */
struct row {
    int8_t hardware, identity, executables, configuration;
    unsigned flags;
};

/* 99: cryptographic validation failed; 97: not recognised; 96: contraindicated; 36: elements not to
 * be had; 33: unrecognised objects; 32: known weakness. */
static const struct row rows[REASON_COUNT] = {
    [REASON_LOG_MISSING] = {0, 0, 33, 36, ROW_WHOLE},
    [REASON_LOG_MALFORMED] = {99, 99, 99, 99, ROW_WHOLE},
    [REASON_LOG_LIMIT] = {0, 0, 33, 36, ROW_WHOLE},
    [REASON_LOG_UNSUPPORTED] = {0, 0, 33, 36, ROW_WHOLE},
    [REASON_LOG_BANK_MISSING] = {0, 0, 33, 36, ROW_WHOLE},
    [REASON_LOG_ALGORITHM] = {99, 99, 99, 99, ROW_WHOLE},
    [REASON_LOG_PCR_MISMATCH] = {99, 99, 99, 99, 0},
    [REASON_LOG_PCR_UNEXPLAINED] = {99, 99, 99, 99, 0},
    [REASON_LOG_PCR_RANGE] = {99, 99, 99, 99, ROW_WHOLE},
    [REASON_LOG_REPEATED] = {99, 99, 99, 99, ROW_WHOLE},
    [REASON_LOG_ORDER] = {96, 0, 96, 96, ROW_BY_PCR},
    [REASON_LOG_LOCALITY] = {96, 0, 0, 0, ROW_WHOLE},
    [REASON_LOG_DIGEST] = {96, 0, 96, 96, ROW_BY_PCR},
    [REASON_LOG_SEPARATOR] = {96, 0, 0, 96, 0},
    [REASON_LOG_ERROR_SEPARATOR] = {96, 0, 0, 96, ROW_WHOLE},
    [REASON_LOG_BANK_UNCAPPED] = {99, 99, 99, 99, ROW_WHOLE},
    [REASON_LOG_DUPLICATE] = {96, 0, 96, 96, ROW_BY_PCR},
    [REASON_LOG_COMMAND_LINE] = {0, 0, 0, 96, 0},
    [REASON_LOG_PCR_RESET] = {32, 0, 33, 36, ROW_BY_PCR},
    [REASON_LOG_INCOMPLETE] = {0, 0, 33, 36, ROW_WHOLE},
    [REASON_LOG_QUIRK_DENIED] = {0, 0, 33, 36, ROW_WHOLE},
    [REASON_LOG_RECORD_MISSING] = {0, 0, 33, 36, ROW_WHOLE},
    [REASON_IMA_MALFORMED] = {0, 0, 99, 0, 0},
    [REASON_IMA_DIGEST] = {0, 0, 99, 0, 0},
    [REASON_IMA_TEMPLATE] = {0, 0, 33, 0, 0},
    [REASON_IMA_PCR] = {0, 0, 33, 0, 0},
    [REASON_IMA_MISMATCH] = {99, 99, 99, 99, 0},
    [REASON_IMA_MISSING] = {0, 0, 33, 0, 0},
    [REASON_IMA_NOT_ANCHORED] = {0, 0, 33, 0, 0},
    [REASON_IMA_AGGREGATE] = {0, 0, 96, 0, 0},
    [REASON_IMA_VIOLATION] = {0, 0, 96, 0, 0},
    [REASON_IMA_UNKNOWN_FILE] = {0, 0, 33, 0, 0},
    [REASON_IMA_FORBIDDEN] = {0, 0, 96, 0, 0},
    [REASON_IMA_RETIRED] = {0, 0, 32, 0, 0},
    [REASON_IMA_REVOKED] = {0, 0, 96, 0, 0},
    [REASON_IMA_POLICY] = {0, 0, 33, 36, 0},
    [REASON_IMA_ARGUMENT] = {0, 0, 0, 96, 0},
    [REASON_IMA_EMPTY] = {0, 0, 33, 0, 0},
    [REASON_POLICY_NONE] = {0, 0, 0, 0, ROW_NONE},
    [REASON_POLICY_BANK] = {0, 0, 0, 36, 0},
    [REASON_POLICY_INTERNAL] = {-1, -1, -1, -1, ROW_NONE},
    [REASON_POLICY_REFERENCE] = {0, 0, 0, 0, ROW_NONE},
    [REASON_EVIDENCE_AGE] = {0, 0, 0, 0, ROW_LATE},
    [REASON_EVIDENCE_FRESHNESS] = {0, 0, 0, 0, ROW_NONE},
    [REASON_DEVICE_NOT_GENUINE] = {97, 0, 0, 0, 0},
    [REASON_DEVICE_NOT_MEMBER] = {0, 97, 0, 0, 0},
    [REASON_DEVICE_STATE] = {0, 96, 0, 0, 0},
    /* Published after it enrolled: new firmware is the owner's to install, not a breach. */
    [REASON_DEVICE_ADVISORY] = {32, 0, 0, 0, ROW_WARN},
    [REASON_DEVICE_TPM_KIND] = {97, 0, 0, 0, 0},
    [REASON_DEVICE_TPM_ALLOWED] = {97, 0, 0, 0, 0},
    [REASON_DEVICE_TPM_FORBIDDEN] = {96, 0, 0, 0, 0},
    [REASON_DEVICE_TPM_UNKNOWN] = {97, 0, 0, 0, 0},
    [REASON_BOOT_UNKNOWN_IMAGE] = {97, 0, 33, 96, ROW_BY_PCR},
    [REASON_BOOT_MISSING] = {97, 0, 96, 96, ROW_BY_PCR},
    [REASON_BOOT_UNMEASURED] = {32, 0, 33, 36, 0},
    [REASON_BOOT_SURPLUS] = {97, 0, 33, 96, ROW_BY_PCR},
    [REASON_BOOT_ORDER] = {97, 0, 96, 96, ROW_BY_PCR},
    [REASON_BOOT_PLATFORM] = {97, 0, 96, 96, 0},
    [REASON_BOOT_MIXED_GENERATION] = {96, 0, 96, 96, ROW_BY_PCR},
    [REASON_BOOT_REVOKED] = {96, 0, 96, 96, ROW_BY_PCR},
    [REASON_BOOT_RETIRED] = {32, 0, 32, 32, ROW_BY_PCR},
    [REASON_BOOT_CANDIDATE] = {97, 0, 33, 96, ROW_BY_PCR},
    [REASON_BOOT_APPROVAL_OVER] = {97, 0, 33, 96, ROW_BY_PCR},
    [REASON_BOOT_ANNOUNCED_OTHER] = {97, 0, 33, 96, ROW_BY_PCR},
    [REASON_BOOT_ANNOUNCED_LATE] = {97, 0, 33, 96, ROW_BY_PCR},
    [REASON_BOOT_ANNOUNCED_ROLE] = {97, 0, 33, 96, ROW_BY_PCR},
    [REASON_BOOT_CHANGED] = {32, 0, 33, 36, ROW_BY_PCR},
    [REASON_BOOT_INITRD_UNMEASURED] = {0, 0, 96, 0, 0},
    [REASON_SECURE_BOOT_OFF] = {0, 0, 0, 96, 0},
    [REASON_SECURE_BOOT_ON] = {0, 0, 0, 96, 0},
    [REASON_SECURE_BOOT_UNKNOWN] = {0, 0, 0, 36, 0},
    [REASON_SECURE_BOOT_CONTENT] = {0, 0, 0, 36, 0},
    [REASON_SECURE_BOOT_PK] = {0, 0, 0, 96, 0},
    [REASON_SECURE_BOOT_REQUIRED] = {0, 0, 0, 96, 0},
    [REASON_SECURE_BOOT_ALLOWED] = {0, 0, 0, 96, 0},
    [REASON_SECURE_BOOT_FORBIDDEN] = {0, 0, 0, 96, 0},
    [REASON_SECURE_BOOT_DBX] = {0, 0, 0, 96, 0},
    [REASON_SECURE_BOOT_SBAT_LEVEL] = {0, 0, 0, 96, 0},
    [REASON_COMMAND_LINE] = {0, 0, 0, 96, 0},
    [REASON_COMMAND_LINE_UNBOUND] = {0, 0, 0, 36, 0},
    [REASON_COMMAND_LINE_REQUIRED] = {0, 0, 0, 96, 0},
    [REASON_COMMAND_LINE_FORBIDDEN] = {0, 0, 0, 96, 0},
    [REASON_VERITY_UNKNOWN] = {0, 0, 33, 96, 0},
    [REASON_VERITY_UNBOUND] = {0, 0, 33, 36, 0},
    [REASON_PHASE] = {0, 0, 0, 36, 0},
    [REASON_PCR_VALUE] = {97, 0, 33, 96, ROW_BY_PCR},
    [REASON_LEDGER_CLOCK_BACK] = {0, 96, 0, 0, 0},
    [REASON_LEDGER_RESET_BACK] = {0, 96, 0, 0, 0},
    [REASON_LEDGER_RESTART_BACK] = {0, 96, 0, 0, 0},
    [REASON_LEDGER_FIRMWARE_BACK] = {32, 0, 0, 0, ROW_WARN},
    /* TPM2_Clear is an owner's right: told, not condemned. */
    [REASON_LEDGER_CLEARED] = {0, 0, 0, 0, ROW_WARN},
};

static const struct row *
row_of(enum reason_code code)
{
    static const struct row unknown = {-1, -1, -1, -1, ROW_NONE};
    return (unsigned)code < REASON_COUNT ? &rows[code] : &unknown;
}

enum verdict
effect_verdict(enum reason_code code, enum policy_effect effect)
{
    unsigned flags = row_of(code)->flags;
    if ((flags & ROW_NONE) || ((flags & ROW_LATE) && effect == POLICY_ENFORCE))
        return VERDICT_NONE;
    return effect == POLICY_WARN || (flags & ROW_WARN) ? VERDICT_WARNING : VERDICT_UNTRUSTED;
}

bool
effect_is_whole(enum reason_code code)
{
    return (row_of(code)->flags & ROW_WHOLE) != 0;
}

/* PFP 1.06 3.3.4 and the registry of the UAPI group. */
enum vector_claim
effect_claim_of_pcr(int32_t pcr)
{
    switch (pcr) {
    case 0:
    case 2:
        return VECTOR_HARDWARE;
    case 1:
    case 3:
    case 5:
    case 6:
    case 7:
    case 8:
    case 12:
    case 14:
    case 15:
        return VECTOR_CONFIGURATION;
    default:
        return VECTOR_EXECUTABLES;
    }
}

/* A warning keeps to AR4SI's warning tier: 32, 33 or 36 by claim; identity has no value there. */
static int8_t
value_of(int8_t enforced, int8_t warned, enum policy_effect effect)
{
    if (enforced <= 0 || effect == POLICY_ENFORCE)
        return enforced;
    return warned;
}

void
effect_on_vector(const struct reason *r, enum policy_effect effect, struct vector *v)
{
    const struct row *row = row_of(r->code);
    const int8_t values[VECTOR_COUNT] = {
        [VECTOR_HARDWARE] = value_of(row->hardware, 32, effect),
        [VECTOR_INSTANCE_IDENTITY] = value_of(row->identity, 0, effect),
        [VECTOR_EXECUTABLES] = value_of(row->executables, 33, effect),
        [VECTOR_CONFIGURATION] = value_of(row->configuration, 36, effect),
    };
    bool by_pcr = (row->flags & ROW_BY_PCR) && r->pcr != REASON_NO_PCR;
    for (size_t c = 0; c < VECTOR_COUNT; c++) {
        if (!by_pcr || c == effect_claim_of_pcr(r->pcr))
            vector_worsen(v, (enum vector_claim)c, values[c]);
    }
}
