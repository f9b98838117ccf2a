/* SPDX-License-Identifier: Apache-2.0 */
/* from: proven events and the sets that a policy names; to: the set that explains most, and
 * reasons; never: passes a covered PCR in silence. */
#include "appraise/boot.h"

#include "appraise/boot_generation.h"
#include "appraise/boot_standing.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define BIT(pcr)           (1u << (pcr))
#define HAS_PCR(mask, pcr) (((mask) >> (pcr)) & 1u)
#define FIRMWARE_PCRS      8u
#define PCR_FIRMWARE       0u
#define PCR_FILES          9u
#define COST_RESET         8u

/* PCRs that one boot path extends together: seeing one covers both. */
static const uint32_t paths[] = {
    BIT(8) | BIT(9),   /* GRUB: commands and files */
    BIT(11) | BIT(12), /* unified kernel images: sections and configuration */
    BIT(14),           /* shim */
};

/* ---- coverage ---- */

static uint32_t
seen_pcrs(const struct proven *p)
{
    uint32_t seen = 0;
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        if (p->n_events[pcr] > 0)
            seen |= BIT(pcr);
    }
    return seen;
}

static uint32_t
covered_pcrs(const struct judge *j, const struct reference *r)
{
    const struct policy_boot *rule = &j->policy->policy->boot;
    if (rule->coverage_given)
        return rule->enforced;
    uint32_t covered = r->pcrs | reference_covered(r->platform);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (seen_pcrs(j->proven) & paths[i])
            covered |= paths[i];
    }
    return covered;
}

static uint32_t
compared_pcrs(const struct judge *j, const struct reference *r)
{
    const struct policy_boot *rule = &j->policy->policy->boot;
    return rule->coverage_given ? rule->compared : reference_compared(r->platform);
}

/* A reset firmware PCR was never measured into; one that the policy names itself needs something
 * there, unless its components have their own word for it. */
static bool
is_bare(const struct judge *j, const struct boot_profiles *p, const struct boot_match *m,
        uint32_t pcr)
{
    if (replay_pcr_state(j->input->replay, pcr) != REPLAY_PCR_RESET)
        return false;
    bool named = j->policy->policy->boot.coverage_given && p->items[m->profile].pcr[pcr].n == 0;
    return pcr < FIRMWARE_PCRS || named;
}

/* ---- one set ---- */

