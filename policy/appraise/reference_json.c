/* SPDX-License-Identifier: Apache-2.0 */
/* from: a reference set's JSON; to: struct reference; never: takes a value that rests on SHA-1
 * alone. */
#include "appraise/document_read.h"
#include "appraise/reference.h"
#include "base/limits.h"
#include "base/text.h"
#include "evidence/signature_list.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))
#define PCR_IMA         10u

static const char *const platform_words[] = {
    [REFERENCE_PLATFORM_PC] = "pc",
    [REFERENCE_PLATFORM_UBOOT_EFI] = "uboot-efi",
    [REFERENCE_PLATFORM_UBOOT_FIT] = "uboot-fit",
};

struct platform_pcrs {
    uint32_t covered, compared;
};

/* pc: PFP 1.06 3.3.4. U-Boot without EFI measures the kernel in 8, the initrd in 9, the device tree
 * in 0 and boot arguments in 1. */
static const struct platform_pcrs platforms[] = {
    [REFERENCE_PLATFORM_PC] = {1u << 0 | 1u << 2 | 1u << 4 | 1u << 7,
                               1u << 1 | 1u << 3 | 1u << 5 | 1u << 6},
    [REFERENCE_PLATFORM_UBOOT_EFI] = {1u << 0 | 1u << 2 | 1u << 4 | 1u << 7,
                                      1u << 1 | 1u << 3 | 1u << 5 | 1u << 6},
    [REFERENCE_PLATFORM_UBOOT_FIT] = {1u << 0 | 1u << 1 | 1u << 8 | 1u << 9,
                                      1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7},
};

const char *
reference_platform_name(enum reference_platform platform)
{
    return platform_words[platform];
}

enum reference_platform
reference_platform_of(enum order_profile shown)
{
    switch (shown) {
    case ORDER_UBOOT_EFI:
        return REFERENCE_PLATFORM_UBOOT_EFI;
    case ORDER_UBOOT_FIT:
        return REFERENCE_PLATFORM_UBOOT_FIT;
    case ORDER_PC:
        break;
    }
    return REFERENCE_PLATFORM_PC;
}

uint32_t
reference_covered(enum reference_platform platform)
{
    return platforms[platform].covered;
}

uint32_t
reference_compared(enum reference_platform platform)
{
    return platforms[platform].compared;
}

static enum status
read_platform(const struct shape_node *node, void *out)
{
    size_t i = 0;
    enum status s = shape_word(node, platform_words, COUNT_OF(platform_words), &i);
    if (s == STATUS_OK)
        *(enum reference_platform *)out = (enum reference_platform)i;
    return s;
}

/* ---- values ---- */

static enum status
read_value_digest(const struct shape_node *node, void *out)
{
    struct reference_value *v = out;
    return shape_digest(node, alg_by_name(node->key), &v->digests[v->n_digests++]);
}

static enum status
read_any(const struct shape_node *node, void *any)
{
    *(bool *)any = shape_is_true(node);
    return shape_is_true(node) ? STATUS_OK
                               : shape_refuse(node, "must be true: leave it out otherwise");
}

static enum status
read_status(const struct shape_node *node, void *out)
{
    static const char *const words[] = {
        [REFERENCE_STATUS_ACTIVE] = "active",
        [REFERENCE_STATUS_RETIRED] = "retired",
        [REFERENCE_STATUS_REVOKED] = "revoked",
    };
    size_t i = 0;
    enum status s = shape_word(node, words, COUNT_OF(words), &i);
    if (s == STATUS_OK)
        *(enum reference_status *)out = (enum reference_status)i;
    return s;
}

static enum status
read_approval(const struct shape_node *node, void *out)
{
    struct reference_value *v = out;
    static const struct shape_field fields[] = {
        {"device", true, selector_read_device, offsetof(struct reference_approval, device)},
        {"approved_by", true, shape_short_text, offsetof(struct reference_approval, approved_by)},
        {"round", true, shape_short_text, offsetof(struct reference_approval, round)},
        {"until", true, shape_time, offsetof(struct reference_approval, until_s)},
    };
    v->approval = arena_alloc(node->source->arena, sizeof *v->approval);
    return v->approval ? shape_object(node, fields, COUNT_OF(fields), v->approval) : STATUS_NOMEM;
}

