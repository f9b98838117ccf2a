/* SPDX-License-Identifier: Apache-2.0 */
/* from: proven IMA entries, and what earlier ones of the boot came to; to: which files are not
 * allowed; never: judges by a path. */
#include "appraise/rules.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAMED_MAX 32u /* unknown files that are named; further ones are counted */
#define ODD_MAX   16u /* as NAMED_MAX, of each kind of entry that is no statement about a file */

_Static_assert(NAMED_MAX + 4 * ODD_MAX <= LIMIT_REASONS, "no reason of a standing is dropped");

static bool
is_allowed(const struct compiled_references *sets, const struct ima_entry *e)
{
    for (size_t i = 0; i < sets->n; i++) {
        if (file_set_has(&sets->items[i].document->reference->files, e->file_alg, e->file_digest))
            return true;
    }
    return false;
}

static void
expect_entry(const struct compiled_references *sets, const struct ima_entry *e)
{
    for (size_t i = 0; e && i < sets->n; i++)
        file_set_expect(&sets->items[i].document->reference->files, e->file_alg, e->file_digest);
}

/* ---- one entry ---- */

static void
take_aggregate(struct standing_rule *now, const struct ima_entry *e)
{
    now->aggregate = true;
    now->aggregate_alg = e->file_alg;
    if (e->file_alg != 0 && digest_from(e->file_alg, e->file_digest, &now->aggregate_digest))
        now->aggregate_digest = (struct digest){0};
}

/* The list's first entry is checked by replay; a later one, after kexec, is it again only when it
 * says the same: its name alone could be a file's. */
static bool
is_aggregate(const struct standing_rule *now, const struct ima_entry *e)
{
    if (!now->aggregate || !ima_is_aggregate(e))
        return false;
    return e->number == 0 || (e->file_alg == now->aggregate_alg &&
                              digest_equal_bytes(&now->aggregate_digest, e->file_digest));
}

static void
judge_file(const struct judge *j, struct standing_rule *now, const struct ima_entry *e)
{
    now->n_judged++;
    if (is_allowed(&j->policy->ima, e) || ++now->n_unknown > NAMED_MAX)
        return;
    struct reason *r = reasons_add_at(&now->reasons, REASON_IMA_UNKNOWN_FILE, REASON_LOG_IMA,
                                      (int32_t)e->pcr, (int64_t)e->number);
    char path[sizeof r->what];
    r->bound = true;
    r->bank = e->file_alg;
    reason_set_what(r, text_escape(e->path, path, sizeof path));
    reason_set_found_hex(r, e->file_digest);
}

/* Replay names those of its round in the same words; a boot's earlier ones count as long as it
 * runs. */
static void
count_odd(struct standing_rule *now, const struct ima_entry *e, enum reason_code code)
{
    unsigned n = 0;
    for (size_t i = 0; i < now->reasons.n_items; i++)
        n += now->reasons.items[i].code == code;
    if (n < ODD_MAX)
        *reasons_add(&now->reasons, code) = ima_reason(code, e);
}

static void
judge_entry(const struct judge *j, struct standing_rule *now, const struct ima_entry *e)
{
    enum reason_code odd[IMA_ODD_MAX];
    unsigned n = ima_odd(e, odd);
    for (unsigned i = 0; i < n; i++)
        count_odd(now, e, odd[i]);
    if (e->number == 0 && ima_is_aggregate(e))
        take_aggregate(now, e);
    if (n == 0 && !is_aggregate(now, e))
        judge_file(j, now, e);
}

/* ---- the boot ---- */

/* The documents, and what their generations are to this device now. */
struct standing_key
ima_key(const struct compiled_policy *policy, const struct appraisal_input *input)
{
    struct standing_key key = {0};
    memcpy(key.sha256, policy->ima_sha256, sizeof key.sha256);
    for (size_t i = 0; i < policy->ima.n; i++)
        key.stands[i] =
            (uint8_t)compiled_stand(&policy->ima.items[i], input->subject, input->now_s);
    return key;
}

/* Entries of earlier rounds are listed again, or were judged under these same documents. */
static bool
take_older(const struct judge *j, struct standing_rule *now)
{
    const struct replay *replay = j->input->replay;
    if (replay_state_before(replay)->n_entries == replay_n_ima_older(replay))
        return true;
    const struct standing_rule *before = standing_find(j->input->standing, &now->key);
    if (!before)
        return false;
    *now = *before;
    now->reasons = (struct reasons){0};
    reasons_append(&now->reasons, &before->reasons);
    return true;
}

static void
blame_list(struct judge *j, enum reason_code code, enum policy_effect effect, const char *found)
{
    struct reason r = judge_reason(code);
    r.log = REASON_LOG_IMA;
    r.pcr = (int32_t)IMA_PCR;
    reason_set_found(&r, found);
    judge_blame(j, &r, effect);
}

/* A list that PCR 10 does not carry has its own reason. */
static bool
is_anchoring_blamed(const struct judge *j)
{
    return j->input->found && reasons_find(j->input->found, REASON_IMA_NOT_ANCHORED);
}

static void
tell(struct judge *j, const struct standing_rule *now)
{
    enum policy_effect effect = j->policy->policy->ima.effect;
    for (size_t i = 0; i < now->reasons.n_items; i++) {
        const struct reason *r = &now->reasons.items[i];
        bool unknown = r->code == REASON_IMA_UNKNOWN_FILE;
        judge_blame(j, r, unknown ? effect : judge_effect_found(j, r));
    }
    if (now->n_unknown > NAMED_MAX) {
        char text[64];
        (void)snprintf(text, sizeof text, "%" PRIu64 " unknown files, %u named", now->n_unknown,
                       NAMED_MAX);
        blame_list(j, REASON_IMA_UNKNOWN_FILE, effect, text);
    }
    if (now->n_judged == 0 && !is_anchoring_blamed(j))
        blame_list(j, REASON_IMA_EMPTY, effect, "");
}

enum status
ima_judge(struct judge *j)
{
    if (!j->policy->policy->ima.present || !judge_is_proven(j, IMA_PCR))
        return STATUS_OK; /* a covered PCR that is not proven is blamed by judge_found() */
    struct standing_key key = ima_key(j->policy, j->input);
    struct standing_rule *now = standing_add(j->standing, &key);
    const struct replay *replay = j->input->replay;
    if (!take_older(j, now)) {
        /* Ours: what appraise_knows() says was not heard. */
        blame_list(j, REASON_POLICY_INTERNAL, POLICY_ENFORCE, "entries of earlier rounds");
        return STATUS_OK;
    }
    for (size_t i = 0; i < replay_n_ima(replay); i++) {
        expect_entry(&j->policy->ima, replay_ima_at(replay, i + FILE_SET_AHEAD));
        judge_entry(j, now, replay_ima_at(replay, i));
    }
    tell(j, now);
    return now->reasons.failed ? STATUS_NOMEM : STATUS_OK;
}