static enum status
match_quickly(const struct judge *j, const struct boot_profiles *p, uint32_t covered,
              struct boot_match *m, bool *fits)
{
    *fits = true;
    for (uint32_t pcr = 0; *fits && pcr < LIMIT_PCRS; pcr++) {
        if (!HAS_PCR(covered, pcr) || !judge_is_proven(j, pcr))
            continue;
        if (is_bare(j, p, m, pcr)) {
            *fits = false;
            return STATUS_OK;
        }
        enum status s = boot_match_quick(p, pcr, m, fits);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static enum status
match_fully(const struct judge *j, const struct boot_profiles *p, uint32_t covered,
            struct boot_match *m)
{
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        if (!HAS_PCR(covered, pcr) || !judge_is_proven(j, pcr))
            continue;
        struct boot_finding bare = {REASON_LOG_PCR_RESET, pcr, NULL, NULL};
        enum status s = is_bare(j, p, m, pcr) ? boot_match_find(p, m, &bare, COST_RESET)
                                              : boot_match_align(p, pcr, m);
        if (s != STATUS_OK)
            return s;
    }
    return boot_match_bundles(p, m);
}

/* ---- the choice ---- */

static void
settle(const struct judge *j, const struct boot_match *m, struct boot *out)
{
    const struct reference *r = out->profiles.items[m->profile].set->reference;
    out->match = *m;
    out->covered = covered_pcrs(j, r);
    out->compared = compared_pcrs(j, r) & ~out->covered;
}

static uint32_t
covered_by(const struct judge *j, const struct boot *b, size_t k)
{
    return covered_pcrs(j, b->profiles.items[k].set->reference);
}

static enum status
choose_quickly(const struct judge *j, struct boot *out, bool *chosen)
{
    for (size_t k = 0; k < out->profiles.n && !*chosen; k++) {
        struct boot_match m = {.profile = k};
        enum status s = match_quickly(j, &out->profiles, covered_by(j, out, k), &m, chosen);
        if (s != STATUS_OK)
            return s;
        if (*chosen)
            settle(j, &m, out);
    }
    return STATUS_OK;
}

static enum status
choose_best(const struct judge *j, struct boot *out)
{
    for (size_t k = 0; k < out->profiles.n; k++) {
        struct boot_match m = {.profile = k};
        enum status s = match_fully(j, &out->profiles, covered_by(j, out, k), &m);
        if (s != STATUS_OK)
            return s;
        if (k == 0 || m.cost < out->match.cost)
            settle(j, &m, out);
    }
    return STATUS_OK;
}

enum status
boot_choose(const struct judge *j, struct boot *out)
{
    *out = (struct boot){0};
    if (!j->policy->policy->boot.present)
        return STATUS_OK;
    const struct compiled_references *sets = &j->policy->boot;
    enum status s = announced_init(&out->arena, j->h, j->input, &j->policy->policy->announce,
                                   j->proven, &out->announced);
    if (s == STATUS_OK)
        s = boot_profiles_init(&out->arena, j->proven, sets, j->input, &out->announced,
                               &out->profiles);
    bool chosen = false;
    if (s == STATUS_OK)
        s = choose_quickly(j, out, &chosen);
    if (s == STATUS_OK && !chosen)
        s = choose_best(j, out);
    return s;
}

void
boot_clear(struct boot *b)
{
    arena_free(&b->arena);
}

/* ---- reasons ---- */

static enum policy_effect
effect_of(const struct judge *j)
{
    return j->policy->policy->boot.effect;
}

static bool
is_revoked(const struct judge *j, const struct replay_event *e)
{
    return e && proven_in_set(j->proven, e, &j->policy->revoked);
}

/* The component's values in the event's bank, or the first bank that is quoted. */
static void
set_expected_values(const struct judge *j, const struct reference_component *c, struct reason *r)
{
    const struct reference_value *values = c->values.items;
    if (c->values.n == 0) {
        reason_set_expected(r, "a value of this device");
        return;
    }
    if (values[0].any) {
        reason_set_expected(r, "any");
        return;
    }
    for (size_t i = 0; i < values[0].n_digests; i++) {
        const struct digest *d = &values[0].digests[i];
        if ((r->bank != 0 && d->alg != r->bank) ||
            j->proven->bank_of[alg_index(d->alg)] >= LIMIT_BANKS)
            continue;
        char hex[2 * ALG_MAX_SIZE + 1];
        char text[sizeof r->expected];
        (void)text_hex(digest_bytes(d), hex, sizeof hex);
        (void)snprintf(text, sizeof text, "%s%s", hex, c->values.n > 1 ? " and others" : "");
        r->bank = d->alg;
        reason_set_expected(r, text);
        return;
    }
}

/* An event that was explained once, or would be elsewhere, is told as that. */
static enum reason_code
refine(const struct boot *b, const struct boot_finding *f)
{
    if (f->code != REASON_BOOT_UNKNOWN_IMAGE)
        return f->code;
    const struct announced_event *a = announced_find(&b->announced, f->event, f->component->role);
    if (a && a->refusal != REASON_NONE)
        return a->refusal;
    const struct reference_value *own =
        boot_component_own_value(&b->profiles, f->component, f->event);
    return own && b->profiles.input->now_s > own->approval->until_s ? REASON_BOOT_APPROVAL_OVER
                                                                    : f->code;
}

static void
blame_finding(struct judge *j, const struct boot *b, const struct boot_finding *f)
{
    enum reason_code code = refine(b, f);
    struct reason r = f->event ? judge_reason_at(j, code, f->event) : judge_reason(code);
    r.pcr = (int32_t)f->pcr;
    r.log = f->event ? r.log : REASON_LOG_BOOT;
    if (f->component)
        reason_set_what(&r, f->component->role);
    else if (f->event && event_type_name(f->event->type))
        reason_set_what(&r, event_type_name(f->event->type));
    if (f->code == REASON_BOOT_MIXED_GENERATION)
        reason_set_expected(&r, f->component->bundle);
    else if (f->component && f->code != REASON_BOOT_ORDER)
        set_expected_values(j, f->component, &r);
    else if (f->code != REASON_LOG_PCR_RESET)
        reason_set_expected(&r, b->profiles.items[b->match.profile].set->info.id);
    judge_blame(j, &r, effect_of(j));
}

/* A revoked value is told as that, whatever else is wrong with its event. */
static void
judge_findings(struct judge *j, const struct boot *b)
{
    for (size_t i = 0; i < b->match.n_findings; i++) {
        const struct boot_finding *f = &b->match.findings[i];
        bool reset = f->code == REASON_LOG_PCR_RESET;
        bool told = reset && (judge_is_explained(j, f->pcr) ||
                              (f->pcr < FIRMWARE_PCRS && replay_is_unmeasured(j->input->replay)));
        if (!told && !is_revoked(j, f->event))
            blame_finding(j, b, f);
    }
}

static const struct reference_component *
component_of(const struct boot *b, const struct replay_event *e)
{
    for (size_t i = 0; i < b->match.n_taken; i++) {
        if (b->match.taken[i].event == e)
            return b->match.taken[i].component;
    }
    return NULL;
}

static void
judge_revoked(struct judge *j, const struct boot *b)
{
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        for (size_t i = 0; HAS_PCR(b->covered, pcr) && i < j->proven->n_events[pcr]; i++) {
            const struct replay_event *e = j->proven->events[pcr][i];
            if (!is_revoked(j, e))
                continue;
            struct reason r = judge_reason_at(j, REASON_BOOT_REVOKED, e);
            const struct reference_component *c = component_of(b, e);
            reason_set_what(&r, c ? c->role : "");
            judge_blame(j, &r, effect_of(j));
        }
    }
}