static const struct shape_field value_fields[] = {
    {"approval", false, read_approval, 0},
    {"any", false, read_any, offsetof(struct reference_value, any)},
    {"name", false, shape_text, offsetof(struct reference_value, name)},
    {"status", false, read_status, offsetof(struct reference_value, status)},
    {"sha1", false, read_value_digest, 0},
    {"sha256", false, read_value_digest, 0},
    {"sha384", false, read_value_digest, 0},
    {"sha512", false, read_value_digest, 0},
    {"sm3_256", false, read_value_digest, 0},
    {"sha3_256", false, read_value_digest, 0},
    {"sha3_384", false, read_value_digest, 0},
    {"sha3_512", false, read_value_digest, 0},
};
_Static_assert(COUNT_OF(value_fields) == 4 + ALG_COUNT, "a member an algorithm");

static enum status
read_value(const struct shape_node *node, void *out)
{
    struct reference_value *v = out;
    enum status s = shape_object(node, value_fields, COUNT_OF(value_fields), v);
    if (s != STATUS_OK)
        return s;
    if (v->any && v->n_digests > 0)
        return shape_refuse(node, "\"any\" and digests exclude one another");
    if (v->any && v->status != REFERENCE_STATUS_ACTIVE)
        return shape_refuse(node, "\"any\" can be neither retired nor revoked");
    if (v->approval && (v->any || v->status != REFERENCE_STATUS_ACTIVE))
        return shape_refuse(node, "what is approved for one device has digests, and is taken out "
                                  "instead of retired or revoked");
    bool trusted = v->any;
    for (size_t i = 0; i < v->n_digests; i++)
        trusted = trusted || alg_by_id(v->digests[i].alg)->trusted;
    return trusted ? STATUS_OK : shape_refuse(node, "needs a digest better than SHA-1");
}

/* ---- components ---- */

static enum status
read_limit(const struct shape_node *node, void *out)
{
    uint64_t value = 0;
    enum status s = shape_integer(node, 0, LIMIT_BOOT_EVENTS, &value);
    *(uint32_t *)out = (uint32_t)value;
    return s;
}

static enum status
read_count(const struct shape_node *node, void *out)
{
    static const struct shape_array shape = {sizeof(uint32_t), 2, 2, read_limit};
    struct shape_list list = {0};
    enum status s = shape_array(node, &shape, &list);
    if (s != STATUS_OK)
        return s;
    const uint32_t *limits = list.items;
    struct reference_component *c = out;
    c->min = limits[0];
    c->max = limits[1];
    if (c->max == 0 || c->min > c->max)
        return shape_refuse(node, "must be [min, max], max from 1 and not below min");
    return STATUS_OK;
}

static enum status
read_component_pcr(const struct shape_node *node, void *out)
{
    enum status s = document_read_pcr(node, out);
    if (s == STATUS_OK && *(uint32_t *)out == PCR_IMA)
        s = shape_refuse(node, "PCR 10 is judged by \"files\"");
    return s;
}

enum scope { SCOPE_FLEET, SCOPE_GROUP, SCOPE_DEVICE };

/* Which members each scope demands. */
static enum status
read_scope(const struct shape_node *node, struct reference_component *c)
{
    static const char *const words[] = {
        [SCOPE_FLEET] = "fleet", [SCOPE_GROUP] = "group", [SCOPE_DEVICE] = "device"};
    struct shape_node word;
    size_t scope = SCOPE_FLEET;
    enum status s = STATUS_OK;
    if (shape_member(node, "scope", &word))
        s = shape_word(&word, words, COUNT_OF(words), &scope);
    if (s != STATUS_OK)
        return s;
    c->scope.all = scope == SCOPE_FLEET;
    if ((scope == SCOPE_GROUP) != (c->scope.labels.n > 0))
        return shape_refuse(node, "\"labels\" and scope \"group\" belong together");
    if ((scope == SCOPE_DEVICE) != (c->scope.device != NULL))
        return shape_refuse(node, "\"device\" and scope \"device\" belong together");
    return STATUS_OK;
}

static int
order_device_values(const void *a, const void *b)
{
    const struct reference_value *x = a;
    const struct reference_value *y = b;
    return text_order(x->approval->device, y->approval->device);
}

/* Those of all devices in their order; those of single ones apart, by device. */
static enum status
divide(struct arena *arena, const struct shape_list *all, struct reference_component *c)
{
    const struct reference_value *from = all->items;
    struct reference_value *values = arena_alloc_array(arena, all->n, sizeof *values);
    struct reference_value *own = arena_alloc_array(arena, all->n, sizeof *own);
    if (!values || !own)
        return STATUS_NOMEM;
    c->values.items = values;
    c->device_values.items = own;
    for (size_t i = 0; i < all->n; i++) {
        if (from[i].approval)
            own[c->device_values.n++] = from[i];
        else
            values[c->values.n++] = from[i];
    }
    qsort(own, c->device_values.n, sizeof *own, order_device_values);
    return STATUS_OK;
}

