/* SPDX-License-Identifier: Apache-2.0 */
/* from: events as a device tells them; to: names that a person can sort them by; never: decides
 * anything (a role is a label, the digest is what counts). */
#include "appraise/profile_event.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define FIRMWARE_BLOB  0x80000008u
#define FIRMWARE_BLOB2 0x8000000Au

static const struct type_role {
    uint32_t type;
    const char *role;
} type_roles[] = {
    {EVENT_S_CRTM_VERSION, "firmware-version"},
    {FIRMWARE_BLOB, "firmware"},
    {FIRMWARE_BLOB2, "firmware"},
    {EVENT_EFI_HCRTM, "firmware-h-crtm"},
    {EVENT_EFI_HANDOFF_TABLES, "firmware-tables"},
    {EVENT_EFI_BOOT_DRIVER, "driver"},
    {EVENT_EFI_RUNTIME_DRIVER, "driver"},
    {EVENT_EFI_GPT, "partition-table"},
};

static bool
contains(struct bytes text, const char *word)
{
    struct bytes wanted = bytes_of_text(word);
    for (size_t at = 0; at + wanted.size <= text.size; at++) {
        if (bytes_equal(bytes_slice(text, at, wanted.size), wanted))
            return true;
    }
    return false;
}

bool
profile_is_volatile(const struct profile_event *e)
{
    return e->meaning.kind == EVENT_KIND_FILE && contains(e->meaning.text, "grubenv");
}

/* Images in PCR 4 in the order in which a PC loads them. */
static const char *
image_role(struct profile_shape *shape)
{
    const char *order[4];
    size_t n = 0;
    if (shape->shim)
        order[n++] = "shim";
    if (shape->grub)
        order[n++] = "grub";
    if (shape->uki)
        order[n++] = "unified-kernel";
    order[n++] = "kernel";
    size_t i = shape->n_images++;
    return order[i < n ? i : n - 1];
}

/* "what:text", the text escaped and cut. */
static void
name_with(char out[static PROFILE_ROLE_SIZE], const char *what, struct bytes text)
{
    char shown[PROFILE_ROLE_SIZE - 24];
    (void)text_escape(text, shown, sizeof shown);
    (void)snprintf(out, PROFILE_ROLE_SIZE, "%.22s:%s", what, shown);
}

/* ASCII of a UTF-16 name, as section names are. */
static void
name_with_meaning(char out[static PROFILE_ROLE_SIZE], const char *what,
                  const struct event_meaning *m)
{
    if (!m->utf16) {
        name_with(out, what, m->text);
        return;
    }
    char narrow[PROFILE_ROLE_SIZE];
    size_t n = 0;
    for (size_t i = 0; i + 1 < m->text.size && n < sizeof narrow; i += 2)
        narrow[n++] = m->text.data[i + 1] == 0 ? (char)m->text.data[i] : '?';
    name_with(out, what, bytes_of(narrow, n));
}

/* The file's name is the producer's word. */
static void
name_uboot_file(const struct event_meaning *m, char out[static PROFILE_ROLE_SIZE])
{
    (void)text_copy(out, PROFILE_ROLE_SIZE, contains(m->text, "linux") ? "kernel" : "device-tree");
}

static void
name_file(const struct event_meaning *m, char out[static PROFILE_ROLE_SIZE])
{
    if (contains(m->text, "initrd") || contains(m->text, "initramfs"))
        (void)text_copy(out, PROFILE_ROLE_SIZE, "initrd");
    else if (contains(m->text, "vmlinuz"))
        (void)text_copy(out, PROFILE_ROLE_SIZE, "kernel");
    else
        name_with_meaning(out, "grub-file", m);
}

static void
name_variable(const struct profile_event *e, char out[static PROFILE_ROLE_SIZE])
{
    const char *what =
        e->type == EVENT_EFI_VARIABLE_AUTHORITY ? "secure-boot-authority" : "secure-boot";
    const struct event_variable *v = &e->meaning.variable;
    const char *name = v->name[0] ? v->name : v->claimed_name;
    name_with(out, e->pcr == 7 ? what : "variable", bytes_of_text(name));
}

static const char *
type_role(uint32_t type)
{
    for (size_t i = 0; i < sizeof type_roles / sizeof type_roles[0]; i++) {
        if (type_roles[i].type == type)
            return type_roles[i].role;
    }
    return NULL;
}

static void
name_other(const struct profile_event *e, char out[static PROFILE_ROLE_SIZE])
{
    const char *role = type_role(e->type);
    const char *name = role ? role : event_type_name(e->type);
    if (name)
        (void)text_copy(out, PROFILE_ROLE_SIZE, name);
    else
        (void)snprintf(out, PROFILE_ROLE_SIZE, "event-%08x", e->type);
}

void
profile_name_role(struct profile_shape *shape, const struct profile_event *e,
                  char out[static PROFILE_ROLE_SIZE])
{
    const struct event_meaning *m = &e->meaning;
    if (type_role(e->type) && m->kind != EVENT_KIND_IMAGE) {
        name_other(e, out);
        return;
    }
    switch (m->kind) {
    case EVENT_KIND_IMAGE:
        (void)text_copy(out, PROFILE_ROLE_SIZE, e->pcr == 4 ? image_role(shape) : "driver");
        return;
    case EVENT_KIND_VARIABLE:
        name_variable(e, out);
        return;
    case EVENT_KIND_COMMAND_LINE:
        (void)text_copy(out, PROFILE_ROLE_SIZE, "command-line");
        return;
    case EVENT_KIND_COMMAND:
        (void)text_copy(out, PROFILE_ROLE_SIZE, "grub-command");
        return;
    case EVENT_KIND_FILE:
        if (shape->uboot_fit)
            name_uboot_file(m, out);
        else
            name_file(m, out);
        return;
    case EVENT_KIND_SECTION:
        name_with_meaning(out, "section", m);
        return;
    case EVENT_KIND_LOAD_OPTIONS:
        (void)text_copy(out, PROFILE_ROLE_SIZE, "load-options");
        return;
    case EVENT_KIND_INITRD:
        (void)text_copy(out, PROFILE_ROLE_SIZE, "initrd");
        return;
    case EVENT_KIND_STRING:
        name_with_meaning(out, e->pcr == 14 ? "shim" : "text", m);
        return;
    case EVENT_KIND_OTHER:
    case EVENT_KIND_STRUCTURAL:
    case EVENT_KIND_COUNT:
        name_other(e, out);
        return;
    }
}