/* What a value's standing is a reason for; REASON_NONE: for none. */
static enum reason_code
reason_of(enum generation_standing standing)
{
    switch (standing) {
    case GENERATION_STANDING_ACTIVE:
    case GENERATION_STANDING_CANDIDATE:
        return REASON_NONE;
    case GENERATION_STANDING_REVOKED:
        return REASON_BOOT_REVOKED;
    case GENERATION_STANDING_RETIRING:
    case GENERATION_STANDING_RETIRED:
        return REASON_BOOT_RETIRED;
    case GENERATION_STANDING_CLOSED:
        return REASON_BOOT_CANDIDATE;
    }
    return REASON_BOOT_REVOKED;
}

/* Retired is enforced from its date on, unless policy says warn. */
static enum policy_effect
effect_of_standing(const struct judge *j, enum generation_standing standing)
{
    bool warns =
        standing == GENERATION_STANDING_RETIRING ||
        (standing == GENERATION_STANDING_RETIRED && j->policy->policy->boot.retired == POLICY_WARN);
    return warns ? POLICY_WARN : effect_of(j);
}

static void
note_announced(struct judge *j, const struct boot_taken *t)
{
    struct reason r = judge_reason_at(j, REASON_BOOT_ANNOUNCED, t->event);
    reason_set_what(&r, t->component->role);
    judge_note(j, &r);
}

/* The boot that was announced shows nothing of it: the device fell back before it ran. */
static void
note_not_shown(struct judge *j, const struct boot *b)
{
    bool shown = false;
    for (size_t i = 0; i < b->announced.n; i++)
        shown = shown || b->announced.events[i].refusal == REASON_NONE;
    if (!b->announced.expected || shown)
        return;
    const char *slot = j->input->announcement->slot;
    struct reason r = judge_reason(REASON_BOOT_NOT_TAKEN);
    reason_set_what(&r, "announced");
    reason_set_expected(&r, slot ? slot : j->input->announcement->items[0].role);
    r.bound = true;
    judge_note(j, &r);
}

static void
judge_standing(struct judge *j, const struct boot *b)
{
    for (size_t i = 0; i < b->match.n_taken; i++) {
        const struct boot_taken *t = &b->match.taken[i];
        struct boot_worth worth = boot_value_stand(&b->profiles, &b->match, t);
        enum reason_code code = reason_of(worth.standing);
        if (worth.announced)
            note_announced(j, t);
        if (code == REASON_NONE || is_revoked(j, t->event))
            continue;
        struct reason r = judge_reason_at(j, code, t->event);
        reason_set_what(&r, t->component->role);
        const char *generation = b->profiles.items[worth.profile].set->reference->generation;
        char text[128];
        if (generation)
            (void)snprintf(text, sizeof text, "another generation than %s", generation);
        reason_set_expected(&r, generation ? text : "");
        judge_blame(j, &r, effect_of_standing(j, worth.standing));
    }
}

/* ---- the platform ---- */

/* It decides what order is normal, so a set that was made for one is not for another. Nothing shows
 * it while PCR 0 is not proven, which is blamed by itself. */
static void
judge_platform(struct judge *j, const struct boot *b)
{
    if (replay_pcr_state(j->input->replay, PCR_FIRMWARE) != REPLAY_PCR_PROVEN)
        return;
    const struct reference *set = b->profiles.items[b->match.profile].set->reference;
    enum order_profile shown = replay_platform(j->input->replay);
    if (reference_platform_of(shown) == set->platform)
        return;
    struct reason r = judge_reason(REASON_BOOT_PLATFORM);
    r.pcr = (int32_t)PCR_FIRMWARE;
    r.log = REASON_LOG_BOOT;
    r.bound = true;
    reason_set_expected(&r, reference_platform_name(set->platform));
    reason_set_found(&r, order_profile_name(shown));
    judge_blame(j, &r, effect_of(j));
}