static enum status
read_values(const struct shape_node *node, void *out)
{
    static const struct shape_array shape = {sizeof(struct reference_value), 1,
                                             LIMIT_COMPONENT_VALUES, read_value};
    struct reference_component *c = out;
    enum status s = shape_array(node, &shape, &c->values);
    const struct reference_value *values = c->values.items;
    bool own = false;
    for (size_t i = 0; s == STATUS_OK && i < c->values.n; i++)
        own = own || values[i].approval;
    if (s != STATUS_OK || !own)
        return s;
    struct shape_list all = c->values;
    c->values = (struct shape_list){0};
    return divide(node->source->arena, &all, c);
}

const struct reference_value *
reference_device_values(const struct reference_component *c, const char *device, size_t *n)
{
    const struct reference_value *values = c->device_values.items;
    size_t low = 0;
    size_t high = c->device_values.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text_order(values[middle].approval->device, device) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *n = 0;
    while (low + *n < c->device_values.n && text_equal(values[low + *n].approval->device, device))
        ++*n;
    return *n > 0 ? values + low : NULL;
}

static const struct shape_field component_fields[] = {
    {"role", true, shape_short_text, offsetof(struct reference_component, role)},
    {"pcr", true, read_component_pcr, offsetof(struct reference_component, pcr)},
    {"ordered", false, shape_bool, offsetof(struct reference_component, ordered)},
    {"count", false, read_count, 0},
    {"bundle", false, shape_name, offsetof(struct reference_component, bundle)},
    {"scope", false, shape_skip, 0},
    {"labels", false, selector_read_labels, offsetof(struct reference_component, scope.labels)},
    {"device", false, selector_read_device, offsetof(struct reference_component, scope.device)},
    {"values", true, read_values, 0},
};

static enum status
read_component(const struct shape_node *node, void *out)
{
    struct reference_component *c = out;
    *c = (struct reference_component){.ordered = true, .min = 1, .max = 1};
    enum status s = shape_object(node, component_fields, COUNT_OF(component_fields), c);
    return s == STATUS_OK ? read_scope(node, c) : s;
}

static enum status
read_components(const struct shape_node *node, void *out)
{
    static const struct shape_array shape = {sizeof(struct reference_component), 1,
                                             LIMIT_COMPONENTS, read_component};
    return shape_array(node, &shape, out);
}

/* ---- files ---- */

/* The digests as read lie in an arena of their own: only the table stays. */
static enum status
read_files(const struct shape_node *node, void *out)
{
    static const struct shape_array shape = {sizeof(struct digest), 1, LIMIT_FILES,
                                             document_read_digest};
    struct arena scratch = {0};
    struct shape_source source = *node->source;
    source.arena = &scratch;
    struct shape_node here = *node;
    here.source = &source;
    struct shape_list list = {0};
    enum status s = shape_array(&here, &shape, &list);
    if (s == STATUS_OK)
        s = document_read_files(node, list.items, list.n, out);
    arena_free(&scratch);
    return s;
}

static enum status
read_dbx(const struct shape_node *node, void *out)
{
    static const struct shape_array shape = {sizeof(struct digest), 1, SIGNATURE_LIST_MAX,
                                             document_read_trusted_digest};
    return shape_array(node, &shape, out);
}

/* ---- the whole ---- */

static const struct shape_field reference_fields[] = {
    {"type", true, shape_skip, 0},
    {"id", true, shape_name, offsetof(struct reference, id)},
    {"version", true, shape_version, offsetof(struct reference, version)},
    {"description", false, shape_text, offsetof(struct reference, description)},
    {"platform", false, read_platform, offsetof(struct reference, platform)},
    {"generation", false, shape_short_text, offsetof(struct reference, generation)},
    {"components", false, read_components, offsetof(struct reference, components)},
    {"command_lines", false, document_read_templates, offsetof(struct reference, command_lines)},
    {"files", false, read_files, offsetof(struct reference, files)},
    {"dbx", false, read_dbx, offsetof(struct reference, dbx)},
};

/* ---- unordered components ---- */

