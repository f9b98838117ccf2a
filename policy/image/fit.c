/* SPDX-License-Identifier: Apache-2.0 */
/* from: a FIT; to: what U-Boot measures of it; never: follows an offset out of the file. */
#include "image/fit.h"

#include "base/limits.h"
#include "base/reader.h"
#include "base/text.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#define FDT_VERSION 17u /* of a tree */
#define CLAUSE      "FIT"
#define IMAGES      "/images"
#define CONFIGS     "/configurations"
#define MAX_HASHES  16u
#define CELL_SIZE   4u
#define EXTERN_STEP 4u /* external data begins at the end of the tree, aligned to this */

struct work {
    struct hasher *h;
    struct bytes file;
    struct measurements *out;
    struct diag *diag;
};

static enum status
refuse(const struct work *w, const char *what)
{
    return diag_set(w->diag, STATUS_MALFORMED, CLAUSE, 0, "%s", what);
}

static struct bytes
property(const struct work *w, int node, const char *name)
{
    int size = 0;
    const void *data = fdt_getprop(w->file.data, node, name, &size);
    return data && size > 0 ? bytes_of(data, (size_t)size) : (struct bytes){0};
}

/* The first string of a property; NULL when there is none. */
static const char *
text_property(const struct work *w, int node, const char *name)
{
    struct bytes p = property(w, node, name);
    if (p.size == 0 || memchr(p.data, 0, p.size) == NULL || p.data[0] == 0)
        return NULL;
    return (const char *)p.data;
}

/* A property of one cell; false when there is none. */
static bool
cell_property(const struct work *w, int node, const char *name, uint32_t *out)
{
    struct bytes p = property(w, node, name);
    if (p.size != CELL_SIZE)
        return false;
    *out = (uint32_t)p.data[0] << 24 | (uint32_t)p.data[1] << 16 | (uint32_t)p.data[2] << 8 |
           (uint32_t)p.data[3];
    return true;
}

/* Inside the tree as "data", or behind it. */
static enum status
find_data(const struct work *w, int node, struct bytes *out)
{
    uint32_t at = 0;
    uint32_t size = 0;
    *out = property(w, node, "data");
    if (out->size > 0)
        return STATUS_OK;
    if (!cell_property(w, node, "data-size", &size) || size == 0)
        return refuse(w, "an image without data");
    size_t base = 0;
    if (!cell_property(w, node, "data-position", &at)) {
        if (!cell_property(w, node, "data-offset", &at))
            return refuse(w, "an image whose data is nowhere");
        size_t tree = fdt_totalsize(w->file.data);
        base = (tree + EXTERN_STEP - 1) / EXTERN_STEP * EXTERN_STEP;
    }
    *out = bytes_slice(w->file, base + at, size);
    return out->size > 0 ? STATUS_OK : refuse(w, "an image's data lies outside the file");
}

static enum status
check_hash(const struct work *w, int node, struct bytes data)
{
    const char *name = text_property(w, node, "algo");
    const struct alg *alg = name ? alg_by_name(name) : NULL;
    struct digest digest;
    if (!alg) /* crc32 and md5 say nothing */
        return STATUS_OK;
    enum status s = digest_compute(w->h, alg->id, data, &digest);
    if (s != STATUS_OK)
        return s;
    struct bytes told = property(w, node, "value");
    return digest_equal_bytes(&digest, told) ? STATUS_OK
                                             : refuse(w, "a hash is not that of the image's data");
}

static enum status
check_hashes(const struct work *w, int image, struct bytes data)
{
    enum status s = STATUS_OK;
    size_t n = 0;
    int node = 0;
    fdt_for_each_subnode(node, w->file.data, image)
    {
        const char *name = fdt_get_name(w->file.data, node, NULL);
        if (!name || !text_starts(name, "hash"))
            continue;
        if (++n > MAX_HASHES)
            return refuse(w, "too many hashes of one image");
        s = check_hash(w, node, data);
        if (s != STATUS_OK)
            return s;
    }
    return s;
}

/* The image that the configuration names under this property; -1 when it names none. */
static enum status
find_image(const struct work *w, int configuration, const char *kind, int *out)
{
    const char *name = text_property(w, configuration, kind);
    *out = -1;
    if (!name)
        return STATUS_OK;
    int images = fdt_path_offset(w->file.data, IMAGES);
    *out = images < 0 ? -1 : fdt_subnode_offset(w->file.data, images, name);
    return *out >= 0 ? STATUS_OK : refuse(w, "the configuration names an image that is not there");
}

