/* SPDX-License-Identifier: Apache-2.0 */
/* from: a policy's JSON; to: struct policy; never: lets a rule contradict itself in silence. */
#include "appraise/document_read.h"
#include "appraise/policy.h"
#include "base/limits.h"
#include "base/text.h"
#include "evidence/event.h"

#include <stddef.h>
#include <string.h>

#define COUNT_OF(table)    (sizeof(table) / sizeof((table)[0]))
#define EVIDENCE_AGE_S     3600
#define ANNOUNCE_LIFE_S    (4 * 3600)
#define PCR_SECURE_BOOT    7u
#define PCR_IMA            10u
#define PCR_PHASES         11u
#define PCRS_LINES         (1u << 1 | 1u << 8 | 1u << 9 | 1u << 12)
#define HAS_PCR(mask, pcr) (((mask) >> (pcr)) & 1u)

/* ---- words ---- */

static enum status
read_member_word(const struct shape_node *node, void *out)
{
    const char *word = NULL;
    enum member_by value = MEMBER_BY_NONE;
    enum status s = shape_borrow_text(node, &word);
    if (s == STATUS_OK && !member_by_parse(word, &value))
        s = shape_refuse(node, "must be list, approval, token, first-use or none");
    *(unsigned *)out = value;
    return s;
}

static enum status
read_genuine_word(const struct shape_node *node, void *out)
{
    const char *word = NULL;
    enum genuine value = GENUINE_UNVERIFIED;
    enum status s = shape_borrow_text(node, &word);
    if (s == STATUS_OK && !genuine_parse(word, &value))
        s = shape_refuse(node, "must be verified, software or unverified");
    *(unsigned *)out = value;
    return s;
}

/* Accepted words as one bit each. */
static enum status
read_mask(const struct shape_node *node, shape_reader read_word, uint32_t *mask)
{
    struct shape_array shape = {sizeof(unsigned), 1, 8, read_word};
    struct shape_list list = {0};
    enum status s = shape_array(node, &shape, &list);
    const unsigned *words = list.items;
    *mask = 0;
    for (size_t i = 0; s == STATUS_OK && i < list.n; i++)
        *mask |= 1u << words[i];
    return s;
}

static enum status
read_members(const struct shape_node *node, void *mask)
{
    return read_mask(node, read_member_word, mask);
}

static enum status
read_genuines(const struct shape_node *node, void *mask)
{
    return read_mask(node, read_genuine_word, mask);
}

/* ---- quote, quirks, announce ---- */

struct bank_pcrs {
    size_t alg_index;
    uint32_t pcrs;
};

static enum status
read_bank(const struct shape_node *node, void *out)
{
    struct bank_pcrs *bank = out;
    const struct alg *alg = alg_by_name(node->key);
    if (!alg)
        return shape_refuse(node, "no such bank");
    if (!alg->trusted)
        return shape_refuse(node, "this bank carries no trust");
    bank->alg_index = alg_index(alg->id);
    return document_read_pcrs(node, &bank->pcrs);
}

static enum status
read_quote(const struct shape_node *node, void *out)
{
    static const struct shape_array shape = {sizeof(struct bank_pcrs), 1, ALG_COUNT, read_bank};
    struct shape_list list = {0};
    enum status s = shape_map(node, &shape, &list);
    const struct bank_pcrs *banks = list.items;
    uint32_t *pcrs = out;
    for (size_t i = 0; s == STATUS_OK && i < list.n; i++)
        pcrs[banks[i].alg_index] = banks[i].pcrs;
    return s;
}

static enum status
read_quirk(const struct shape_node *node, void *out)
{
    const char *names[EVENT_QUIRK_COUNT];
    for (size_t i = 0; i < EVENT_QUIRK_COUNT; i++)
        names[i] = event_quirk_name((enum event_quirk)i);
    size_t i = 0;
    enum status s = shape_word(node, names, EVENT_QUIRK_COUNT, &i);
    if (s == STATUS_OK && i == EVENT_QUIRK_NONE)
        s = shape_refuse(node, "is no quirk");
    *(unsigned *)out = (unsigned)i;
    return s;
}

static enum status
read_denied(const struct shape_node *node, void *mask)
{
    return read_mask(node, read_quirk, mask);
}

static enum status
read_quirks(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {{"deny", true, read_denied, 0}};
    return shape_object(node, fields, COUNT_OF(fields), out);
}

static enum status
read_roles(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(char *), 1, LIMIT_ANNOUNCE_ROLES,
                                             shape_short_text};
    return shape_array(node, &shape, list);
}

