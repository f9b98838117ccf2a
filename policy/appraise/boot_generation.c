/* SPDX-License-Identifier: Apache-2.0 */
/* from: the sets that a boot's bundles came from, and the generation of the boot before; to: facts
 * of where the device is in a rollout; never: blames. */
#include "appraise/boot_generation.h"

#include "base/text.h"

/* The set that is told for a bundle: the chosen one where it is among them, else the first. */
static const struct boot_profile *
profile_of(const struct boot *b, uint64_t sets)
{
    if (sets >> b->match.profile & 1u)
        return &b->profiles.items[b->match.profile];
    for (size_t k = 0; k < b->profiles.n; k++) {
        if (sets >> k & 1u)
            return &b->profiles.items[k];
    }
    return NULL;
}

static const struct generation *
generation_number(const struct generations *line, size_t i)
{
    return (const struct generation *)line->items.items + i;
}

static bool
find_in_line(const struct generations *line, const char *name, size_t *index)
{
    for (*index = 0; *index < line->items.n; ++*index) {
        if (text_equal(generation_number(line, *index)->name, name))
            return true;
    }
    return false;
}

static void
note(struct judge *j, enum reason_code code, const char *bundle, const char *expected,
     const char *found)
{
    struct reason r = judge_reason(code);
    reason_set_what(&r, bundle);
    reason_set_expected(&r, expected);
    reason_set_found(&r, found);
    r.bound = true;
    judge_note(j, &r);
}

/* The newest generation that this device could have booted when it did. */
static const struct generation *
newest_open(const struct judge *j, const struct generation_place *place)
{
    const struct subject *subject = j->input->subject;
    int64_t booted_s = subject->boot_since_s > 0 ? subject->boot_since_s : j->input->now_s;
    for (size_t i = place->line->items.n; i-- > place->index + 1;) {
        const struct generation *g = generation_number(place->line, i);
        if (g->valid_from_given && g->valid_from_s <= booted_s &&
            generation_stand(g, subject, j->input->now_s) <= GENERATION_STANDING_CANDIDATE)
            return g;
    }
    return NULL;
}

/* An A/B slot that fell back, else an update that this boot could have taken. */
static void
note_place(struct judge *j, const char *bundle, const struct boot_profile *p)
{
    const char *last = j->input->subject->last_generation;
    const char *now = p->set->reference->generation;
    size_t before = 0;
    if (!p->place.line)
        return;
    if (last && find_in_line(p->place.line, last, &before) && before > p->place.index) {
        note(j, REASON_BOOT_WENT_BACK, bundle, last, now);
        return;
    }
    const struct generation *newest = newest_open(j, &p->place);
    if (newest)
        note(j, REASON_BOOT_NOT_TAKEN, bundle, newest->name, now);
}

static void
note_bundle(struct judge *j, const struct boot *b, const char *bundle, uint64_t sets)
{
    const struct boot_profile *p = profile_of(b, sets);
    if (!p || !p->set->reference->generation)
        return;
    note(j, REASON_BOOT_GENERATION, bundle, "", p->set->reference->generation);
    note_place(j, bundle, p);
}

void
boot_generation_note(struct judge *j, const struct boot *b)
{
    bool any = false;
    for (size_t i = 0; i < b->match.n_taken; i++) {
        const struct boot_taken *t = &b->match.taken[i];
        if (!t->component->bundle)
            continue;
        any = true;
        note_bundle(j, b, t->component->bundle, t->sets);
    }
    if (!any)
        note_bundle(j, b, "", UINT64_C(1) << b->match.profile);
}
