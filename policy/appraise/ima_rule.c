/* SPDX-License-Identifier: Apache-2.0 */
/* from: proven IMA entries, and what earlier ones of the boot came to; to: which files are not
 * allowed; never: judges by a path. */
#include "appraise/argument.h"
#include "appraise/rules.h"
#include "base/text.h"
#include "evidence/ima_signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAMED_MAX 32u /* unknown files that are named; further ones are counted */
#define FEW_MAX   8u  /* of each other kind of file that is named */
#define ODD_MAX   16u /* as NAMED_MAX, of each kind of entry that is no statement about a file */

_Static_assert(NAMED_MAX + 3 * FEW_MAX + 4 * ODD_MAX <= LIMIT_REASONS,
               "no reason of a standing is dropped");

/* The best word that the sets have for a file; closed, as a file that nobody names, where none has
 * one. *set is where the last file was found, and is asked first: a device's files come from few
 * sets. Then it is whose word it is. */
static enum generation_standing
find_standing(const struct compiled_references *sets, const struct standing_key *key,
              const struct ima_entry *e, size_t *set)
{
    enum generation_standing best = GENERATION_STANDING_CLOSED;
    size_t first = *set;
    for (size_t n = 0; n < sets->n && best != GENERATION_STANDING_ACTIVE; n++) {
        size_t i = (first + n) % sets->n;
        enum generation_standing standing = (enum generation_standing)key->stands[i];
        if (standing >= best ||
            !file_set_has(&sets->items[i].document->reference->files, e->file_alg, e->file_digest))
            continue;
        best = standing;
        *set = i;
    }
    return best;
}

static void
expect_entry(const struct compiled_references *sets, size_t set, const struct ima_entry *e)
{
    if (e && set < sets->n)
        file_set_expect(&sets->items[set].document->reference->files, e->file_alg, e->file_digest);
}

/* ---- one entry ---- */

/* Size 0 where replay took the digest away, or its algorithm is unknown. */
static void
take_aggregate(struct standing_rule *now, const struct ima_entry *e)
{
    if (digest_from(e->file_alg, e->file_digest, &now->aggregate_digest) != STATUS_OK)
        now->aggregate_digest = (struct digest){0};
}

/* The list's first entry is checked by replay; a later one, after kexec, is it again only when it
 * says the same: its name alone could be a file's. */
static bool
is_aggregate(const struct standing_rule *now, const struct ima_entry *e)
{
    bool same = now->aggregate_digest.size > 0 && e->file_alg == now->aggregate_digest.alg &&
                digest_equal_bytes(&now->aggregate_digest, e->file_digest);
    return ima_is_aggregate(e) && (e->number == 0 || same);
}

static void
name_file(struct standing_rule *now, enum reason_code code, const struct ima_entry *e,
          const char *expected)
{
    struct reason *r =
        reasons_add_at(&now->reasons, code, REASON_LOG_IMA, (int32_t)e->pcr, (int64_t)e->number);
    char path[sizeof r->what];
    r->bound = true;
    r->bank = e->file_alg;
    reason_set_what(r, text_escape(e->path, path, sizeof path));
    reason_set_expected(r, expected);
    reason_set_found_hex(r, e->file_digest);
}

/* The first few of each code. */
static void
name_few(struct standing_rule *now, enum reason_code code, const struct ima_entry *e,
         const char *expected)
{
    unsigned n = 0;
    for (size_t i = 0; i < now->reasons.n_items; i++)
        n += now->reasons.items[i].code == code;
    if (n < FEW_MAX)
        name_file(now, code, e, expected);
}

static enum status
is_signed(const struct policy_ima *rule, const struct ima_entry *e, bool *is)
{
    const struct policy_signer *signers = rule->signers.items;
    enum status s = STATUS_OK;
    *is = false;
    for (size_t i = 0; s == STATUS_OK && !*is && i < rule->signers.n; i++)
        s = ima_signature_verify(signers[i].spki, e, is);
    return s;
}

/* By its path, which is bound, but a hint: whoever is root chooses it. */
static bool
is_excluded(const struct policy_ima *rule, const struct ima_entry *e)
{
    char *const *excluded = rule->excluded.items;
    for (size_t i = 0; i < rule->excluded.n; i++) {
        struct bytes directory = bytes_of_text(excluded[i]);
        if (bytes_equal(directory, bytes_slice(e->path, 0, directory.size)))
            return true;
    }
    return false;
}

/* No set that is open to the device has it. */
static enum status
judge_unlisted(const struct policy_ima *rule, struct standing_rule *now, const struct ima_entry *e)
{
    bool is = false;
    enum status s = is_signed(rule, e, &is);
    if (s != STATUS_OK || is)
        return s;
    if (is_excluded(rule, e)) {
        now->n_judged--;
        now->n_excluded++;
        return STATUS_OK;
    }
    if (++now->n_unknown <= NAMED_MAX)
        name_file(now, REASON_IMA_UNKNOWN_FILE, e, "");
    return STATUS_OK;
}

static void
note_policy(const struct policy_ima *rule, struct standing_rule *now, const struct ima_entry *e)
{
    const struct digest *policies = rule->policies.items;
    for (size_t i = 0; i < rule->policies.n; i++)
        now->policy_measured =
            now->policy_measured ||
            (policies[i].alg == e->file_alg && digest_equal_bytes(&policies[i], e->file_digest));
}

