/* SPDX-License-Identifier: Apache-2.0 */
/* from: the rule "tpm" of a policy; to: struct policy_tpm; never: takes a rule that no TPM could
 * fulfil. [attest-policy(5)] */
#include "appraise/document_read.h"
#include "appraise/policy.h"
#include "base/text.h"
#include "evidence/advisory.h"

#include <stddef.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))
#define MODELS_MAX      256u
#define KINDS           4u /* discrete, firmware, virtual, software */
#define ID_SIZE         4u

static enum status
read_kind_word(const struct shape_node *node, void *out)
{
    static const char *const words[KINDS] = {"discrete", "firmware", "virtual", "software"};
    static const enum tpm_kind kinds[KINDS] = {TPM_KIND_DISCRETE, TPM_KIND_FIRMWARE,
                                               TPM_KIND_VIRTUAL, TPM_KIND_SOFTWARE};
    size_t i = 0;
    enum status s = shape_word(node, words, KINDS, &i);
    if (s == STATUS_OK)
        *(enum tpm_kind *)out = kinds[i];
    return s;
}

static enum status
read_kinds(const struct shape_node *node, void *mask)
{
    static const struct shape_array shape = {sizeof(enum tpm_kind), 1, KINDS, read_kind_word};
    struct shape_list list = {0};
    enum status s = shape_array(node, &shape, &list);
    const enum tpm_kind *kinds = list.items;
    for (size_t i = 0; s == STATUS_OK && i < list.n; i++)
        *(uint32_t *)mask |= 1u << kinds[i];
    return s;
}

/* "IFX", or as certificates write it, "id:49465800". */
static enum status
read_manufacturer(const struct shape_node *node, void *out)
{
    uint8_t id[ID_SIZE];
    uint32_t *manufacturer = out;
    const char *text = NULL;
    enum status s = shape_borrow_text(node, &text);
    if (s != STATUS_OK)
        return s;
    bool hex = text_starts(text, "id:");
    if (hex && text_parse_hex_exact(text + 3, id, sizeof id) == STATUS_OK) {
        *manufacturer =
            (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
        return STATUS_OK;
    }
    if (!hex && advisory_manufacturer_parse(text, manufacturer))
        return STATUS_OK;
    return shape_refuse(node, "must be one to four characters as in \"IFX\", or \"id:\" and eight "
                              "hex digits");
}

static enum status
read_model(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"manufacturer", true, read_manufacturer, offsetof(struct policy_tpm_model, manufacturer)},
        {"model", false, shape_short_text, offsetof(struct policy_tpm_model, model)},
    };
    return shape_object(node, fields, COUNT_OF(fields), out);
}

static enum status
read_models(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(struct policy_tpm_model), 1, MODELS_MAX,
                                             read_model};
    return shape_array(node, &shape, list);
}

/* Every TPM that the allowed row names, a forbidden one names too. */
static bool
is_forbidden(const struct policy_tpm *rule, const struct policy_tpm_model *allowed)
{
    const struct policy_tpm_model *rows = rule->forbidden.items;
    for (size_t i = 0; i < rule->forbidden.n; i++) {
        if (tpm_maker_names(rows[i].manufacturer, rows[i].model ? rows[i].model : "",
                            allowed->manufacturer, allowed->model))
            return true;
    }
    return false;
}

enum status
policy_read_tpm(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"kinds", false, read_kinds, offsetof(struct policy_tpm, kinds)},
        {"allowed", false, read_models, offsetof(struct policy_tpm, allowed)},
        {"forbidden", false, read_models, offsetof(struct policy_tpm, forbidden)},
        {"effect", false, document_read_effect, offsetof(struct policy_tpm, effect)},
    };
    struct policy_tpm *rule = out;
    rule->present = true;
    enum status s = shape_object(node, fields, COUNT_OF(fields), rule);
    const struct policy_tpm_model *allowed = rule->allowed.items;
    for (size_t i = 0; s == STATUS_OK && i < rule->allowed.n; i++) {
        if (is_forbidden(rule, &allowed[i]))
            s = shape_refuse(node, "allowed[%zu] is forbidden as well", i);
    }
    if (s == STATUS_OK && rule->kinds == 0 && rule->allowed.n + rule->forbidden.n == 0)
        s = shape_refuse(node, "must have \"kinds\", \"allowed\" or \"forbidden\"");
    return s;
}
