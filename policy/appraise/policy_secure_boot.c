/* SPDX-License-Identifier: Apache-2.0 */
/* from: the rule "secure_boot" of a policy; to: struct policy_secure_boot; never: takes a rule that
 * no device could fulfil. [attest-policy(5)] */
#include "appraise/document_read.h"
#include "appraise/microsoft.h"
#include "appraise/policy.h"
#include "base/limits.h"

#include <stddef.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))
#define KEYS_MAX        256u
#define COMPONENTS_MAX  64u

static enum status
read_on_off(const struct shape_node *node, void *on)
{
    static const char *const words[] = {"off", "on"};
    size_t i = 0;
    enum status s = shape_word(node, words, COUNT_OF(words), &i);
    *(bool *)on = i == 1;
    return s;
}

static enum status
read_digests(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(struct digest), 1, KEYS_MAX,
                                             document_read_trusted_digest};
    return shape_array(node, &shape, list);
}

static bool
has(const struct shape_list *list, const struct digest *item)
{
    const struct digest *items = list->items;
    for (size_t i = 0; i < list->n; i++) {
        if (digest_equal(&items[i], item))
            return true;
    }
    return false;
}

/* Nothing can be there and not be there. */
static enum status
read_keys(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"required", false, read_digests, offsetof(struct policy_keys, required)},
        {"allowed", false, read_digests, offsetof(struct policy_keys, allowed)},
        {"forbidden", false, read_digests, offsetof(struct policy_keys, forbidden)},
    };
    struct policy_keys *keys = out;
    keys->present = true;
    enum status s = shape_object(node, fields, COUNT_OF(fields), keys);
    const struct digest *required = keys->required.items;
    for (size_t i = 0; s == STATUS_OK && i < keys->required.n; i++) {
        if (has(&keys->forbidden, &required[i]))
            s = shape_refuse(node, "required[%zu] is forbidden as well", i);
    }
    if (s == STATUS_OK && keys->required.n + keys->allowed.n + keys->forbidden.n == 0)
        s = shape_refuse(node, "must have \"required\", \"allowed\" or \"forbidden\"");
    return s;
}

static enum status
read_component(const struct shape_node *node, void *out)
{
    struct policy_sbat_component *c = out;
    c->name = arena_copy_text(node->source->arena, node->key);
    return c->name ? shape_integer(node, 1, UINT32_MAX, &c->generation) : STATUS_NOMEM;
}

static enum status
read_components(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(struct policy_sbat_component), 1,
                                             COMPONENTS_MAX, read_component};
    return shape_map(node, &shape, list);
}

static enum status
read_sbat(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"level", false, shape_version, offsetof(struct policy_sbat, level)},
        {"components", false, read_components, offsetof(struct policy_sbat, components)},
    };
    struct policy_sbat *sbat = out;
    sbat->present = true;
    enum status s = shape_object(node, fields, COUNT_OF(fields), sbat);
    if (s == STATUS_OK && sbat->level == 0 && sbat->components.n == 0)
        s = shape_refuse(node, "must have \"level\" or \"components\"");
    return s;
}

static enum status
read_microsoft_word(const struct shape_node *node, void *out)
{
    static const char *const words[] = {[POLICY_MICROSOFT_KEK] = "kek",
                                        [POLICY_MICROSOFT_UEFI] = "uefi-ca",
                                        [POLICY_MICROSOFT_WINDOWS] = "windows-uefi-ca"};
    return shape_word(node, words, COUNT_OF(words), out);
}

static enum status
read_microsoft(const struct shape_node *node, void *mask)
{
    static const struct shape_array shape = {sizeof(size_t), 1, POLICY_MICROSOFT_COUNT,
                                             read_microsoft_word};
    struct shape_list list = {0};
    enum status s = shape_array(node, &shape, &list);
    const size_t *words = list.items;
    for (size_t i = 0; s == STATUS_OK && i < list.n; i++)
        *(uint32_t *)mask |= 1u << words[i];
    return s;
}

static const struct shape_field secure_boot_fields[] = {
    {"state", true, read_on_off, offsetof(struct policy_secure_boot, on)},
    {"pk", false, read_digests, offsetof(struct policy_secure_boot, pk)},
    {"kek", false, read_keys, offsetof(struct policy_secure_boot, kek)},
    {"db", false, read_keys, offsetof(struct policy_secure_boot, db)},
    {"used", false, read_keys, offsetof(struct policy_secure_boot, used)},
    {"dbx", false, document_read_references, offsetof(struct policy_secure_boot, dbx)},
    {"sbat", false, read_sbat, offsetof(struct policy_secure_boot, sbat)},
    {"microsoft_2023", false, read_microsoft, offsetof(struct policy_secure_boot, microsoft_2023)},
    {"effect", false, document_read_effect, offsetof(struct policy_secure_boot, effect)},
};

/* What must be there must be allowed there. */
static enum status
check_microsoft(const struct shape_node *node, const struct policy_secure_boot *rule)
{
    for (size_t i = 0; i < POLICY_MICROSOFT_COUNT; i++) {
        const struct microsoft *m = microsoft_at((enum policy_microsoft)i);
        const struct policy_keys *keys = m->kek ? &rule->kek : &rule->db;
        bool listed = has(&keys->allowed, &m->digest) || has(&keys->required, &m->digest);
        if (!((rule->microsoft_2023 >> i) & 1u))
            continue;
        if (has(&keys->forbidden, &m->digest))
            return shape_refuse(node, "microsoft_2023 wants %s, which %s forbids", m->name,
                                m->kek ? "kek" : "db");
        if (keys->allowed.n > 0 && !listed)
            return shape_refuse(node, "microsoft_2023 wants %s, which %s does not allow", m->name,
                                m->kek ? "kek" : "db");
    }
    return STATUS_OK;
}

enum status
policy_read_secure_boot(const struct shape_node *node, void *out)
{
    struct policy_secure_boot *rule = out;
    rule->present = true;
    enum status s = shape_object(node, secure_boot_fields, COUNT_OF(secure_boot_fields), rule);
    return s == STATUS_OK ? check_microsoft(node, rule) : s;
}
