/* SPDX-License-Identifier: Apache-2.0 */
/* from: a replay; to: its proven events by PCR and what they say; never: reads a field that no
 * digest covers as a fact. */
#include "appraise/proven.h"

#include "appraise/prediction.h"
#include "base/cleanup.h"
#include "base/reader.h"
#include "base/text.h"

#include <string.h>

#define PCR_CONFIGURATION 1u
#define PCR_SECURE_BOOT   7u
#define PCR_COMMANDS      8u
#define PCR_FILES         9u
#define PCR_CONFIG        12u

/* EFI_GLOBAL_VARIABLE 8be4df61-93ca-11d2-aa0d-00e098032b8c */
static const uint8_t efi_global[16] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                       0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};

static bool
is_structural(const struct replay_event *e)
{
    return e->meaning.kind == EVENT_KIND_STRUCTURAL;
}

/* ---- events by PCR ---- */

static enum status
sort_events(struct proven *p)
{
    size_t n_all = replay_n_events(p->replay);
    const struct replay_event **all = arena_alloc_array(&p->arena, n_all, sizeof *all);
    if (!all)
        return STATUS_NOMEM;
    for (size_t i = 0; i < n_all; i++) {
        const struct replay_event *e = replay_event_at(p->replay, i);
        if (e->pcr < LIMIT_PCRS && !is_structural(e))
            p->n_events[e->pcr]++;
    }
    for (size_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        p->events[pcr] = all;
        all += p->n_events[pcr];
        p->n_events[pcr] = 0;
    }
    for (size_t i = 0; i < n_all; i++) {
        const struct replay_event *e = replay_event_at(p->replay, i);
        if (e->pcr < LIMIT_PCRS && !is_structural(e))
            p->events[e->pcr][p->n_events[e->pcr]++] = e;
    }
    return STATUS_OK;
}

/* ---- a boot to come ---- */

/* The event with the value's digests in the banks that the value has, and none in the others. */
static const struct replay_event *
copy_with(struct proven *p, const struct replay_event *e, const struct reference_value *v)
{
    struct replay_event *copy = arena_alloc(&p->arena, sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *e;
    memset(copy->digest, 0, sizeof copy->digest);
    for (size_t i = 0; i < v->n_digests; i++) {
        size_t bank = replay_bank(p->replay, v->digests[i].alg);
        if (bank < LIMIT_BANKS)
            copy->digest[bank] = v->digests[i];
    }
    return copy;
}

static enum status
replace_events(struct proven *p, const struct prediction *prediction)
{
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        if (!(prediction->pcrs >> pcr & 1u))
            continue;
        size_t n = prediction->pcr[pcr].n;
        p->events[pcr] = arena_alloc_array(&p->arena, n, sizeof *p->events[pcr]);
        p->n_events[pcr] = n;
        for (size_t i = 0; i < n; i++) {
            const struct prediction_event *e = &prediction->pcr[pcr].events[i];
            if (p->events[pcr])
                p->events[pcr][i] = e->value ? copy_with(p, e->event, e->value) : e->event;
            if (!p->events[pcr] || !p->events[pcr][i])
                return STATUS_NOMEM;
        }
    }
    return STATUS_OK;
}

/* ---- Secure Boot ---- */

static bool
is_secure_boot(const struct replay_event *e)
{
    const struct event_variable *v = &e->meaning.variable;
    return e->meaning.kind == EVENT_KIND_VARIABLE && e->meaning.bound &&
           text_equal(v->name, "SecureBoot") &&
           bytes_equal(bytes_of(v->guid, sizeof v->guid), bytes_of(efi_global, sizeof efi_global));
}

/* An empty variable is Secure Boot off: the firmware has none. [UEFI 2.10 32.3] */
static int
read_secure_boot(struct bytes value)
{
    if (value.size == 0)
        return 0;
    return value.size == 1 && value.data[0] <= 1 ? value.data[0] : -1;
}

