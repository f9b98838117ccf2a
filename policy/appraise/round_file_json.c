/* SPDX-License-Identifier: Apache-2.0 */
/* from: a round file; to: its parts; never: believes them: stored_round_open() does the checks. */
#include "appraise/round_file.h"
#include "base/limits.h"

#include <stddef.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))
#define FIELD(key, reader, member)                                                                 \
    {                                                                                              \
        key, true, reader, offsetof(struct round_file, member)                                     \
    }

static enum status
read_type(const struct shape_node *node, void *unused)
{
    static const char *const words[] = {"round"};
    size_t i = 0;
    (void)unused;
    return shape_word(node, words, COUNT_OF(words), &i);
}

static enum status
read_documents(const struct shape_node *node, void *list)
{
    static const struct shape_array many = {sizeof(char *), 0, LIMIT_DOCUMENTS, shape_any_text};
    return shape_array(node, &many, list);
}

static const struct shape_field members[] = {
    {"type", true, read_type, 0},
    FIELD("attestation", shape_name, attestation),
    FIELD("appraisal", shape_any_text, appraisal),
    FIELD("result", shape_any_text, result),
    FIELD("inputs", shape_any_text, inputs),
    FIELD("evidence", shape_base64url, parts.evidence),
    FIELD("ak", shape_base64url, parts.ak_public),
    FIELD("boot_log", shape_base64url, parts.boot_log),
    FIELD("ima", shape_base64url, parts.ima),
    FIELD("userspace_log", shape_base64url, parts.userspace_log),
    FIELD("documents", read_documents, documents),
};

static enum status
read_file(const struct shape_node *root, void *out)
{
    return shape_object(root, members, COUNT_OF(members), out);
}

enum status
round_file_parse(struct bytes json, struct round_file *out, struct diag *diag)
{
    *out = (struct round_file){0};
    enum status s = shape_read(json, &out->arena, read_file, out, diag);
    if (s == STATUS_OK)
        out->parts.inputs = bytes_of_text(out->inputs);
    return s;
}