/* ---- compared PCRs ---- */

static void
judge_changed(struct judge *j, const struct boot *b)
{
    const struct subject_pcrs *good = j->input->subject->last_good;
    for (uint32_t pcr = 0; good && pcr < LIMIT_PCRS; pcr++) {
        if (!HAS_PCR(b->compared & good->present, pcr))
            continue;
        const struct digest *now = quote_pcr(j->input->quote, good->alg, pcr);
        if (!now || digest_equal(now, &good->pcr[pcr]))
            continue;
        struct reason r = judge_reason(REASON_BOOT_CHANGED);
        r.pcr = (int32_t)pcr;
        r.bank = good->alg;
        r.bound = true;
        reason_set_expected_hex(&r, digest_bytes(&good->pcr[pcr]));
        reason_set_found_hex(&r, digest_bytes(now));
        judge_blame(j, &r, POLICY_WARN);
    }
}

/* ---- an initrd that nothing measured ---- */

static bool
has_initrd_argument(const char *line)
{
    static const char argument[] = "initrd=";
    for (const char *at = line; (at = strstr(at, argument)) != NULL; at++) {
        if (at == line || at[-1] == ' ')
            return true;
    }
    return false;
}

static bool
is_initrd(const struct reference_component *c)
{
    return c && text_starts(c->role, "initrd");
}

/* By the component that an event was held against, fitting or not. What the log calls an event is
 * in no digest, and is asked only where nothing is held against its PCR. */
static bool
shows_initrd(const struct judge *j, const struct boot *b)
{
    for (size_t i = 0; i < b->match.n_taken; i++) {
        if (is_initrd(b->match.taken[i].component))
            return true;
    }
    for (size_t i = 0; i < b->match.n_findings; i++) {
        if (b->match.findings[i].event && is_initrd(b->match.findings[i].component))
            return true;
    }
    return !HAS_PCR(b->covered, PCR_FILES) && proven_has_initrd(j->proven);
}

/* The EFI stub of kernel 6.1 loads an initrd= of its command line without measuring it. */
static void
judge_initrd(struct judge *j, const struct boot *b)
{
    for (size_t i = 0; i < j->proven->n_lines; i++) {
        const struct proven_line *line = &j->proven->lines[i];
        if (!has_initrd_argument(line->text))
            continue;
        if (shows_initrd(j, b))
            return;
        struct reason r = judge_reason_at(j, REASON_BOOT_INITRD_UNMEASURED, line->event);
        r.bank = 0;
        r.bound = true;
        reason_set_what(&r, "initrd");
        reason_set_found(&r, line->text);
        judge_blame(j, &r, effect_of(j));
        return;
    }
}

/* ---- the rule ---- */

/* Identity is all that such a device has to show: no rule on boots passes, whatever it covers. */
static void
judge_unmeasured(struct judge *j)
{
    if (!replay_is_unmeasured(j->input->replay))
        return;
    struct reason r = judge_reason(REASON_BOOT_UNMEASURED);
    r.log = REASON_LOG_BOOT;
    r.bound = true;
    judge_blame(j, &r, effect_of(j));
}

static bool
applies(const struct boot *b)
{
    for (size_t k = 0; k < b->profiles.n; k++) {
        if (b->profiles.items[k].n_components > 0)
            return true;
    }
    return false;
}

void
boot_judge(struct judge *j, const struct boot *b)
{
    if (!j->policy->policy->boot.present)
        return;
    if (!applies(b)) {
        struct reason r = judge_reason(REASON_POLICY_REFERENCE);
        reason_set_what(&r, "boot");
        judge_blame(j, &r, effect_of(j));
        return;
    }
    size_t n_before = j->n_blamed;
    judge_unmeasured(j);
    judge_platform(j, b);
    judge_findings(j, b);
    judge_revoked(j, b);
    judge_standing(j, b);
    judge_initrd(j, b);
    if (j->n_blamed == n_before) {
        j->tally->boot_matched = true;
        j->tally->matched |= b->covered;
    }
    if (b->match.n_findings == 0)
        boot_generation_note(j, b);
    note_not_shown(j, b);
    judge_changed(j, b);
}