static enum status
read_announce(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"roles", false, read_roles, offsetof(struct policy_announce, roles)},
        {"life", false, shape_duration, offsetof(struct policy_announce, life_s)},
    };
    *(struct policy_announce *)out =
        (struct policy_announce){.present = true, .life_s = ANNOUNCE_LIFE_S};
    return shape_object(node, fields, COUNT_OF(fields), out);
}

/* ---- rules ---- */

static enum status
read_genuine(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"accept", true, read_genuines, offsetof(struct policy, genuine)},
        {"effect", false, document_read_effect, offsetof(struct policy, genuine_effect)},
    };
    return shape_object(node, fields, COUNT_OF(fields), out);
}

static enum status
read_member(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"accept", true, read_members, offsetof(struct policy, member)},
        {"effect", false, document_read_effect, offsetof(struct policy, member_effect)},
    };
    return shape_object(node, fields, COUNT_OF(fields), out);
}

static enum status
read_coverage(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"enforce", true, document_read_pcrs, offsetof(struct policy_boot, enforced)},
        {"compare", false, document_read_pcrs, offsetof(struct policy_boot, compared)},
    };
    struct policy_boot *rule = out;
    rule->coverage_given = true;
    enum status s = shape_object(node, fields, COUNT_OF(fields), rule);
    if (s != STATUS_OK)
        return s;
    if (HAS_PCR(rule->enforced | rule->compared, PCR_IMA))
        return shape_refuse(node, "PCR 10 is judged by the ima rule");
    if (rule->enforced & rule->compared)
        return shape_refuse(node, "a PCR is either enforced or compared");
    return STATUS_OK;
}

static enum status
read_boot(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"references", true, document_read_references, offsetof(struct policy_boot, references)},
        {"coverage", false, read_coverage, 0},
        {"retired", false, document_read_effect, offsetof(struct policy_boot, retired)},
        {"effect", false, document_read_effect, offsetof(struct policy_boot, effect)},
    };
    struct policy_boot *rule = out;
    rule->present = true;
    return shape_object(node, fields, COUNT_OF(fields), rule);
}

/* "1h", which is enforced, or an object. */
static enum status
read_evidence_age(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"max", true, shape_duration, offsetof(struct policy, evidence_age_s)},
        {"effect", false, document_read_effect, offsetof(struct policy, evidence_age_effect)},
    };
    struct policy *p = out;
    if (!shape_is_object(node))
        return shape_duration(node, &p->evidence_age_s);
    return shape_object(node, fields, COUNT_OF(fields), p);
}

/* ---- the whole ---- */

static const struct shape_field policy_fields[] = {
    {"type", true, shape_skip, 0},
    {"id", true, shape_name, offsetof(struct policy, id)},
    {"version", true, shape_version, offsetof(struct policy, version)},
    {"perspective", true, shape_name, offsetof(struct policy, perspective)},
    {"description", false, shape_text, offsetof(struct policy, description)},
    {"select", true, selector_read, offsetof(struct policy, select)},
    {"quote", false, read_quote, offsetof(struct policy, quote)},
    {"genuine", false, read_genuine, 0},
    {"member", false, read_member, 0},
    {"tpm", false, policy_read_tpm, offsetof(struct policy, tpm)},
    {"evidence_age", false, read_evidence_age, 0},
    {"secure_boot", false, policy_read_secure_boot, offsetof(struct policy, secure_boot)},
    {"boot", false, read_boot, offsetof(struct policy, boot)},
    {"command_line", false, policy_read_command_line, offsetof(struct policy, command_line)},
    {"verity", false, policy_read_verity, offsetof(struct policy, verity)},
    {"phase", false, policy_read_phase, offsetof(struct policy, phase)},
    {"pcrs", false, policy_read_pcrs, offsetof(struct policy, pcrs)},
    {"ledger", false, policy_read_ledger, offsetof(struct policy, ledger)},
    {"ima", false, policy_read_ima, offsetof(struct policy, ima)},
    {"quirks", false, read_quirks, offsetof(struct policy, quirks_denied)},
    {"announce", false, read_announce, offsetof(struct policy, announce)},
};

static uint32_t
pcrs_with_values(const struct policy *p)
{
    uint32_t pcrs = 0;
    const struct policy_pcr_bank *banks = p->pcrs.banks.items;
    for (size_t i = 0; i < p->pcrs.banks.n; i++) {
        const struct policy_pcr *list = banks[i].pcrs.items;
        for (size_t k = 0; k < banks[i].pcrs.n; k++)
            pcrs |= 1u << list[k].pcr;
    }
    return pcrs;
}

