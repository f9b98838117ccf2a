/* SPDX-License-Identifier: Apache-2.0 */
/* from: the rule "ima" of a policy; to: struct policy_ima; never: takes excludes that leave nothing
 * to judge. [attest-policy(5)] */
#include "appraise/document_read.h"
#include "appraise/policy.h"
#include "base/limits.h"
#include "base/text.h"

#include <stddef.h>
#include <string.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))
#define SIGNERS_MAX     8u
#define FORBIDDEN_MAX   65536u
#define POLICIES_MAX    64u
#define EXCLUDED_MAX    256u

static enum status
read_signer(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"name", true, shape_short_text, offsetof(struct policy_signer, name)},
        {"key", true, document_read_key, offsetof(struct policy_signer, spki)},
    };
    return shape_object(node, fields, COUNT_OF(fields), out);
}

static enum status
read_signers(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(struct policy_signer), 1, SIGNERS_MAX,
                                             read_signer};
    return shape_array(node, &shape, list);
}

static enum status
read_forbidden(const struct shape_node *node, void *set)
{
    static const struct shape_array shape = {sizeof(struct digest), 1, FORBIDDEN_MAX,
                                             document_read_digest};
    struct shape_list list = {0};
    enum status s = shape_array(node, &shape, &list);
    return s == STATUS_OK ? document_read_files(node, list.items, list.n, set) : s;
}

static enum status
read_policies(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(struct digest), 1, POLICIES_MAX,
                                             document_read_digest};
    return shape_array(node, &shape, list);
}

static enum status
read_directory(const struct shape_node *node, void *text)
{
    const char *value = NULL;
    enum status s = shape_borrow_text(node, &value);
    if (s != STATUS_OK)
        return s;
    size_t size = strlen(value);
    if (size < 3 || value[0] != '/' || value[1] == '/' || value[size - 1] != '/')
        return shape_refuse(node, "must be a directory below \"/\", such as "
                                  "\"/var/lib/containers/\"");
    return shape_text(node, text);
}

static enum status
read_excluded(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(char *), 1, EXCLUDED_MAX, read_directory};
    return shape_array(node, &shape, list);
}

/* What must be measured must not be forbidden. */
static enum status
check_policies(const struct shape_node *node, const struct policy_ima *rule)
{
    const struct digest *policies = rule->policies.items;
    for (size_t i = 0; i < rule->policies.n; i++) {
        if (file_set_has(&rule->forbidden, policies[i].alg, digest_bytes(&policies[i])))
            return shape_refuse(node, "policies[%zu] is forbidden as well", i);
    }
    return STATUS_OK;
}

enum status
policy_read_ima(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"references", false, document_read_references, offsetof(struct policy_ima, references)},
        {"signers", false, read_signers, offsetof(struct policy_ima, signers)},
        {"forbidden", false, read_forbidden, offsetof(struct policy_ima, forbidden)},
        {"policies", false, read_policies, offsetof(struct policy_ima, policies)},
        {"arguments", false, policy_read_arguments, offsetof(struct policy_ima, arguments)},
        {"exclude", false, read_excluded, offsetof(struct policy_ima, excluded)},
        {"retired", false, document_read_effect, offsetof(struct policy_ima, retired)},
        {"violations", false, document_read_effect, offsetof(struct policy_ima, violations)},
        {"effect", false, document_read_effect, offsetof(struct policy_ima, effect)},
    };
    struct policy_ima *rule = out;
    rule->present = true;
    enum status s = shape_object(node, fields, COUNT_OF(fields), rule);
    if (s == STATUS_OK && rule->references.n == 0 && rule->signers.n == 0)
        s = shape_refuse(node, "\"references\" and \"signers\" are missing");
    return s == STATUS_OK ? check_policies(node, rule) : s;
}