/* One value of one component, for sorting: equal digests of a PCR come to stand together. */
struct claim {
    uint32_t pcr;
    const struct digest *digest; /* NULL: any */
    size_t component;
    bool ordered;
};

static int
order_claims(const void *a, const void *b)
{
    const struct claim *x = a;
    const struct claim *y = b;
    if (x->pcr != y->pcr)
        return x->pcr < y->pcr ? -1 : 1;
    if (!x->digest || !y->digest)
        return (x->digest ? 1 : 0) - (y->digest ? 1 : 0);
    if (x->digest->alg != y->digest->alg)
        return x->digest->alg < y->digest->alg ? -1 : 1;
    return bytes_order(digest_bytes(x->digest), digest_bytes(y->digest));
}

static size_t
count_values(const struct shape_list *list)
{
    const struct reference_value *values = list->items;
    size_t n = 0;
    for (size_t k = 0; k < list->n; k++)
        n += values[k].any ? 1 : values[k].n_digests;
    return n;
}

static size_t
count_claims(const struct reference *r)
{
    size_t n = 0;
    const struct reference_component *c = r->components.items;
    for (size_t i = 0; i < r->components.n; i++)
        n += count_values(&c[i].values) + count_values(&c[i].device_values);
    return n;
}

static size_t
list_values(const struct shape_list *list, const struct claim *of, struct claim *out)
{
    const struct reference_value *values = list->items;
    size_t n = 0;
    for (size_t k = 0; k < list->n; k++) {
        if (values[k].any)
            out[n++] = *of;
        for (size_t d = 0; d < values[k].n_digests; d++) {
            out[n] = *of;
            out[n++].digest = &values[k].digests[d];
        }
    }
    return n;
}

static size_t
list_claims(const struct reference *r, struct claim *out)
{
    size_t n = 0;
    const struct reference_component *c = r->components.items;
    for (size_t i = 0; i < r->components.n; i++) {
        const struct claim of = {c[i].pcr, NULL, i, c[i].ordered};
        n += list_values(&c[i].values, &of, out + n);
        n += list_values(&c[i].device_values, &of, out + n);
    }
    return n;
}

static enum status
refuse_shared(const struct shape_node *root, const struct claim *a, const struct claim *b)
{
    struct shape_node list = {0};
    (void)shape_member(root, "components", &list);
    const struct claim *unordered = a->ordered ? b : a;
    const struct claim *other = a->ordered ? a : b;
    struct shape_node at = {.parent = &list, .index = unordered->component, .source = root->source};
    return shape_refuse(&at, "is unordered and shares a value with components[%zu]",
                        other->component);
}

/* What takes any digest comes first in its PCR, and shares with all that follow. */
static bool
is_shared(const struct claim *a, const struct claim *b)
{
    bool same = !a->digest || (b->digest && digest_equal(a->digest, b->digest));
    return a->pcr == b->pcr && a->component != b->component && same && (!a->ordered || !b->ordered);
}

static enum status
check_claims(const struct shape_node *root, const struct claim *claims, size_t n)
{
    const struct claim *any = NULL;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && is_shared(&claims[i - 1], &claims[i]))
            return refuse_shared(root, &claims[i - 1], &claims[i]);
        if (any && is_shared(any, &claims[i]))
            return refuse_shared(root, any, &claims[i]);
        if (!claims[i].digest)
            any = &claims[i];
    }
    return STATUS_OK;
}

/* An unordered component shares no value with another of its PCR: whose event it is would be open.
 */
static enum status
check_unordered(const struct shape_node *root, const struct reference *r)
{
    size_t n = count_claims(r);
    struct claim *claims = calloc(n + 1, sizeof *claims);
    if (!claims)
        return STATUS_NOMEM;
    n = list_claims(r, claims);
    qsort(claims, n, sizeof *claims, order_claims);
    enum status s = check_claims(root, claims, n);
    free(claims);
    return s;
}

enum status
reference_read(const struct shape_node *root, struct reference *out)
{
    enum status s = shape_object(root, reference_fields, COUNT_OF(reference_fields), out);
    if (s != STATUS_OK)
        return s;
    const struct reference_component *c = out->components.items;
    for (size_t i = 0; i < out->components.n; i++)
        out->pcrs |= 1u << c[i].pcr;
    if (out->components.n == 0 && out->command_lines.n == 0 && file_set_count(&out->files) == 0 &&
        out->dbx.n == 0)
        return shape_refuse(root, "has neither components nor command_lines nor files nor dbx");
    return check_unordered(root, out);
}
