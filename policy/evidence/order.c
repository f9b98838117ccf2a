/* SPDX-License-Identifier: Apache-2.0 */
/* from: decoded events; to: reasons about separators, types and digests; never: judges an event of
 * a PCR that it was not told to. The machines of single PCRs are in order_pcr.c. */
#include "evidence/order.h"

#include "base/text.h"
#include "evidence/event_type.h"
#include "evidence/eventlog_region.h"
#include "evidence/order_pcr.h"

#include <stdio.h>
#include <string.h>

#define UBOOT EVENTLOG_UBOOT

static const char *const profile_names[] = {"pc", "uboot-efi", "uboot-fit"};

struct reason *
order_blame(struct order *o, enum reason_code code, const struct replay_event *e, const char *found)
{
    struct reason *r = reasons_add_at(o->reasons, code, e->log, (int32_t)e->pcr, e->number);
    const char *type = event_type_name(e->type);
    if (type)
        reason_set_what(r, type);
    reason_set_found(r, found);
    r->bound = true; /* that the digest stands there is what was found */
    return r;
}

bool
order_is_separator(const struct replay_event *e)
{
    return e->meaning.separator_known;
}

/* A PC has both values. [PFP 1.06 10.4.1] */
static bool
is_platform_separator(const struct order *o, const struct replay_event *e)
{
    switch (o->profile) {
    case ORDER_UBOOT_EFI:
        return e->meaning.separator == 0;
    case ORDER_UBOOT_FIT:
        return e->meaning.separator == UINT32_MAX;
    case ORDER_PC:
        break;
    }
    return true;
}

static void
check_separator(struct order *o, const struct replay_event *e)
{
    bool is_separator = order_is_separator(e);
    if (is_separator)
        o->n_separators[e->pcr]++;
    if (is_separator != (e->type == EVENT_SEPARATOR))
        (void)order_blame(o, REASON_LOG_SEPARATOR, e,
                          is_separator ? "a separator's digest under another type"
                                       : "a separator's type over another digest");
    else if (is_separator && e->meaning.separator == 1)
        (void)order_blame(o, REASON_LOG_ERROR_SEPARATOR, e, "error separator");
    else if (is_separator && o->n_separators[e->pcr] > 1)
        (void)order_blame(o, REASON_LOG_SEPARATOR, e, "second separator");
    else if (is_separator && !is_platform_separator(o, e))
        (void)order_blame(o, REASON_LOG_SEPARATOR, e, "not the separator of this platform");
}

/* U-Boot without EFI hashes its boot arguments as it logs them. */
static bool
must_bind(const struct order *o, const struct replay_event *e, const struct event_type *type)
{
    bool arguments =
        o->profile == ORDER_UBOOT_FIT && e->pcr == 1 && e->type == EVENT_PLATFORM_CONFIG_FLAGS;
    return type->must_bind || arguments;
}

/* A type that contradicts a digest that is well known, or whose digest must cover its data. */
static void
check_type(struct order *o, const struct replay_event *e)
{
    const struct event_type *type = event_type_find(e->type);
    bool is_action = type && type->form == EVENT_FORM_ACTION;
    if (e->meaning.kind == EVENT_KIND_STRUCTURAL && e->meaning.action && !is_action)
        (void)order_blame(o, REASON_LOG_ORDER, e, "an action's digest under another type");
    else if (type && must_bind(o, e, type) && !e->meaning.bound && !e->meaning.weak &&
             e->type != EVENT_SEPARATOR)
        (void)order_blame(o, REASON_LOG_DIGEST, e, "the digest is not that of the data");
}

/* One fact a quirk and PCR. */
static void
note_quirk(struct order *o, const struct replay_event *e)
{
    enum event_quirk quirk = e->meaning.quirk;
    uint32_t bit = 1u << quirk;
    if (quirk == EVENT_QUIRK_NONE || (o->quirks[e->pcr] & bit) != 0)
        return;
    o->quirks[e->pcr] |= bit;
    struct reason *r = order_blame(o, REASON_LOG_QUIRK, e, "");
    const char *type = event_type_name(e->type);
    reason_set_what(r, event_quirk_name(quirk));
    reason_set_found(r, type ? type : "an unknown type");
}

static void
blame_uncapped(struct order *o)
{
    for (size_t bank = 0; bank < o->view->n_banks; bank++) {
        struct reason *r = reasons_add_at(o->reasons, REASON_LOG_BANK_UNCAPPED, REASON_LOG_BOOT,
                                          REASON_NO_PCR, REASON_NO_EVENT);
        r->bank = o->view->banks[bank];
    }
}

