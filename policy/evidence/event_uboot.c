/* SPDX-License-Identifier: Apache-2.0 */
/* from: the events of a U-Boot that boots without EFI; to: kernel, initrd, device tree and boot
 * arguments; never: takes such an event for one where another firmware made the log. The names are
 * in no digest, the boot arguments are hashed with their NUL. [U-Boot measured boot] */
#include "evidence/event_bind.h"

#include <string.h>

static const struct content {
    uint32_t type;
    const char *name; /* as U-Boot calls it, with a NUL */
    enum event_kind kind;
} contents[] = {
    {EVENT_COMPACT_HASH, "linux", EVENT_KIND_FILE},
    {EVENT_COMPACT_HASH, "initrd", EVENT_KIND_INITRD},
    {EVENT_TABLE_OF_DEVICES, "dts", EVENT_KIND_FILE},
};

#define PCR_ARGUMENTS 1u

/* Text that ends with its only NUL. */
static bool
is_text(struct bytes data)
{
    return data.size > 0 && memchr(data.data, 0, data.size) == data.data + data.size - 1;
}

bool
event_decode_uboot(struct event_bind *b, struct event_meaning *out)
{
    const struct event *e = b->event;
    if (!b->decoder->log->uboot_fit || !is_text(e->data))
        return false;
    struct bytes text = bytes_of(e->data.data, e->data.size - 1);
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        if (e->type != contents[i].type || !bytes_equal(text, bytes_of_text(contents[i].name)))
            continue;
        out->kind = contents[i].kind;
        out->text = text;
        return true;
    }
    if (e->pcr != PCR_ARGUMENTS || e->type != EVENT_PLATFORM_CONFIG_FLAGS)
        return false;
    out->kind = EVENT_KIND_COMMAND_LINE;
    out->text = text;
    out->bound = event_bind_data(b, e->data);
    return true;
}
