/* SPDX-License-Identifier: Apache-2.0 */
/* from: proven IMA entries; to: which files are not allowed; never: judges by a path. */
#include "appraise/rules.h"
#include "base/text.h"

#include <stdio.h>

#define NAMED_MAX 32u /* unknown files that are named; further ones are counted */

struct files {
    const struct compiled_references *sets;
    const struct ima_entry *aggregate; /* entry 0 when it is one */
    size_t n_judged;
    size_t n_unknown;
};

static bool
is_allowed(const struct files *f, const struct ima_entry *e)
{
    for (size_t i = 0; i < f->sets->n; i++) {
        if (file_set_has(&f->sets->items[i].document->reference->files, e->file_alg,
                         e->file_digest))
            return true;
    }
    return false;
}

static void
expect_entry(const struct files *f, const struct ima_entry *e)
{
    for (size_t i = 0; e && i < f->sets->n; i++)
        file_set_expect(&f->sets->items[i].document->reference->files, e->file_alg, e->file_digest);
}

/* The list's first entry is checked by replay; a later one, after kexec, is it again only when it
 * says the same: its name alone could be a file's. */
static bool
is_aggregate(const struct files *f, const struct ima_entry *e)
{
    if (!ima_is_aggregate(e) || !f->aggregate)
        return false;
    return e == f->aggregate || (e->file_alg == f->aggregate->file_alg &&
                                 digest_bytes_equal(e->file_digest, f->aggregate->file_digest));
}

static struct reason
reason_of(enum reason_code code, const struct ima_entry *e)
{
    struct reason r = judge_reason(code);
    r.log = REASON_LOG_IMA;
    r.pcr = (int32_t)e->pcr;
    r.event = (int64_t)e->number;
    r.bound = true;
    char path[sizeof r.what];
    reason_set_what(&r, text_escape(e->path, path, sizeof path));
    return r;
}

static void
blame_unknown(struct judge *j, struct files *f, const struct ima_entry *e)
{
    if (++f->n_unknown > NAMED_MAX)
        return;
    struct reason r = reason_of(REASON_IMA_UNKNOWN_FILE, e);
    reason_set_found_hex(&r, e->file_digest);
    r.bank = e->file_alg;
    judge_blame(j, &r, j->policy->policy->ima.effect);
}

/* Replay names those of this round; a boot's earlier ones count as long as it runs. */
static bool
is_named(const struct judge *j, enum reason_code code, const struct ima_entry *e)
{
    const struct reasons *found = j->input->found;
    for (size_t i = 0; found && i < found->n_items; i++) {
        if (found->items[i].code == code && found->items[i].event == (int64_t)e->number)
            return true;
    }
    return false;
}

/* What makes an entry no statement about a file. Replay said it of this round's entries; those of
 * the boot's earlier rounds count as long as it runs, the first for all. */
static void
judge_odd(struct judge *j, enum reason_code code, const struct ima_entry *e,
          enum policy_effect effect)
{
    if (reasons_find(&j->out->reasons, code) || is_named(j, code, e))
        return;
    struct reason r = reason_of(code, e);
    judge_blame(j, &r, j->policy->policy->ima.effect == POLICY_WARN ? POLICY_WARN : effect);
}

/* Replay leaves such an entry without a file digest. */
static enum reason_code
find_odd(const struct ima_entry *e)
{
    if (e->pcr != IMA_PCR)
        return REASON_IMA_PCR;
    if (e->violation)
        return REASON_IMA_VIOLATION;
    if (e->digest_bad)
        return REASON_IMA_DIGEST;
    return e->template_known ? REASON_NONE : REASON_IMA_TEMPLATE;
}

static void
judge_entry(struct judge *j, struct files *f, const struct ima_entry *e)
{
    enum reason_code odd = find_odd(e);
    if (odd != REASON_NONE) {
        judge_odd(j, odd, e,
                  odd == REASON_IMA_VIOLATION ? j->policy->policy->ima.violations : POLICY_ENFORCE);
        return;
    }
    if (is_aggregate(f, e))
        return;
    f->n_judged++;
    if (!is_allowed(f, e))
        blame_unknown(j, f, e);
}

static void
blame_list(struct judge *j, enum reason_code code, const char *found)
{
    struct reason r = judge_reason(code);
    r.log = REASON_LOG_IMA;
    r.pcr = (int32_t)IMA_PCR;
    reason_set_found(&r, found);
    judge_blame(j, &r, j->policy->policy->ima.effect);
}

/* A list that PCR 10 does not carry has its own reason. */
static bool
is_anchoring_blamed(const struct judge *j)
{
    return j->input->found && reasons_find(j->input->found, REASON_IMA_NOT_ANCHORED);
}

void
ima_judge(struct judge *j)
{
    const struct policy_ima *rule = &j->policy->policy->ima;
    if (!rule->present || !judge_is_proven(j, IMA_PCR))
        return; /* a covered PCR that is not proven is blamed by judge_found() */
    struct files f = {.sets = &j->policy->ima};
    const struct replay *replay = j->input->replay;
    size_t n = replay_n_ima(replay);
    if (n > 0 && ima_is_aggregate(replay_ima_at(replay, 0)))
        f.aggregate = replay_ima_at(replay, 0);
    for (size_t i = 0; i < n; i++) {
        expect_entry(&f, replay_ima_at(replay, i + FILE_SET_AHEAD));
        judge_entry(j, &f, replay_ima_at(replay, i));
    }
    if (f.n_unknown > NAMED_MAX) {
        char text[48];
        (void)snprintf(text, sizeof text, "%zu unknown files, %u named", f.n_unknown, NAMED_MAX);
        blame_list(j, REASON_IMA_UNKNOWN_FILE, text);
    }
    if (f.n_judged == 0 && !is_anchoring_blamed(j))
        blame_list(j, REASON_IMA_EMPTY, "");
}
