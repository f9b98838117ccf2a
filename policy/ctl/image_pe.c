/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-efi, from-uki: what PE images measure. */
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/image.h"
#include "ctl/phases.h"
#include "evidence/replay.h"
#include "image/uki.h"
#include "image/utf16.h"

#include <string.h>

#define CLAUSE       "reference"
#define PCR_IMAGE    4u
#define PCR_KERNEL   9u
#define PCR_SECTIONS 11u
#define MAX_COUNT    64u

/* What a file is called when its name begins so, without regard to case. */
static const struct {
    const char *begin;
    const char *role;
} roles[] = {
    {"shim", "shim"},      {"grub", "grub"},    {"systemd-boot", "systemd-boot"},
    {"vmlinuz", "kernel"}, {"linux", "kernel"}, {"mm", "mok-manager"},
    {"fb", "fallback"},
};

const char *
image_role(const char *path)
{
    for (size_t n = 0; n < sizeof roles / sizeof roles[0]; n++) {
        if (text_starts_fold(image_base_name(path), roles[n].begin))
            return roles[n].role;
    }
    return "image";
}

static const char *
role_of(const struct context *c, size_t i, const char *path)
{
    const char *given = options_get_nth(c->options, "role", i);
    return given ? given : image_role(path);
}

/* "2" or "1-2". */
static enum status
read_count(struct image_work *w, uint32_t *min, uint32_t *max)
{
    const char *text = command_option(w->c, "count");
    char first[8];
    *min = *max = 1;
    if (!text)
        return STATUS_OK;
    const char *dash = strchr(text, '-');
    size_t size = dash ? (size_t)(dash - text) : strlen(text);
    uint64_t from = 0;
    uint64_t to = 0;
    (void)snprintf(first, sizeof first, "%.*s", (int)(size < 7 ? size : 7), text);
    if (text_parse_u64(first, MAX_COUNT, &from) != STATUS_OK ||
        text_parse_u64(dash ? dash + 1 : first, MAX_COUNT, &to) != STATUS_OK || to < from ||
        to == 0)
        return diag_set(&w->diag, STATUS_INVALID, CLAUSE, 0,
                        "--count is a number of events or MIN-MAX, at most %u", MAX_COUNT);
    *min = (uint32_t)from;
    *max = (uint32_t)to;
    return STATUS_OK;
}

static enum status
add_image(struct image_work *w, const char *path, struct measurement m)
{
    CLEANUP(buffer_free) struct buffer file = {0};
    struct pe pe;
    enum status s = image_load(w, path, &file);
    if (s == STATUS_OK)
        s = pe_parse(buffer_bytes(&file), &pe, &w->diag);
    for (size_t i = 0; s == STATUS_OK && i < MEASUREMENT_N_ALGS; i++)
        s = pe_digest(w->h, &pe, measurement_alg(i), &m.digests[i]);
    return s == STATUS_OK ? measurements_add(&w->list, &m) : s;
}

/* The kernel's EFI stub measures its command line in PCR 9 as UTF-16, with a NUL or without as the
 * loader passed it. */
static enum status
add_options(struct image_work *w)
{
    CLEANUP(buffer_free) struct buffer line = {0};
    const char *text = command_option(w->c, "options");
    struct measurement m =
        measurement_of(PCR_KERNEL, "load-options", bytes_of_text(text ? text : ""));
    if (!text)
        return STATUS_OK;
    enum status s = utf16_append(bytes_of_text(text), &line);
    if (s == STATUS_MALFORMED)
        return diag_set(&w->diag, STATUS_INVALID, CLAUSE, 0, "--options is not UTF-8");
    if (s == STATUS_OK)
        s = measurements_add_data(&w->list, w->h, m, buffer_bytes(&line));
    buffer_append_le16(&line, 0);
    m.alternative = true;
    if (s == STATUS_OK)
        s = buffer_check(&line);
    return s == STATUS_OK ? measurements_add_data(&w->list, w->h, m, buffer_bytes(&line)) : s;
}

