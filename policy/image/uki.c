/* SPDX-License-Identifier: Apache-2.0 */
/* from: a unified kernel image; to: the events that its start gives; never: guesses which bytes a
 * stub measures. */
#include "image/uki.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "image/utf16.h"

#include <string.h>

#define CLAUSE         "UAPI.5"
#define FIRST_VERSION  252u
#define LAST_LOADIMAGE 257u /* later stubs may start the kernel without the firmware's help */
#define MAGIC_SECTION  ".sdmagic"
#define MAGIC_BEGIN    "#### LoaderInfo: systemd-stub "
#define PCR_IMAGE      4u
#define PCR_KERNEL     9u
#define PCR_SECTIONS   11u
#define PCR_OPTIONS    12u

/* In the order in which they are measured. .pcrsig holds signatures of the result, so it cannot be
 * measured itself. since: the stub that was the first to know the section. */
static const struct known_section {
    const char *name;
    unsigned since;
    bool measured;
    bool adds_initrd; /* the stub packs it into an archive behind the initrd, or in front of it */
} known[] = {
    {".linux", 252, true, false},  {".osrel", 252, true, false},  {".cmdline", 252, true, false},
    {".initrd", 252, true, false}, {".ucode", 256, true, true},   {".splash", 252, true, false},
    {".dtb", 252, true, false},    {".uname", 253, true, false},  {".sbat", 254, true, false},
    {".pcrsig", 252, false, true}, {".pcrpkey", 252, true, true},
};
#define N_KNOWN (sizeof known / sizeof known[0])

/* What they measure depends on more than the file. */
static const char *const chosen_at_boot[] = {".profile", ".dtbauto", ".efifw"};

struct work {
    struct hasher *h;
    const struct uki_options *options;
    struct pe pe;
    struct measurements *out;
    struct uki_notes *notes;
    struct diag *diag;
};

static enum status
read_version(struct work *w)
{
    unsigned version = w->options->stub_version;
    const struct pe_section *magic = pe_find(&w->pe, MAGIC_SECTION);
    struct bytes text = magic ? pe_data(&w->pe, magic) : (struct bytes){0};
    struct bytes begin = bytes_of_text(MAGIC_BEGIN);
    if (version == 0 && bytes_equal(bytes_slice(text, 0, begin.size), begin)) {
        for (size_t i = begin.size; i < text.size && i < begin.size + 5; i++) {
            if (text.data[i] < '0' || text.data[i] > '9')
                break;
            version = 10 * version + (unsigned)(text.data[i] - '0');
        }
    }
    w->notes->stub_version = version;
    if (version >= FIRST_VERSION)
        return STATUS_OK;
    return diag_set(w->diag, STATUS_UNSUPPORTED, CLAUSE, 0,
                    "the image names no systemd-stub of version 252 or later; which version "
                    "measures it must be said");
}

static size_t
count_sections(const struct pe *pe, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < pe->n_sections; i++)
        n += text_equal(pe->sections[i].name, name) ? 1 : 0;
    return n;
}

static enum status
check_sections(const struct work *w)
{
    for (size_t i = 0; i < sizeof chosen_at_boot / sizeof chosen_at_boot[0]; i++) {
        if (pe_find(&w->pe, chosen_at_boot[i]))
            return diag_set(w->diag, STATUS_UNSUPPORTED, CLAUSE, 0,
                            "a section %s: what is measured is chosen at boot", chosen_at_boot[i]);
    }
    for (size_t i = 0; i < N_KNOWN; i++) {
        const struct pe_section *s = pe_find(&w->pe, known[i].name);
        if (!s)
            continue;
        if (count_sections(&w->pe, known[i].name) > 1)
            return diag_set(w->diag, STATUS_MALFORMED, CLAUSE, s->raw_offset, "two sections %s",
                            known[i].name);
        if (s->virtual_size > s->raw_size)
            return diag_set(w->diag, STATUS_UNSUPPORTED, CLAUSE, s->raw_offset,
                            "section %s is larger in memory than in the file: stubs differ in "
                            "what they measure of it",
                            known[i].name);
    }
    if (pe_find(&w->pe, ".linux"))
        return STATUS_OK;
    return diag_set(w->diag, STATUS_MALFORMED, CLAUSE, 0,
                    "no section .linux: not a unified kernel image");
}

static struct bytes
section_of(const struct work *w, const char *name)
{
    const struct pe_section *s = pe_find(&w->pe, name);
    return s ? pe_data(&w->pe, s) : (struct bytes){0};
}

/* PCR 11: for each section its name with the NUL, then its content. */
static enum status
add_sections(struct work *w)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < N_KNOWN; i++) {
        struct bytes data = section_of(w, known[i].name);
        if (data.size == 0 || !known[i].measured || w->notes->stub_version < known[i].since)
            continue;
        char role[MEASUREMENT_ROLE_SIZE];
        struct bytes name = bytes_of_text(known[i].name);
        (void)snprintf(role, sizeof role, "text:%s", known[i].name);
        s = measurements_add_data(w->out, w->h, measurement_of(PCR_SECTIONS, role, name),
                                  bytes_of(known[i].name, name.size + 1));
        (void)snprintf(role, sizeof role, "section:%s", known[i].name);
        if (s == STATUS_OK)
            s = measurements_add_data(w->out, w->h, measurement_of(PCR_SECTIONS, role, name), data);
    }
    return s;
}

