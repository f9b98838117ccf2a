/* SPDX-License-Identifier: Apache-2.0 */
/* from: a perspective's JSON; to: struct perspective; never: takes a signer who may sign nothing.
 */
#include "appraise/document_read.h"
#include "appraise/perspective.h"
#include "base/limits.h"
#include "base/text.h"

#include <stddef.h>
#include <string.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))
#define SIGNERS_MAX     16u
#define NAMES_MAX       64u

static enum status
read_names(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(char *), 1, NAMES_MAX, shape_short_text};
    return shape_array(node, &shape, list);
}

static enum status
read_signer(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"name", true, shape_short_text, offsetof(struct perspective_signer, name)},
        {"key", true, document_read_key, offsetof(struct perspective_signer, spki)},
        {"policies", false, shape_bool, offsetof(struct perspective_signer, policies)},
        {"files", false, shape_bool, offsetof(struct perspective_signer, files)},
        {"command_lines", false, shape_bool, offsetof(struct perspective_signer, command_lines)},
        {"secure_boot", false, shape_bool, offsetof(struct perspective_signer, secure_boot)},
        {"roles", false, read_names, offsetof(struct perspective_signer, roles)},
        {"pcrs", false, document_read_pcrs, offsetof(struct perspective_signer, pcrs)},
    };
    const struct perspective_signer *s = out;
    enum status status = shape_object(node, fields, COUNT_OF(fields), out);
    if (status == STATUS_OK && !s->policies && !s->files && !s->command_lines && !s->secure_boot &&
        s->roles.n == 0)
        status = shape_refuse(node, "may sign nothing");
    if (status == STATUS_OK && s->pcrs != 0 && s->roles.n == 0)
        status = shape_refuse(node, "\"pcrs\" are those of \"roles\", which are missing");
    return status;
}

static enum status
read_signers(const struct shape_node *node, void *list)
{
    static const struct shape_array shape = {sizeof(struct perspective_signer), 1, SIGNERS_MAX,
                                             read_signer};
    return shape_array(node, &shape, list);
}

bool
perspective_signer_may(const struct perspective_signer *s, const char *role, uint32_t pcr)
{
    char *const *roles = s->roles.items;
    bool place = s->pcrs == 0 || (s->pcrs >> pcr & 1u);
    for (size_t i = 0; place && i < s->roles.n; i++) {
        struct bytes begin = bytes_of_text(roles[i]);
        begin.size--;
        bool begins = begin.data[begin.size] == '*' && begin.size <= strlen(role) &&
                      bytes_equal(bytes_of(role, begin.size), begin);
        if (begins || text_equal(roles[i], role))
            return true;
    }
    return false;
}

enum status
perspective_read(const struct shape_node *root, struct perspective *out)
{
    static const struct shape_field fields[] = {
        {"type", true, shape_skip, 0},
        {"id", true, shape_name, offsetof(struct perspective, id)},
        {"version", true, shape_version, offsetof(struct perspective, version)},
        {"description", false, shape_text, offsetof(struct perspective, description)},
        {"trial", false, shape_bool, offsetof(struct perspective, trial)},
        {"owners", false, read_names, offsetof(struct perspective, owners)},
        {"signers", false, read_signers, offsetof(struct perspective, signers)},
    };
    return shape_object(root, fields, COUNT_OF(fields), out);
}