static enum status
add_image(const struct work *w, int configuration, const char *kind, struct measurement m,
          bool packed)
{
    int node;
    struct bytes data;
    enum status s = find_image(w, configuration, kind, &node);
    if (s != STATUS_OK || node < 0)
        return s;
    const char *compression = text_property(w, node, "compression");
    if (!packed && compression && !text_equal(compression, "none"))
        return diag_set(w->diag, STATUS_UNSUPPORTED, CLAUSE, 0,
                        "U-Boot unpacks the ramdisk before it measures it; give it as it will be");
    s = find_data(w, node, &data);
    if (s == STATUS_OK)
        s = check_hashes(w, node, data);
    if (s != STATUS_OK)
        return s;
    const char *name = fdt_get_name(w->file.data, node, NULL);
    (void)text_escape(bytes_of_text(name ? name : ""), m.name, sizeof m.name);
    return measurements_add_data(w->out, w->h, m, data);
}

/* Each part of the structure block lies inside it: libfdt 1.6.1 adds a property's length to an int,
 * and goes round for ever when that takes it back to where it began. [DTSpec 0.4 5.4.1] */
static bool
structure_ends(struct bytes structure)
{
    struct reader r = reader_of(structure);
    while (!r.failed) {
        uint32_t tag = reader_be32(&r), size = 0;
        switch (tag) {
        case FDT_BEGIN_NODE:
            do
                size++;
            while (reader_u8(&r) != 0);
            break;
        case FDT_PROP:
            size = reader_be32(&r);
            (void)reader_be32(&r);
            (void)reader_bytes(&r, size);
            break;
        case FDT_END_NODE:
        case FDT_NOP:
            break;
        default:
            return tag == FDT_END && !r.failed;
        }
        (void)reader_bytes(&r, (CELL_SIZE - size % CELL_SIZE) % CELL_SIZE);
    }
    return false;
}

static enum status
check_tree(const struct work *w)
{
    /* libfdt counts in int; what lies behind the tree is its external data. Names in trees of
     * versions before 16 are paths, and libfdt 1.6.1 takes one without a slash for a NULL. */
    if (w->file.size < sizeof(struct fdt_header) || w->file.size > LIMIT_IMAGE)
        return refuse(w, "not a device tree blob");
    if (fdt_check_header(w->file.data) != 0 || fdt_totalsize(w->file.data) > w->file.size ||
        fdt_version(w->file.data) < FDT_VERSION ||
        !structure_ends(bytes_slice(w->file, fdt_off_dt_struct(w->file.data),
                                    fdt_size_dt_struct(w->file.data))) ||
        fdt_check_full(w->file.data, w->file.size) != 0)
        return refuse(w, "not a device tree blob, or a damaged one");
    return STATUS_OK;
}

static enum status
find_configuration(const struct work *w, const char *wanted, int *out, struct fit_found *found)
{
    int all = fdt_path_offset(w->file.data, CONFIGS);
    if (all < 0)
        return refuse(w, "no /configurations: not a FIT");
    const char *name = wanted ? wanted : text_property(w, all, "default");
    if (!name)
        return refuse(w, "no default configuration; name one");
    *out = fdt_subnode_offset(w->file.data, all, name);
    if (*out < 0)
        return diag_set(w->diag, STATUS_NOT_FOUND, CLAUSE, 0, "no such configuration");
    (void)text_escape(bytes_of_text(name), found->configuration, sizeof found->configuration);
    found->device_tree = text_property(w, *out, "fdt") != NULL;
    found->loadables = text_property(w, *out, "loadables") != NULL;
    return STATUS_OK;
}

enum status
fit_measure(struct hasher *h, struct bytes file, const char *configuration,
            struct measurements *out, struct fit_found *found, struct diag *diag)
{
    const struct work w = {.h = h, .file = file, .out = out, .diag = diag};
    int node = 0;
    *found = (struct fit_found){0};
    enum status s = check_tree(&w);
    if (s == STATUS_OK)
        s = find_configuration(&w, configuration, &node, found);
    if (s == STATUS_OK && !text_property(&w, node, "kernel"))
        s = refuse(&w, "the configuration has no kernel");
    if (s == STATUS_OK)
        s = add_image(&w, node, "kernel", measurement_of(FIT_PCR_KERNEL, "kernel", bytes_of("", 0)),
                      true);
    if (s != STATUS_OK)
        return s;
    struct measurement ramdisk = measurement_of(FIT_PCR_RAMDISK, "initrd", bytes_of_text("none"));
    /* Without one U-Boot measures nothing at all as its content. */
    if (!text_property(&w, node, "ramdisk"))
        return measurements_add_data(out, h, ramdisk, (struct bytes){0});
    return add_image(&w, node, "ramdisk", ramdisk, false);
}

enum status
fit_measure_arguments(struct hasher *h, const char *arguments, struct measurements *out)
{
    struct bytes text = bytes_of_text(arguments);
    return measurements_add_data(out, h, measurement_of(FIT_PCR_ARGUMENTS, "boot-arguments", text),
                                 bytes_of(arguments, text.size + 1));
}
