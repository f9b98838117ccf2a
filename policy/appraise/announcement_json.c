/* SPDX-License-Identifier: Apache-2.0 */
/* from: an announcement as a device sends it or a store keeps it; to: struct announcement, and the
 * kept form back; never: decides whether it is taken. */
#include "appraise/announcement.h"
#include "appraise/shape.h"

#include <stddef.h>
#include <string.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static enum status
read_digest(const struct shape_node *node, void *digest)
{
    const struct alg *alg = alg_by_name(node->key);
    return alg ? shape_digest(node, alg, digest) : shape_refuse(node, "is no algorithm");
}

static enum status
read_digests(const struct shape_node *node, void *out)
{
    static const struct shape_array map = {sizeof(struct digest), 0, ALG_COUNT, read_digest};
    struct announcement_item *item = out;
    struct shape_list list = {0};
    enum status s = shape_map(node, &map, &list);
    if (s != STATUS_OK)
        return s;
    item->n_digests = list.n;
    memcpy(item->digests, list.items, list.n * sizeof item->digests[0]);
    return STATUS_OK;
}

/* Texts are compared with bound texts byte by byte, and shown escaped only. */
static enum status
read_item(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"role", true, shape_short_text, offsetof(struct announcement_item, role)},
        {"text", false, shape_text_or_null, offsetof(struct announcement_item, text)},
        {"digests", false, read_digests, 0},
    };
    return shape_object(node, fields, COUNT_OF(fields), out);
}

static enum status
read_items(const struct shape_node *node, void *out)
{
    static const struct shape_array many = {sizeof(struct announcement_item), 0, ANNOUNCEMENT_MAX,
                                            read_item};
    struct announcement *a = out;
    struct shape_list list = {0};
    enum status s = shape_array(node, &many, &list);
    a->items = list.items;
    a->n_items = list.n;
    return s;
}

enum status
announcement_read(const struct shape_node *node, void *announcement)
{
    static const struct shape_field fields[] = {
        {"device", true, shape_any_text, offsetof(struct announcement, device_id)},
        {"reset_count", true, shape_u32, offsetof(struct announcement, reset_count)},
        {"issued", true, shape_number, offsetof(struct announcement, issued_s)},
        {"expires", true, shape_number, offsetof(struct announcement, expires_s)},
        {"slot", false, shape_text_or_null, offsetof(struct announcement, slot)},
        {"items", true, read_items, 0},
    };
    return shape_object(node, fields, COUNT_OF(fields), announcement);
}

static enum status
read_sent(const struct shape_node *node, void *announcement)
{
    static const struct shape_field fields[] = {
        {"slot", false, shape_text_or_null, offsetof(struct announcement, slot)},
        {"items", true, read_items, 0},
    };
    return shape_object(node, fields, COUNT_OF(fields), announcement);
}

enum status
announcement_parse_sent(struct bytes json, struct arena *arena, struct announcement *out,
                        struct diag *diag)
{
    *out = (struct announcement){0};
    return shape_read(json, arena, read_sent, out, diag);
}

enum status
announcement_parse(struct bytes json, struct arena *arena, struct announcement *out,
                   struct diag *diag)
{
    *out = (struct announcement){0};
    return shape_read(json, arena, announcement_read, out, diag);
}

static void
emit_item(struct emit *e, const struct announcement_item *item)
{
    emit_object(e);
    emit_text_member(e, "role", item->role);
    emit_text_member(e, "text", item->text);
    emit_key(e, "digests");
    emit_object(e);
    for (size_t i = 0; i < item->n_digests; i++)
        emit_hex_member(e, alg_name(item->digests[i].alg), digest_bytes(&item->digests[i]));
    emit_end_object(e);
    emit_end_object(e);
}

void
announcement_emit(struct emit *e, const struct announcement *a)
{
    if (!a) {
        emit_null(e);
        return;
    }
    emit_object(e);
    emit_text_member(e, "device", a->device_id);
    emit_uint_member(e, "reset_count", a->reset_count);
    emit_int_member(e, "issued", a->issued_s);
    emit_int_member(e, "expires", a->expires_s);
    emit_text_member(e, "slot", a->slot);
    emit_key(e, "items");
    emit_array(e);
    for (size_t i = 0; i < a->n_items; i++)
        emit_item(e, &a->items[i]);
    emit_end_array(e);
    emit_end_object(e);
}