static enum status
add_image(struct work *w, const struct pe *pe, const char *role, uint32_t min)
{
    struct measurement m = measurement_of(PCR_IMAGE, role, (struct bytes){0});
    m.min = min;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < MEASUREMENT_N_ALGS; i++)
        s = pe_digest(w->h, pe, measurement_alg(i), &m.digests[i]);
    return s == STATUS_OK ? measurements_add(w->out, &m) : s;
}

static enum status
add_kernel(struct work *w)
{
    struct pe kernel;
    enum status s = pe_parse(section_of(w, ".linux"), &kernel, w->diag);
    uint32_t min = w->notes->stub_version > LAST_LOADIMAGE ? 0 : 1;
    return s == STATUS_OK ? add_image(w, &kernel, "kernel", min) : s;
}

/* Text up to a NUL, as UTF-16 with one; clean: without control characters and blanks around it, as
 * later stubs pass it on. */
static enum status
append_options(struct bytes text, bool clean, struct buffer *out, struct diag *diag)
{
    const uint8_t *nul = text.size > 0 ? memchr(text.data, 0, text.size) : NULL;
    size_t end = nul ? (size_t)(nul - text.data) : text.size;
    size_t at = 0;
    CLEANUP(buffer_free) struct buffer line = {0};
    while (clean && at < end && text.data[at] <= ' ')
        at++;
    while (clean && end > at && text.data[end - 1] <= ' ')
        end--;
    for (; at < end; at++)
        buffer_append_u8(&line, clean && text.data[at] < ' ' ? ' ' : text.data[at]);
    enum status s = buffer_check(&line);
    if (s == STATUS_OK)
        s = utf16_append(buffer_bytes(&line), out);
    if (s == STATUS_MALFORMED)
        return diag_set(diag, s, CLAUSE, 0, "the command line is not UTF-8");
    buffer_append_le16(out, 0);
    return s == STATUS_OK ? buffer_check(out) : s;
}

/* What the kernel was started with, as it stands and as later stubs clean it, where that differs.
 */
static enum status
add_options(struct work *w, struct bytes text, struct measurement m)
{
    CLEANUP(buffer_free) struct buffer plain = {0};
    CLEANUP(buffer_free) struct buffer clean = {0};
    enum status s = append_options(text, false, &plain, w->diag);
    if (s == STATUS_OK)
        s = append_options(text, true, &clean, w->diag);
    if (s == STATUS_OK)
        s = measurements_add_data(w->out, w->h, m, buffer_bytes(&plain));
    if (s != STATUS_OK || bytes_equal(buffer_bytes(&plain), buffer_bytes(&clean)))
        return s;
    m.alternative = true;
    return measurements_add_data(w->out, w->h, m, buffer_bytes(&clean));
}

static enum status
add_given(struct work *w)
{
    struct bytes given = bytes_of_text(w->options->given);
    struct measurement m = measurement_of(PCR_OPTIONS, "options", given);
    m.min = m.max = w->options->n_given > 1 ? w->options->n_given : 1;
    return add_options(w, given, m);
}

static enum status
add_kernel_events(struct work *w)
{
    bool given = w->options->given && w->options->given[0] != '\0';
    struct bytes text = given ? bytes_of_text(w->options->given) : section_of(w, ".cmdline");
    enum status s = given ? add_given(w) : STATUS_OK;
    if (s == STATUS_OK && text.size > 0)
        s = add_options(w, text, measurement_of(PCR_KERNEL, "load-options", text));
    struct bytes initrd = section_of(w, ".initrd");
    for (size_t i = 0; i < N_KNOWN; i++) {
        if (known[i].adds_initrd && section_of(w, known[i].name).size > 0 &&
            w->notes->stub_version >= known[i].since)
            w->notes->initrd_has = known[i].name;
    }
    w->notes->no_initrd = initrd.size == 0;
    if (s != STATUS_OK || w->notes->initrd_has || initrd.size == 0)
        return s;
    return measurements_add_data(
        w->out, w->h, measurement_of(PCR_KERNEL, "initrd", bytes_of_text(".initrd")), initrd);
}

enum status
uki_measure(struct hasher *h, struct bytes file, const struct uki_options *options,
            struct measurements *out, struct uki_notes *notes, struct diag *diag)
{
    struct work w = {.h = h, .options = options, .out = out, .notes = notes, .diag = diag};
    *notes = (struct uki_notes){0};
    enum status s = pe_parse(file, &w.pe, diag);
    if (s == STATUS_OK)
        s = check_sections(&w);
    if (s == STATUS_OK)
        s = read_version(&w);
    if (s == STATUS_OK)
        s = add_image(&w, &w.pe, "unified-kernel", 1);
    if (s == STATUS_OK)
        s = add_sections(&w);
    if (s == STATUS_OK)
        s = add_kernel(&w);
    return s == STATUS_OK ? add_kernel_events(&w) : s;
}