/* Every firmware PCR has a separator; a bank without any is open to anybody. */
static void
check_missing(struct order *o)
{
    unsigned n_missing = 0;
    unsigned n_judged = 0;
    for (uint32_t pcr = 0; pcr < ORDER_FIRMWARE_PCRS; pcr++) {
        bool judged = (o->view->pcrs & (1u << pcr)) != 0;
        n_judged += judged;
        n_missing += judged && o->n_separators[pcr] == 0;
    }
    if (n_missing > 0 && n_missing == n_judged) {
        blame_uncapped(o);
        return;
    }
    for (uint32_t pcr = 0; pcr < ORDER_FIRMWARE_PCRS; pcr++) {
        bool told = ((o->view->pcrs | o->view->reset) & (1u << pcr)) != 0;
        if (!told || o->n_separators[pcr] > 0 || n_judged == 0)
            continue;
        struct reason *r = reasons_add_at(o->reasons, REASON_LOG_SEPARATOR, REASON_LOG_BOOT,
                                          (int32_t)pcr, REASON_NO_EVENT);
        reason_set_found(r, "no separator");
        r->bound = true;
    }
}

static bool
is_judged(const struct order_view *v, const struct replay_event *e)
{
    return e->log == REASON_LOG_BOOT && (v->pcrs & (1u << e->pcr)) != 0;
}

/* A driver was measured into PCR 2, so an authority may stand before PCR 7's separator: it let an
 * option ROM's driver run. */
static bool
has_drivers(const struct order_view *v)
{
    for (size_t i = 0; i < v->n_events; i++) {
        const struct replay_event *e = &v->events[i];
        bool is_driver = e->type == EVENT_EFI_BOOT_DRIVER || e->type == EVENT_EFI_RUNTIME_DRIVER;
        if (is_judged(v, e) && e->pcr == 2 && is_driver)
            return true;
    }
    return false;
}

void
order_check(const struct order_view *v, struct reasons *reasons)
{
    struct order o = {
        .view = v, .reasons = reasons, .profile = order_profile(v), .has_drivers = has_drivers(v)};
    for (size_t i = 0; i < v->n_events; i++) {
        const struct replay_event *e = &v->events[i];
        if (!is_judged(v, e))
            continue;
        if (e->pcr < ORDER_FIRMWARE_PCRS)
            check_separator(&o, e);
        check_type(&o, e);
        note_quirk(&o, e);
        order_pcr_step(&o, i);
    }
    check_missing(&o);
}

static bool
is_zero(struct bytes in)
{
    uint8_t any = 0;
    for (size_t i = 0; i < in.size; i++)
        any |= in.data[i];
    return any == 0;
}

void
order_check_no_action(const struct eventlog *log, uint32_t pcrs, struct reasons *reasons)
{
    for (size_t i = 0; i < log->n_events; i++) {
        const struct event *e = &log->events[i];
        bool zero =
            e->type != EVENT_NO_ACTION || e->pcr >= LIMIT_PCRS || (pcrs & (1u << e->pcr)) == 0;
        for (size_t bank = 0; !zero && bank < log->n_banks; bank++) {
            if (is_zero(e->digest[bank]))
                continue;
            struct reason *r = reasons_add_at(reasons, REASON_LOG_DIGEST, REASON_LOG_BOOT,
                                              (int32_t)e->pcr, e->number);
            reason_set_what(r, event_type_name(e->type));
            reason_set_found_hex(r, e->digest[bank]);
            break;
        }
    }
}

void
order_tell_tail(const struct eventlog *log, struct reasons *reasons)
{
    if (log->tail == 0)
        return;
    struct reason *r = reasons_add_at(reasons, REASON_LOG_QUIRK, REASON_LOG_BOOT, REASON_NO_PCR,
                                      log->events[log->n_events - 1].number);
    char found[64];
    (void)snprintf(found, sizeof found, "%zu bytes after the last event", log->tail);
    reason_set_what(r, event_quirk_name(EVENT_QUIRK_REGION_TAIL));
    reason_set_found(r, found);
}

/* The version string is bound and in PCR 0. */
void
order_signs_add(struct order_signs *s, uint32_t pcr, uint32_t type, const struct event_meaning *m)
{
    size_t n = strlen(UBOOT);
    if (pcr == 0 && type == EVENT_S_CRTM_VERSION && m->bound)
        s->uboot = s->uboot || bytes_equal(bytes_slice(m->text, 0, n), bytes_of(UBOOT, n));
    /* Ones, or an error, which only U-Boot without EFI ends with. */
    s->n_ones += m->separator_known && m->separator != 0;
    s->n_zeros += m->separator_known && m->separator == 0;
}

/* One separator alone does not make another platform of it. */
enum order_profile
order_signs_profile(const struct order_signs *s)
{
    if (!s->uboot)
        return ORDER_PC;
    return s->n_ones > s->n_zeros ? ORDER_UBOOT_FIT : ORDER_UBOOT_EFI;
}

enum order_profile
order_profile(const struct order_view *v)
{
    struct order_signs signs = {0};
    for (size_t i = 0; i < v->n_events; i++) {
        const struct replay_event *e = &v->events[i];
        if (e->log == REASON_LOG_BOOT)
            order_signs_add(&signs, e->pcr, e->type, &e->meaning);
    }
    return order_signs_profile(&signs);
}

const char *
order_profile_name(enum order_profile profile)
{
    return profile_names[profile];
}
