/* SPDX-License-Identifier: Apache-2.0 */
/* from: the rules "command_line", "verity", "phase", "pcrs" and "ledger" of a policy; to: their
 * structs; never: takes a rule that forbids what it requires. [attest-policy(5)] */
#include "appraise/argument.h"
#include "appraise/document_read.h"
#include "appraise/policy.h"
#include "base/limits.h"
#include "base/text.h"
#include "evidence/replay.h"

#include <stddef.h>
#include <string.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))
#define ARGUMENTS_MAX   64u
#define VALUES_MAX      256u
#define PHASES_MAX      8u
#define ROOT_HASH_MIN   32u /* hex digits */

/* ---- command_line ---- */

static enum status
read_argument(const struct shape_node *node, void *text)
{
    const char *value = NULL;
    enum status s = shape_borrow_text(node, &value);
    if (s != STATUS_OK)
        return s;
    if (value[0] == '\0' || value[0] == '=' || strpbrk(value, " \t\n\"") ||
        !argument_line_is_plain(value))
        return shape_refuse(node, "must be one argument: \"name\", \"name=value\", or \"name=\" "
                                  "for any value; ASCII without blanks and quotes");
    return shape_text(node, text);
}

enum status
policy_read_arguments(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(char *), 1, ARGUMENTS_MAX, read_argument};
    return shape_array(node, &shape, list);
}

static enum status
read_true(const struct shape_node *node, void *out)
{
    *(bool *)out = shape_is_true(node);
    return shape_is_true(node) ? STATUS_OK
                               : shape_refuse(node, "must be true: leave it out otherwise");
}

static const char *
find_forbidden(const struct policy_command_line *rule, const char *line)
{
    char *const *forbidden = rule->forbidden.items;
    for (size_t i = 0; i < rule->forbidden.n; i++) {
        if (argument_stands(line, forbidden[i]))
            return forbidden[i];
    }
    return NULL;
}

static enum status
check_arguments(const struct shape_node *node, const struct policy_command_line *rule)
{
    char *const *required = rule->required.items;
    for (size_t i = 0; i < rule->required.n; i++) {
        if (find_forbidden(rule, required[i]))
            return shape_refuse(node, "required[%zu] is forbidden by %s", i,
                                find_forbidden(rule, required[i]));
    }
    struct template *const *templates = rule->templates.items;
    for (size_t i = 0; i < rule->templates.n; i++) {
        const char *literal = template_literal(templates[i], 0);
        if (literal && find_forbidden(rule, literal))
            return shape_refuse(node, "templates[%zu] has %s, which is forbidden", i,
                                find_forbidden(rule, literal));
    }
    return STATUS_OK;
}

enum status
policy_read_command_line(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"references", false, read_true, offsetof(struct policy_command_line, from_references)},
        {"templates", false, document_read_templates,
         offsetof(struct policy_command_line, templates)},
        {"required", false, policy_read_arguments, offsetof(struct policy_command_line, required)},
        {"forbidden", false, policy_read_arguments,
         offsetof(struct policy_command_line, forbidden)},
        {"effect", false, document_read_effect, offsetof(struct policy_command_line, effect)},
    };
    struct policy_command_line *rule = out;
    rule->present = true;
    enum status s = shape_object(node, fields, COUNT_OF(fields), rule);
    bool whole = rule->from_references || rule->templates.n > 0;
    bool parts = rule->required.n > 0 || rule->forbidden.n > 0;
    if (s == STATUS_OK && rule->from_references && rule->templates.n > 0)
        s = shape_refuse(node, "must have one of \"references\" and \"templates\"");
    if (s == STATUS_OK && !whole && !parts)
        s = shape_refuse(node, "must have one of \"references\" and \"templates\", or "
                               "\"required\" or \"forbidden\"");
    return s == STATUS_OK ? check_arguments(node, rule) : s;
}

/* ---- verity ---- */