int
image_from_efi(struct context *c)
{
    struct image_work w;
    uint64_t pcr = PCR_IMAGE;
    uint32_t min;
    uint32_t max;
    const char *path = NULL;
    enum status s = image_begin(c, "pc", &w);
    if (s == STATUS_OK)
        s = image_number(&w, "pcr", LIMIT_PCRS - 1, &pcr);
    if (s == STATUS_OK)
        s = read_count(&w, &min, &max);
    if (s == STATUS_OK && options_get_nth(c->options, "role", c->n_arguments))
        s = diag_set(&w.diag, STATUS_INVALID, CLAUSE, 0, "more roles than files");
    for (size_t i = 0; s == STATUS_OK && i < c->n_arguments; i++) {
        path = c->arguments[i];
        struct measurement m = measurement_of((uint32_t)pcr, role_of(c, i, path),
                                              bytes_of_text(image_base_name(path)));
        m.min = min;
        m.max = max;
        s = add_image(&w, path, m);
    }
    if (s == STATUS_OK) {
        path = NULL;
        s = add_options(&w);
    }
    return image_end(&w, s, path);
}

/* ---- unified kernel images ---- */

/* PCR 11 as it is after the log, and after each phase. */
static enum status
tell_phases(struct image_work *w)
{
    struct digest pcr[MEASUREMENT_N_ALGS];
    char after[128] = "the image";
    enum status s = STATUS_OK;
    for (size_t a = 0; a < MEASUREMENT_N_ALGS; a++) {
        pcr[a] = digest_reset(measurement_alg(a), 0);
        for (size_t i = 0; s == STATUS_OK && i < w->list.n; i++) {
            if (w->list.items[i].pcr == PCR_SECTIONS)
                s = digest_extend(w->h, &pcr[a], digest_bytes(&w->list.items[i].digests[a]));
        }
    }
    for (size_t phase = 0; s == STATUS_OK; phase++) {
        s = set_tell_pcr(w->set, PCR_SECTIONS, after, pcr);
        if (s != STATUS_OK || !replay_phase(phase))
            break;
        for (size_t a = 0; s == STATUS_OK && a < MEASUREMENT_N_ALGS; a++)
            s = phases_extend(w->h, phase, phase + 1, &pcr[a]);
        (void)snprintf(after, sizeof after, "%s", replay_phase(phase));
    }
    return s;
}

enum status
image_tell_uki(struct image_work *w, const struct uki_notes *notes)
{
    enum status s = STATUS_OK;
    if (notes->initrd_has)
        s = set_tell(w->set,
                     "the stub joins section %s to the initrd, so the initrd that the kernel "
                     "measures in PCR 9 is not in the file: take it from a device",
                     notes->initrd_has);
    if (s == STATUS_OK && notes->no_initrd)
        s = set_tell(w->set, "no .initrd section: an initrd from elsewhere is not in this set");
    return s;
}

static enum status
add_loader(struct image_work *w)
{
    const char *path = command_option(w->c, "loader");
    if (!path)
        return STATUS_OK;
    return add_image(w, path,
                     measurement_of(PCR_IMAGE, role_of(w->c, SIZE_MAX, path),
                                    bytes_of_text(image_base_name(path))));
}

int
image_from_uki(struct context *c)
{
    CLEANUP(buffer_free) struct buffer file = {0};
    struct image_work w;
    struct uki_notes notes;
    uint64_t version = 0;
    const char *path = command_option(c, "loader");
    struct uki_options o = {.given = command_option(c, "options"), .n_given = path ? 2 : 1};
    enum status s = image_begin(c, "pc", &w);
    if (s == STATUS_OK)
        s = image_number(&w, "stub-version", 9999, &version);
    if (s == STATUS_OK)
        s = add_loader(&w);
    o.stub_version = (unsigned)version;
    if (s == STATUS_OK) {
        path = c->arguments[0];
        s = image_load(&w, path, &file);
    }
    if (s == STATUS_OK)
        s = uki_measure(w.h, buffer_bytes(&file), &o, &w.list, &notes, &w.diag);
    if (s == STATUS_OK)
        s = tell_phases(&w);
    if (s == STATUS_OK)
        s = image_tell_uki(&w, &notes);
    return image_end(&w, s, path);
}
