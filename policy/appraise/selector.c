/* SPDX-License-Identifier: Apache-2.0 */
/* from: a document's labels or device id, and a subject; to: whether it is meant; never: asks the
 * device. */
#include "appraise/selector.h"

#include "base/limits.h"
#include "base/text.h"

#include <stddef.h>
#include <string.h>

#define VALUES_MAX     64u
#define DEVICE_ID_TEXT 32u

static const char *
find_label(const struct subject *subject, const char *key)
{
    for (size_t i = 0; i < subject->n_labels; i++) {
        if (text_equal(subject->labels[i].key, key))
            return subject->labels[i].value;
    }
    return NULL;
}

static bool
label_matches(const struct selector_label *label, const struct subject *subject)
{
    const char *has = find_label(subject, label->key);
    char *const *values = label->values.items;
    for (size_t i = 0; has && i < label->values.n; i++) {
        if (text_equal(values[i], has))
            return true;
    }
    return false;
}

bool
selector_match(const struct selector *s, const struct subject *subject)
{
    if (s->all)
        return true;
    if (s->device)
        return text_equal(s->device, subject->device_id);
    const struct selector_label *labels = s->labels.items;
    for (size_t i = 0; i < s->labels.n; i++) {
        if (!label_matches(&labels[i], subject))
            return false;
    }
    return s->labels.n > 0;
}

static enum status
read_values(const struct shape_node *node, struct shape_list *out)
{
    static const struct shape_array many = {sizeof(char *), 1, VALUES_MAX, shape_short_text};
    if (shape_is_array(node))
        return shape_array(node, &many, out);
    out->items = arena_alloc(node->source->arena, sizeof(char *));
    out->n = 1;
    return out->items ? shape_short_text(node, out->items) : STATUS_NOMEM;
}

static enum status
read_label(const struct shape_node *node, void *out)
{
    struct selector_label *label = out;
    if (!text_is_name(node->key))
        return shape_refuse(node, "a label's key must be a name");
    label->key = arena_copy_text(node->source->arena, node->key);
    return label->key ? read_values(node, &label->values) : STATUS_NOMEM;
}

enum status
selector_read_labels(const struct shape_node *node, void *labels)
{
    static const struct shape_array map = {sizeof(struct selector_label), 1, LIMIT_LABELS,
                                           read_label};
    return shape_map(node, &map, labels);
}

enum status
selector_read_device(const struct shape_node *node, void *device)
{
    const char *value = NULL;
    enum status s = shape_borrow_text(node, &value);
    if (s != STATUS_OK)
        return s;
    if (strlen(value) != DEVICE_ID_TEXT || strspn(value, "0123456789abcdef") != DEVICE_ID_TEXT)
        return shape_refuse(node, "must be a device id: 32 lower-case hex digits");
    return shape_short_text(node, device);
}

static enum status
read_all(const struct shape_node *node, void *all)
{
    *(bool *)all = shape_is_true(node);
    return shape_is_true(node) ? STATUS_OK
                               : shape_refuse(node, "must be true: leave it out otherwise");
}

enum status
selector_read(const struct shape_node *node, void *selector)
{
    static const struct shape_field fields[] = {
        {"all", false, read_all, offsetof(struct selector, all)},
        {"labels", false, selector_read_labels, offsetof(struct selector, labels)},
    };
    struct selector *select = selector;
    enum status s = shape_object(node, fields, sizeof fields / sizeof fields[0], select);
    if (s == STATUS_OK && select->all == (select->labels.n > 0))
        s = shape_refuse(node, "must have one of \"all\" and \"labels\"");
    return s;
}
