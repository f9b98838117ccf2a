/* SPDX-License-Identifier: Apache-2.0 */
/* from: members that several kinds of document have; to: values; never: takes a PCR, a digest or a
 * key that shows nothing. */
#include "appraise/document_read.h"

#include "appraise/policy_rule.h"
#include "appraise/template.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "evidence/prehashed.h"

#include <string.h>

#define PCR_APPLICATION 16u /* resettable from user space, as is 23: never evidence */
#define PCR_MAX         22u

enum status
document_read_effect(const struct shape_node *node, void *effect)
{
    static const char *const words[] = {[POLICY_ENFORCE] = "enforce", [POLICY_WARN] = "warn"};
    size_t i = 0;
    enum status s = shape_word(node, words, sizeof words / sizeof words[0], &i);
    if (s == STATUS_OK)
        *(enum policy_effect *)effect = (enum policy_effect)i;
    return s;
}

enum status
document_read_pcr(const struct shape_node *node, void *pcr)
{
    uint64_t value = 0;
    enum status s = shape_integer(node, 0, PCR_MAX, &value);
    if (s == STATUS_OK && value == PCR_APPLICATION)
        s = shape_refuse(node, "PCR 16 can be reset by anybody and shows nothing");
    *(uint32_t *)pcr = (uint32_t)value;
    return s;
}

enum status
document_read_pcrs(const struct shape_node *node, void *mask)
{
    static const struct shape_array shape = {sizeof(uint32_t), 1, LIMIT_PCRS, document_read_pcr};
    struct shape_list list = {0};
    enum status s = shape_array(node, &shape, &list);
    if (s != STATUS_OK)
        return s;
    const uint32_t *pcrs = list.items;
    uint32_t set = 0;
    for (size_t i = 0; i < list.n; i++) {
        if (set & (1u << pcrs[i]))
            return shape_refuse(node, "PCR %u stands here twice", pcrs[i]);
        set |= 1u << pcrs[i];
    }
    *(uint32_t *)mask = set;
    return STATUS_OK;
}

enum status
document_read_digest(const struct shape_node *node, void *digest)
{
    const char *text = NULL;
    enum status s = shape_borrow_text(node, &text);
    if (s != STATUS_OK)
        return s;
    const char *colon = strchr(text, ':');
    char name[16] = "";
    if (colon && (size_t)(colon - text) < sizeof name)
        memcpy(name, text, (size_t)(colon - text));
    const struct alg *alg = alg_by_name(name);
    if (!alg)
        return shape_refuse(node, "must be ALGORITHM:HEX, such as \"sha256:...\"");
    return shape_parse_digest(node, alg, colon + 1, digest);
}

enum status
document_read_trusted_digest(const struct shape_node *node, void *digest)
{
    enum status s = document_read_digest(node, digest);
    if (s == STATUS_OK && !alg_by_id(((struct digest *)digest)->alg)->trusted)
        s = shape_refuse(node, "needs a digest better than SHA-1");
    return s;
}

enum status
document_read_references(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(char *), 1, LIMIT_REFERENCES, shape_name};
    enum status s = shape_array(node, &shape, list);
    if (s != STATUS_OK)
        return s;
    char *const *ids = ((struct shape_list *)list)->items;
    for (size_t i = 0; i < ((struct shape_list *)list)->n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (text_equal(ids[i], ids[j]))
                return shape_refuse(node, "%s stands here twice", ids[i]);
        }
    }
    return STATUS_OK;
}

enum status
document_read_key(const struct shape_node *node, void *out)
{
    CLEANUP(buffer_free) struct buffer spki = {0};
    const char *pem = NULL;
    enum status s = shape_borrow_text(node, &pem);
    if (s == STATUS_OK)
        s = prehashed_key_parse(bytes_of_text(pem), &spki);
    if (s == STATUS_MALFORMED)
        return shape_refuse(node, "must be a PEM public key or certificate: RSA of 2048 to 4096 "
                                  "bits, P-256 or P-384");
    if (s != STATUS_OK)
        return s;
    return shape_take_bytes(node, buffer_bytes(&spki), out);
}

static enum status
read_template(const struct shape_node *node, void *out)
{
    const char *text = NULL;
    enum status s = shape_borrow_text(node, &text);
    if (s != STATUS_OK)
        return s;
    if (text[0] == '\0')
        return shape_refuse(node, "must not be empty");
    struct diag diag = {0};
    s = template_parse(node->source->arena, text, out, &diag);
    if (s == STATUS_INVALID || s == STATUS_LIMIT)
        return shape_refuse(node, "%s", diag.text);
    return s;
}

enum status
document_read_templates(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(struct template *), 1, LIMIT_TEMPLATES,
                                             read_template};
    return shape_array(node, &shape, list);
}

enum status
document_read_files(const struct shape_node *node, const struct digest *files, size_t n,
                    struct file_set *set)
{
    size_t counts[ALG_COUNT] = {0};
    for (size_t i = 0; i < n; i++)
        counts[alg_index(files[i].alg)]++;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < ALG_COUNT; i++)
        s = file_set_reserve(set, node->source->arena, alg_at(i)->id, counts[i]);
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        s = file_set_add(set, &files[i]);
        if (s == STATUS_INVALID)
            s = shape_refuse(node, "item %zu is all zero, as only a violation is", i);
    }
    return s;
}