/* Before the separator only firmware measures into PCR 7; what follows anybody can add. */
static void
find_secure_boot(struct proven *p)
{
    p->secure_boot = -1;
    for (size_t i = 0; i < replay_n_events(p->replay); i++) {
        const struct replay_event *e = replay_event_at(p->replay, i);
        if (e->pcr != PCR_SECURE_BOOT)
            continue;
        if (is_structural(e) && e->meaning.separator_known)
            return;
        if (!is_secure_boot(e))
            continue;
        if (p->secure_boot_event) {
            p->secure_boot = -1; /* said twice: neither counts */
            return;
        }
        p->secure_boot_event = e;
        p->secure_boot = read_secure_boot(e->meaning.variable.value);
    }
    /* No separator: it is not known who measured the variable. */
    p->secure_boot = -1;
}

/* ---- digests ---- */

struct bytes
proven_digest(const struct proven *p, const struct replay_event *e, uint16_t *alg)
{
    struct bytes any = {0};
    for (size_t i = 0; i < ALG_COUNT; i++) {
        size_t bank = p->bank_of[i];
        if (bank >= LIMIT_BANKS || e->digest[bank].size == 0)
            continue;
        if (alg_at(i)->trusted || any.size == 0) {
            any = digest_bytes(&e->digest[bank]);
            *alg = alg_at(i)->id;
        }
        if (alg_at(i)->trusted)
            break;
    }
    return any;
}

bool
proven_matches(const struct proven *p, const struct replay_event *e,
               const struct reference_value *value)
{
    bool trusted = value->any;
    for (size_t i = 0; i < value->n_digests; i++) {
        const struct digest *wanted = &value->digests[i];
        size_t index = alg_index(wanted->alg);
        size_t bank = index < ALG_COUNT ? p->bank_of[index] : LIMIT_BANKS;
        if (bank >= LIMIT_BANKS || e->digest[bank].size == 0)
            continue;
        if (!digest_equal(wanted, &e->digest[bank]))
            return false;
        trusted = trusted || alg_at(index)->trusted;
    }
    return trusted;
}

bool
proven_in_set(const struct proven *p, const struct replay_event *e, const struct file_set *set)
{
    for (size_t i = 0; i < ALG_COUNT; i++) {
        size_t bank = p->bank_of[i];
        if (bank < LIMIT_BANKS && alg_at(i)->trusted &&
            file_set_has(set, alg_at(i)->id, digest_bytes(&e->digest[bank])))
            return true;
    }
    return false;
}

static enum status
gives_digest(struct hasher *h, const struct proven *p, const struct replay_event *e,
             struct bytes content, bool *gives)
{
    uint16_t alg = 0;
    struct bytes wanted = proven_digest(p, e, &alg);
    const struct alg *row = alg_by_id(alg);
    struct digest found = {0};
    *gives = false;
    if (!row || !row->trusted || wanted.size == 0)
        return STATUS_OK;
    enum status s = digest_compute(h, alg, content, &found);
    *gives = s == STATUS_OK && digest_equal_bytes(&found, wanted);
    return s;
}

enum status
proven_is_load_options(struct hasher *h, const struct proven *p, const struct replay_event *e,
                       const char *text, bool *is)
{
    CLEANUP(buffer_free) struct buffer wide = {0};
    for (; *text; text++)
        buffer_append_le16(&wide, (uint8_t)*text);
    buffer_append_le16(&wide, 0);
    enum status s = buffer_check(&wide);
    if (s == STATUS_OK)
        s = gives_digest(h, p, e, buffer_bytes(&wide), is);
    if (s == STATUS_OK && !*is)
        s = gives_digest(h, p, e, bytes_of(wide.data, wide.size - 2), is);
    return s;
}

/* ---- command lines ---- */

/* U-Boot without EFI has its boot arguments in PCR 1. */
static bool
is_line(const struct proven *p, const struct replay_event *e)
{
    bool fit = replay_platform(p->replay) == ORDER_UBOOT_FIT;
    bool place =
        e->pcr == PCR_COMMANDS || e->pcr == PCR_CONFIG || (fit && e->pcr == PCR_CONFIGURATION);
    return place && e->meaning.kind == EVENT_KIND_COMMAND_LINE && e->meaning.bound;
}

