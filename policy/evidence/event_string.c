/* SPDX-License-Identifier: Apache-2.0 */
/* from: the text that boot loaders log; to: what of it was hashed; never: takes a label for
 * content. GRUB leaves its prefix out of the digest, systemd-stub hashes 8-bit what it logs in
 * UTF-16, and each has its own mind about the NUL. [threats 31] */
#include "base/text.h"
#include "evidence/event_bind.h"

#include <string.h>

#define TAG_HEADER_SIZE  8u
#define TAG_LOAD_OPTIONS 0x8F3B22EDu /* Linux EFI stub */
#define TAG_INITRD       0x8F3B22ECu /* Linux EFI stub */
#define PCR_BOOT_LOADER  8u
#define PCR_FILES        9u
#define PCR_UKI          11u
#define PCR_CONFIG       12u
#define NARROW_MAX       64u

static const struct prefix {
    const char *text;
    enum event_kind kind;
} prefixes[] = {
    {"grub_cmd: ", EVENT_KIND_COMMAND},
    {"grub_cmd ", EVENT_KIND_COMMAND},
    {"kernel_cmdline: ", EVENT_KIND_COMMAND_LINE},
    {"grub_kernel_cmdline: ", EVENT_KIND_COMMAND_LINE},
    {"grub_kernel_cmdline ", EVENT_KIND_COMMAND_LINE},
};

static const uint8_t nuls[2];

/* The text up to its first NUL. */
static struct bytes
until_nul(struct bytes in)
{
    const uint8_t *nul = in.size > 0 ? memchr(in.data, 0, in.size) : NULL;
    return nul ? bytes_of(in.data, (size_t)(nul - in.data)) : in;
}

/* UTF-16LE up to its first NUL, an odd last byte left out. */
static struct bytes
until_nul16(struct bytes in)
{
    size_t n = 0;
    while (n + 1 < in.size && (in.data[n] != 0 || in.data[n + 1] != 0))
        n += 2;
    return bytes_of(in.data, n);
}

/* UTF-16LE of a text in Latin script: second byte zero. */
static bool
looks_utf16(struct bytes in)
{
    return in.size >= 4 && in.data[0] != 0 && in.data[1] == 0 && in.data[2] != 0 && in.data[3] == 0;
}

/* text alone, or followed by a NUL of its width, is what was hashed. */
static bool
bind_text(struct event_bind *b, struct bytes text, size_t nul_size)
{
    const struct bytes parts[] = {text, bytes_of(nuls, nul_size)};
    return event_bind_data(b, text) || event_bind_parts(b, parts, 2);
}

static const struct prefix *
find_prefix(struct bytes data)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        struct bytes text = bytes_of_text(prefixes[i].text);
        if (bytes_equal(bytes_slice(data, 0, text.size), text))
            return &prefixes[i];
    }
    return NULL;
}

/* "grub_cmd: set a=b": the prefix, and so which of the two it is, is claimed. */
static bool
decode_prefixed(struct event_bind *b, struct event_meaning *out)
{
    bool is_place = b->event->pcr == PCR_BOOT_LOADER || b->decoder->log->format == EVENTLOG_CCEL;
    const struct prefix *prefix = is_place ? find_prefix(b->event->data) : NULL;
    if (!prefix)
        return false;
    size_t skip = bytes_of_text(prefix->text).size;
    struct bytes data = b->event->data;
    out->kind = prefix->kind;
    out->text = until_nul(bytes_of(data.data + skip, data.size - skip));
    out->bound = bind_text(b, out->text, 1);
    out->quirk = out->bound ? EVENT_QUIRK_STRING_PREFIX : EVENT_QUIRK_NONE;
    return true;
}

/* 8-bit text with NUL of a UTF-16 name, as systemd-stub hashes the names of sections. */
static bool
bind_narrow(struct event_bind *b, struct bytes utf16)
{
    uint8_t narrow[NARROW_MAX + 1];
    size_t n = utf16.size / 2;
    if (n > NARROW_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (utf16.data[2 * i + 1] != 0)
            return false;
        narrow[i] = utf16.data[2 * i];
    }
    narrow[n] = 0;
    return event_bind_data(b, bytes_of(narrow, n + 1));
}

/* UTF-16: systemd-boot's and the stub's command line and section names. */
static void
decode_utf16(struct event_bind *b, struct event_meaning *out)
{
    uint32_t pcr = b->event->pcr;
    out->utf16 = true;
    out->text = until_nul16(b->event->data);
    out->kind = EVENT_KIND_STRING;
    if (event_bind_data(b, b->event->data)) {
        out->bound = true;
    } else if (bind_text(b, out->text, 2)) {
        out->bound = true;
        out->quirk = EVENT_QUIRK_STRING_NUL;
    } else if (bind_narrow(b, out->text)) {
        out->bound = true;
        out->quirk = EVENT_QUIRK_STRING_UTF16;
        return;
    }
    if (out->bound && (pcr == PCR_BOOT_LOADER || pcr == PCR_CONFIG))
        out->kind = EVENT_KIND_COMMAND_LINE;
    else if (!out->bound)
        out->kind = pcr == PCR_UKI ? EVENT_KIND_SECTION : EVENT_KIND_FILE;
}

static void
decode_plain(struct event_bind *b, struct event_meaning *out)
{
    struct bytes data = b->event->data;
    out->kind = EVENT_KIND_STRING;
    out->text = until_nul(data);
    if (event_bind_data(b, data)) {
        out->bound = true;
        /* A NUL inside bound data belongs to it; only a trailing one is the producer's. */
        if (out->text.size + 1 < data.size)
            out->text = data;
    } else if (bind_text(b, out->text, 1)) {
        out->bound = true;
        out->quirk = EVENT_QUIRK_STRING_NUL;
    } else if (b->event->pcr == PCR_FILES && b->event->type == EVENT_IPL) {
        out->kind = EVENT_KIND_FILE;
    }
}

void
event_decode_string(struct event_bind *b, struct event_meaning *out)
{
    if (decode_prefixed(b, out))
        return;
    if (looks_utf16(b->event->data))
        decode_utf16(b, out);
    else
        decode_plain(b, out);
}

static uint32_t
le32_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* TCG_PCClientTaggedEvent. The structure is hashed by the specification; Linux and systemd hash
 * something else and log only its description. [PFP 1.06 10.4.2.2] */
void
event_decode_tag(struct event_bind *b, struct event_meaning *out)
{
    struct bytes data = b->event->data;
    if (data.size < TAG_HEADER_SIZE || le32_at(data.data + 4) != data.size - TAG_HEADER_SIZE) {
        out->bound = event_bind_data(b, data);
        return;
    }
    uint32_t tag = le32_at(data.data);
    struct bytes content = bytes_of(data.data + TAG_HEADER_SIZE, data.size - TAG_HEADER_SIZE);
    out->kind = EVENT_KIND_STRING;
    out->utf16 = looks_utf16(content);
    out->text = out->utf16 ? until_nul16(content) : until_nul(content);
    if (event_bind_data(b, data)) {
        out->bound = true;
    } else if (event_bind_data(b, content)) {
        out->bound = true;
        out->quirk = EVENT_QUIRK_TAG_CONTENT;
    } else if (tag == TAG_LOAD_OPTIONS) {
        out->kind = EVENT_KIND_LOAD_OPTIONS;
    } else if (tag == TAG_INITRD) {
        out->kind = EVENT_KIND_INITRD;
    }
}
