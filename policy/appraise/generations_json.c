/* SPDX-License-Identifier: Apache-2.0 */
/* from: a generations document's JSON; to: struct generations; never: lets a state say what does
 * not belong to it. */
#include "appraise/generations.h"
#include "base/limits.h"
#include "base/text.h"

#include <stddef.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static const char *const status_words[] = {
    [GENERATION_ACTIVE] = "active",
    [GENERATION_CANDIDATE] = "candidate",
    [GENERATION_RETIRED] = "retired",
    [GENERATION_REVOKED] = "revoked",
};

static enum status
read_status(const struct shape_node *node, void *out)
{
    size_t i = 0;
    enum status s = shape_word(node, status_words, COUNT_OF(status_words), &i);
    if (s == STATUS_OK)
        *(enum generation_status *)out = (enum generation_status)i;
    return s;
}

static enum status
read_valid_from(const struct shape_node *node, void *out)
{
    struct generation *g = out;
    g->valid_from_given = true;
    return shape_time(node, &g->valid_from_s);
}

static enum status
read_retire_after(const struct shape_node *node, void *out)
{
    struct generation *g = out;
    g->retire_after_given = true;
    return shape_time(node, &g->retire_after_s);
}

static enum status
check_generation(const struct shape_node *node, const struct generation *g)
{
    struct shape_node rollout;
    bool given = shape_member(node, "rollout", &rollout);
    if (given != (g->status == GENERATION_CANDIDATE))
        return shape_refuse(node, "\"rollout\" and status \"candidate\" belong together");
    if (g->retire_after_given && g->status != GENERATION_ACTIVE && g->status != GENERATION_RETIRED)
        return shape_refuse(node, "\"retire_after\" is for active and retired generations");
    if (g->valid_from_given && g->retire_after_given && g->retire_after_s <= g->valid_from_s)
        return shape_refuse(node, "\"retire_after\" is not after \"valid_from\"");
    return STATUS_OK;
}

static enum status
read_generation(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"name", true, shape_short_text, offsetof(struct generation, name)},
        {"status", true, read_status, offsetof(struct generation, status)},
        {"valid_from", false, read_valid_from, 0},
        {"retire_after", false, read_retire_after, 0},
        {"rollout", false, selector_read, offsetof(struct generation, rollout)},
    };
    enum status s = shape_object(node, fields, COUNT_OF(fields), out);
    return s == STATUS_OK ? check_generation(node, out) : s;
}

static enum status
read_items(const struct shape_node *node, void *out)
{
    static const struct shape_array shape = {sizeof(struct generation), 1, LIMIT_GENERATIONS,
                                             read_generation};
    struct shape_list *list = out;
    enum status s = shape_array(node, &shape, list);
    const struct generation *items = list->items;
    for (size_t i = 0; s == STATUS_OK && i < list->n; i++) {
        for (size_t k = 0; s == STATUS_OK && k < i; k++) {
            if (text_equal(items[i].name, items[k].name))
                s = shape_refuse(node, "%s stands here twice", items[i].name);
        }
    }
    return s;
}

enum status
generations_read(const struct shape_node *root, struct generations *out)
{
    static const struct shape_field fields[] = {
        {"type", true, shape_skip, 0},
        {"id", true, shape_name, offsetof(struct generations, id)},
        {"version", true, shape_version, offsetof(struct generations, version)},
        {"description", false, shape_text, offsetof(struct generations, description)},
        {"generations", true, read_items, offsetof(struct generations, items)},
    };
    return shape_object(root, fields, COUNT_OF(fields), out);
}