static enum status
judge_file(const struct judge *j, struct standing_rule *now, size_t *set, const struct ima_entry *e)
{
    const struct policy_ima *rule = &j->policy->policy->ima;
    const struct compiled_references *sets = &j->policy->ima;
    now->n_judged++;
    note_policy(rule, now, e);
    if (file_set_has(&rule->forbidden, e->file_alg, e->file_digest)) {
        name_few(now, REASON_IMA_FORBIDDEN, e, "");
        return STATUS_OK;
    }
    enum generation_standing standing = find_standing(sets, &now->key, e, set);
    switch (standing) {
    case GENERATION_STANDING_ACTIVE:
    case GENERATION_STANDING_CANDIDATE:
        return STATUS_OK;
    case GENERATION_STANDING_REVOKED:
        name_few(now, REASON_IMA_REVOKED, e, sets->items[*set].document->info.id);
        return STATUS_OK;
    case GENERATION_STANDING_RETIRED:
    case GENERATION_STANDING_RETIRING:
        now->retired_enforced = now->retired_enforced || standing == GENERATION_STANDING_RETIRED;
        name_few(now, REASON_IMA_RETIRED, e, sets->items[*set].document->info.id);
        return STATUS_OK;
    case GENERATION_STANDING_CLOSED:
        return judge_unlisted(rule, now, e);
    }
    return judge_unlisted(rule, now, e);
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

static enum status
judge_entry(const struct judge *j, struct standing_rule *now, size_t *set,
            const struct ima_entry *e)
{
    enum reason_code odd[IMA_ODD_MAX];
    unsigned n = ima_odd(e, odd);
    for (unsigned i = 0; i < n; i++)
        count_odd(now, e, odd[i]);
    if (e->number == 0 && ima_is_aggregate(e))
        take_aggregate(now, e);
    return n == 0 && !is_aggregate(now, e) ? judge_file(j, now, set, e) : STATUS_OK;
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

/* Retired is enforced from its date on, unless policy says warn. */
static enum policy_effect
effect_of(const struct judge *j, const struct standing_rule *now, const struct reason *r)
{
    const struct policy_ima *rule = &j->policy->policy->ima;
    bool ours = r->code == REASON_IMA_UNKNOWN_FILE || r->code == REASON_IMA_FORBIDDEN ||
                r->code == REASON_IMA_REVOKED;
    if (r->code == REASON_IMA_RETIRED)
        return now->retired_enforced && rule->retired == POLICY_ENFORCE ? rule->effect
                                                                        : POLICY_WARN;
    return ours ? rule->effect : judge_effect_found(j, r);
}

static void
note_excluded(struct judge *j, const struct standing_rule *now)
{
    char text[96];
    struct reason r = judge_reason(REASON_IMA_EXCLUDED);
    r.log = REASON_LOG_IMA;
    r.pcr = (int32_t)IMA_PCR;
    r.bound = true;
    (void)snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu64 " files, %zu directories",
                   now->n_excluded, now->n_excluded + now->n_judged,
                   j->policy->policy->ima.excluded.n);
    reason_set_what(&r, j->policy->info->id);
    reason_set_found(&r, text);
    judge_note(j, &r);
}

/* On every bound line, of which one counts. */
static bool
is_given(const struct judge *j, const char *argument)
{
    bool counts = false;
    for (size_t i = 0; i < j->proven->n_lines; i++) {
        if (!argument_counts(j->proven->lines[i].text, argument))
            return false;
        counts = counts || judge_line_counts(j, &j->proven->lines[i]);
    }
    return counts;
}

/* Arguments that make the kernel measure. */
static void
judge_arguments(struct judge *j)
{
    const struct policy_ima *rule = &j->policy->policy->ima;
    char *const *arguments = rule->arguments.items;
    for (size_t i = 0; i < rule->arguments.n; i++) {
        if (is_given(j, arguments[i]))
            continue;
        struct reason r = judge_reason(REASON_IMA_ARGUMENT);
        reason_set_what(&r, "command line");
        reason_set_expected(&r, arguments[i]);
        if (j->proven->n_lines > 0)
            reason_set_found(&r, j->proven->lines[0].text);
        r.bound = j->proven->n_lines > 0;
        judge_blame(j, &r, rule->effect);
    }
}

static void
tell(struct judge *j, const struct standing_rule *now)
{
    enum policy_effect effect = j->policy->policy->ima.effect;
    for (size_t i = 0; i < now->reasons.n_items; i++) {
        const struct reason *r = &now->reasons.items[i];
        judge_blame(j, r, effect_of(j, now, r));
    }
    if (now->n_unknown > NAMED_MAX) {
        char text[64];
        (void)snprintf(text, sizeof text, "%" PRIu64 " unknown files, %u named", now->n_unknown,
                       NAMED_MAX);
        blame_list(j, REASON_IMA_UNKNOWN_FILE, effect, text);
    }
    if (now->n_judged == 0 && !is_anchoring_blamed(j))
        blame_list(j, REASON_IMA_EMPTY, effect, "");
    if (j->policy->policy->ima.policies.n > 0 && !now->policy_measured)
        blame_list(j, REASON_IMA_POLICY, effect, "");
    if (now->n_excluded > 0)
        note_excluded(j, now);
}

enum status
ima_judge(struct judge *j)
{
    judge_arguments(j);
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
    size_t set = 0;
    for (size_t i = 0; i < replay_n_ima(replay); i++) {
        expect_entry(&j->policy->ima, set, replay_ima_at(replay, i + FILE_SET_AHEAD));
        enum status s = judge_entry(j, now, &set, replay_ima_at(replay, i));
        if (s != STATUS_OK)
            return s;
    }
    tell(j, now);
    return now->reasons.failed ? STATUS_NOMEM : STATUS_OK;
}