/* A rule that needs a PCR needs it in the quote: else every device would fail it. */
static enum status
check_quoted(const struct shape_node *root, const struct policy *p)
{
    uint32_t quoted = 0;
    for (size_t i = 0; i < ALG_COUNT; i++)
        quoted |= p->quote[i];
    uint32_t needed = p->boot.enforced | p->boot.compared;
    needed |= p->secure_boot.present ? 1u << PCR_SECURE_BOOT : 0;
    needed |= p->ima.present ? 1u << PCR_IMA : 0;
    needed |= p->phase.accepted ? 1u << PCR_PHASES : 0;
    needed |= pcrs_with_values(p);
    struct shape_node quote;
    if (!shape_member(root, "quote", &quote))
        return STATUS_OK;
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        if (HAS_PCR(needed & ~quoted, pcr))
            return shape_refuse(&quote, "a rule needs PCR %u, which is not in it", pcr);
    }
    return STATUS_OK;
}

/* Rules on command lines read them from PCRs that a boot rule matches. */
static enum status
check_line(const struct shape_node *rule, const struct policy_boot *boot)
{
    if (!boot->present)
        return shape_refuse(rule,
                            "needs \"boot\": only covered PCRs show that no other command line "
                            "was measured");
    if (boot->coverage_given && !(boot->enforced & PCRS_LINES))
        return shape_refuse(rule,
                            "the boot rule enforces none of the PCRs that have command lines: "
                            "8, 9, 12, on uboot-fit 1");
    return STATUS_OK;
}

static enum status
check_lines(const struct shape_node *root, const struct policy *p)
{
    static const char *const rules[] = {"command_line", "verity"};
    enum status s = STATUS_OK;
    struct shape_node rule;
    struct shape_node arguments;
    for (size_t i = 0; s == STATUS_OK && i < COUNT_OF(rules); i++) {
        if (shape_member(root, rules[i], &rule))
            s = check_line(&rule, &p->boot);
    }
    if (s == STATUS_OK && shape_member(root, "ima", &rule) &&
        shape_member(&rule, "arguments", &arguments))
        s = check_line(&arguments, &p->boot);
    return s;
}

/* A TPM is of kind software exactly when it is genuine as software; one that is not shown to be
 * genuine has no certificate for the rule to go by. */
static enum status
check_tpm(const struct shape_node *root, const struct policy *p)
{
    const uint32_t software = 1u << TPM_KIND_SOFTWARE;
    bool enforced = p->tpm.effect == POLICY_ENFORCE && p->genuine_effect == POLICY_ENFORCE;
    struct shape_node tpm;
    if (!shape_member(root, "tpm", &tpm) || !enforced)
        return STATUS_OK;
    if (p->genuine == 1u << GENUINE_UNVERIFIED)
        return shape_refuse(&tpm, "\"genuine\" accepts only TPMs that no certificate describes");
    bool by_software = p->genuine & (1u << GENUINE_SOFTWARE);
    bool by_others = p->genuine & (1u << GENUINE_VERIFIED);
    if ((p->tpm.kinds == software && !by_software) ||
        (p->tpm.kinds != 0 && !(p->tpm.kinds & software) && !by_others))
        return shape_refuse(&tpm, "accepts none of the TPMs that \"genuine\" does");
    return STATUS_OK;
}

int64_t
policy_lapse_age_s(const struct policy *p)
{
    bool doubled = p->evidence_age_effect == POLICY_WARN && p->evidence_age_s <= INT64_MAX / 2;
    return doubled ? 2 * p->evidence_age_s : p->evidence_age_s;
}

bool
policy_announces(const struct policy_announce *rule, const char *role)
{
    static const char *const local[] = {"initrd", "command-line", "load-options", "grub-command"};
    char *const *roles = rule->roles.items;
    for (size_t i = 0; i < rule->roles.n; i++) {
        if (text_equal(roles[i], role))
            return true;
    }
    for (size_t i = 0; rule->roles.n == 0 && i < COUNT_OF(local); i++) {
        if (text_equal(local[i], role))
            return true;
    }
    return rule->roles.n == 0 && text_starts(role, "grub-file:");
}

enum status
policy_read(const struct shape_node *root, struct policy *out)
{
    *out = (struct policy){
        .genuine = 1u << GENUINE_VERIFIED,
        .member = 1u << MEMBER_BY_LIST | 1u << MEMBER_BY_TOKEN | 1u << MEMBER_BY_APPROVAL,
        .evidence_age_s = EVIDENCE_AGE_S,
    };
    enum status s = shape_object(root, policy_fields, COUNT_OF(policy_fields), out);
    if (s != STATUS_OK)
        return s;
    s = check_lines(root, out);
    if (s == STATUS_OK)
        s = check_tpm(root, out);
    return s == STATUS_OK ? check_quoted(root, out) : s;
}