static enum status
read_root_hash(const struct shape_node *node, void *text)
{
    const char *value = NULL;
    enum status s = shape_borrow_text(node, &value);
    if (s != STATUS_OK)
        return s;
    size_t size = strlen(value);
    if (size < ROOT_HASH_MIN || size % 2 != 0 || strspn(value, "0123456789abcdef") != size)
        return shape_refuse(node, "must be a root hash: lower-case hex digits");
    return shape_text(node, text);
}

static enum status
read_root_hashes(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(char *), 1, VALUES_MAX, read_root_hash};
    return shape_array(node, &shape, list);
}

enum status
policy_read_verity(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"argument", false, shape_short_text, offsetof(struct policy_verity, argument)},
        {"values", true, read_root_hashes, offsetof(struct policy_verity, values)},
        {"effect", false, document_read_effect, offsetof(struct policy_verity, effect)},
    };
    struct policy_verity *rule = out;
    rule->present = true;
    return shape_object(node, fields, COUNT_OF(fields), rule);
}

/* ---- phase ---- */

static enum status
read_phase(const struct shape_node *node, void *out)
{
    const char *words[PHASES_MAX];
    size_t n = 0;
    while (n < PHASES_MAX && replay_phase(n)) {
        words[n] = replay_phase(n);
        n++;
    }
    size_t i = 0;
    enum status s = shape_word(node, words, n, &i);
    *(unsigned *)out = (unsigned)i;
    return s;
}

static enum status
read_phases(const struct shape_node *node, void *mask)
{
    static const struct shape_array shape = {sizeof(unsigned), 1, PHASES_MAX, read_phase};
    struct shape_list list = {0};
    enum status s = shape_array(node, &shape, &list);
    const unsigned *phases = list.items;
    for (size_t i = 0; s == STATUS_OK && i < list.n; i++)
        *(uint32_t *)mask |= 1u << phases[i];
    return s;
}

enum status
policy_read_phase(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"accept", true, read_phases, offsetof(struct policy_phase, accepted)},
        {"effect", false, document_read_effect, offsetof(struct policy_phase, effect)},
    };
    return shape_object(node, fields, COUNT_OF(fields), out);
}

/* ---- PCR values ---- */

static enum status
read_value(const struct shape_node *node, void *out)
{
    return shape_digest(node, alg_by_name(node->parent->parent->key), out);
}

/* The key is a PCR, with one or more values. */
static enum status
read_pcr(const struct shape_node *node, void *out)
{
    static const struct shape_array shape = {sizeof(struct digest), 1, VALUES_MAX, read_value};
    struct policy_pcr *pcr = out;
    uint64_t number = 0;
    if (text_parse_u64(node->key, 22, &number) != STATUS_OK || number == 16)
        return shape_refuse(node, "must be a PCR, 0 to 22, not 16");
    pcr->pcr = (uint32_t)number;
    return shape_array(node, &shape, &pcr->values);
}

static enum status
read_bank(const struct shape_node *node, void *out)
{
    static const struct shape_array shape = {sizeof(struct policy_pcr), 1, LIMIT_PCRS, read_pcr};
    const struct alg *alg = alg_by_name(node->key);
    if (!alg || !alg->trusted)
        return shape_refuse(node, "is no bank that carries trust");
    struct policy_pcr_bank *bank = out;
    bank->alg = alg->id;
    return shape_map(node, &shape, &bank->pcrs);
}

static enum status
read_banks(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(struct policy_pcr_bank), 1, ALG_COUNT,
                                             read_bank};
    return shape_map(node, &shape, list);
}

enum status
policy_read_pcrs(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"values", true, read_banks, offsetof(struct policy_pcrs, banks)},
        {"effect", false, document_read_effect, offsetof(struct policy_pcrs, effect)},
    };
    return shape_object(node, fields, COUNT_OF(fields), out);
}

/* ---- ledger ---- */

enum status
policy_read_ledger(const struct shape_node *node, void *effect)
{
    static const struct shape_field fields[] = {{"effect", true, document_read_effect, 0}};
    return shape_object(node, fields, COUNT_OF(fields), effect);
}