static bool
is_load_options(const struct replay_event *e)
{
    return e->pcr == PCR_FILES && e->meaning.kind == EVENT_KIND_LOAD_OPTIONS;
}

static enum status
add_line(struct proven *p, const struct replay_event *e, const struct event_meaning *m)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    enum status s = event_text(m, &text);
    const char *line = buffer_text(&text);
    if (s != STATUS_OK || !line)
        return STATUS_NOMEM;
    const char *copy = arena_copy_text(&p->arena, line);
    p->lines[p->n_lines++] = (struct proven_line){.event = e, .text = copy};
    return copy ? STATUS_OK : STATUS_NOMEM;
}

/* EFI_LOAD_OPTION: what follows the description and the device path is passed to the image.
 * [UEFI 2.10 3.1.3] */
static struct bytes
optional_data(struct bytes variable)
{
    struct reader r = reader_of(variable);
    (void)reader_le32(&r);
    uint16_t path_size = reader_le16(&r);
    while (!r.failed && reader_le16(&r) != 0) {
    }
    (void)reader_bytes(&r, path_size);
    return reader_rest(&r);
}

/* The boot entry that holds the command line of which the stub logged the digest. The digest binds
 * it, so it does not matter how far PCR 1 can be believed. */
static enum status
add_boot_entry(struct hasher *h, struct proven *p, const struct replay_event *stub)
{
    for (size_t i = 0; i < p->n_events[PCR_CONFIGURATION]; i++) {
        const struct event_meaning *m = &p->events[PCR_CONFIGURATION][i]->meaning;
        if (m->kind != EVENT_KIND_VARIABLE)
            continue;
        struct event_meaning line = {.kind = EVENT_KIND_COMMAND_LINE, .bound = true, .utf16 = true};
        line.text = optional_data(m->variable.value);
        bool gives = false;
        enum status s = STATUS_OK;
        if (line.text.size > 0)
            s = gives_digest(h, p, stub, line.text, &gives);
        if (s != STATUS_OK)
            return s;
        if (gives)
            return add_line(p, stub, &line);
    }
    return STATUS_OK;
}

static enum status
find_lines(struct hasher *h, struct proven *p)
{
    size_t n = replay_n_events(p->replay);
    p->lines = arena_alloc_array(&p->arena, n, sizeof *p->lines);
    enum status s = p->lines ? STATUS_OK : STATUS_NOMEM;
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        const struct replay_event *e = replay_event_at(p->replay, i);
        if (is_line(p, e))
            s = add_line(p, e, &e->meaning);
        else if (is_load_options(e))
            s = add_boot_entry(h, p, e);
    }
    return s;
}

/* ---- the whole ---- */

static bool
names_initrd(struct bytes text)
{
    static const char *const words[] = {"initrd", "initramfs"};
    for (size_t i = 0; i < 2; i++) {
        struct bytes word = bytes_of_text(words[i]);
        for (size_t at = 0; at + word.size <= text.size; at++) {
            if (bytes_equal(bytes_slice(text, at, word.size), word))
                return true;
        }
    }
    return false;
}

bool
proven_has_initrd(const struct proven *p)
{
    for (size_t i = 0; i < p->n_events[PCR_FILES]; i++) {
        const struct event_meaning *m = &p->events[PCR_FILES][i]->meaning;
        if (m->kind == EVENT_KIND_INITRD || (m->kind == EVENT_KIND_FILE && names_initrd(m->text)))
            return true;
    }
    return false;
}

enum status
proven_init(struct hasher *h, const struct replay *replay, const struct prediction *prediction,
            struct proven *out)
{
    *out = (struct proven){.replay = replay};
    for (size_t i = 0; i < ALG_COUNT; i++)
        out->bank_of[i] = replay_bank(replay, alg_at(i)->id);
    enum status s = sort_events(out);
    if (s == STATUS_OK && prediction)
        s = replace_events(out, prediction);
    if (s != STATUS_OK)
        return s;
    find_secure_boot(out);
    return find_lines(h, out);
}

void
proven_clear(struct proven *p)
{
    arena_free(&p->arena);
}
