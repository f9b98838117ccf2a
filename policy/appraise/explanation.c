/* SPDX-License-Identifier: Apache-2.0 */
/* from: a round, and the last good one before it; to: what changed, and what can be done; never:
 * reads an event that no quote proves. */
#include "appraise/explanation.h"

#include "appraise/explanation_command.h"
#include "appraise/explanation_diff.h"
#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"
#include "evidence/reason_emit.h"

/* ---- reasons ---- */

static void
emit_reason(struct emit *e, const struct explanation_side *now,
            const struct appraisal_perspective *p, const struct reason *r)
{
    const char *device = stored_round_inputs(now->round)->subject.device_id;
    char command[EXPLANATION_COMMAND_SIZE];
    emit_object(e);
    emit_text_member(e, "perspective", p->name);
    emit_key(e, "reason");
    reason_emit(e, r);
    explanation_accept(now->appraisal, p, device, r, command);
    emit_text_member(e, "accept", command);
    explanation_act(device, r, command);
    emit_text_member(e, "act", command);
    emit_end_object(e);
}

static void
emit_reasons(struct emit *e, const struct explanation_side *now)
{
    emit_key(e, "reasons");
    emit_array(e);
    for (size_t i = 0; i < appraisal_n_perspectives(now->appraisal); i++) {
        const struct appraisal_perspective *p = appraisal_perspective(now->appraisal, i);
        for (size_t k = 0; k < p->reasons.n_items; k++)
            emit_reason(e, now, p, &p->reasons.items[k]);
    }
    emit_end_array(e);
}

/* ---- one sentence ---- */

static void
append_verdict(struct buffer *out, const struct explanation_side *now)
{
    size_t n = 0;
    const struct reason *first = NULL;
    for (size_t i = 0; i < appraisal_n_perspectives(now->appraisal); i++) {
        const struct appraisal_perspective *p = appraisal_perspective(now->appraisal, i);
        n += p->reasons.n_items;
        if (!first && p->reasons.n_items > 0)
            first = &p->reasons.items[0];
    }
    buffer_append_format(out, "The verdict is %s", verdict_name(appraisal_verdict(now->appraisal)));
    if (first)
        buffer_append_format(out, " for %zu reason%s, the first being that %s", n,
                             n == 1 ? "" : "s", reason_code_sentence(first->code));
    if (first && first->what[0] != '\0')
        buffer_append_format(out, " (%s)", first->what);
    buffer_append_text(out, ".");
}

/* An update that did not boot, and the other slot that did, are one story. */
static void
append_history(struct buffer *out, const struct reasons *facts)
{
    const struct reason *back = reasons_find(facts, REASON_BOOT_WENT_BACK);
    const struct reason *unseen = reasons_find(facts, REASON_LEDGER_BOOTS_UNSEEN);
    if (back && unseen)
        buffer_append_format(out,
                             " It went back from generation %s to %s, and %s boots in between were "
                             "not seen here: as when an update does not come up and the other "
                             "slot is taken.",
                             back->expected, back->found, unseen->found);
    else if (back)
        buffer_append_format(out, " It went back from generation %s to %s.", back->expected,
                             back->found);
    else if (unseen)
        buffer_append_format(out, " %s boots before this one were not seen here.", unseen->found);
}

static void
append_changes(struct buffer *out, const struct explanation_diff *diff, bool compared)
{
    if (!compared) {
        buffer_append_text(out, " There is no earlier good boot to compare it with.");
        return;
    }
    if (diff->n_items == 0) {
        buffer_append_text(out, " Its boot measured what the last good one did.");
        return;
    }
    buffer_append_format(out, " Against its last good boot %zu event%s differ%s:", diff->n_items,
                         diff->n_items == 1 ? "" : "s", diff->n_items == 1 ? "s" : "");
    for (size_t i = 0; i < diff->n_items && i < 4; i++)
        buffer_append_format(out, "%s %s %s", i > 0 ? "," : "", diff->items[i].component,
                             explanation_change_name(diff->items[i].change));
    buffer_append_text(out, diff->n_items > 4 ? " and more." : ".");
}

/* ---- changes ---- */

static void
emit_digest(struct emit *e, const char *name, const struct digest *d)
{
    emit_key(e, name);
    if (!d || d->size == 0)
        emit_null(e);
    else
        emit_hex(e, digest_bytes(d));
}

static void
emit_change(struct emit *e, const struct explanation_item *item)
{
    emit_object(e);
    emit_text_member(e, "change", explanation_change_name(item->change));
    emit_text_member(e, "component", item->component);
    emit_uint_member(e, "pcr", item->pcr);
    emit_text_member(e, "log", reason_log_name(item->log));
    emit_uint_member(e, "event", item->event);
    emit_text_member(e, "algorithm", alg_name(item->alg));
    emit_digest(e, "was", item->was);
    emit_digest(e, "is", item->is);
    emit_end_object(e);
}

static void
emit_good(struct emit *e, const struct explanation_side *good)
{
    emit_key(e, "last_good");
    if (!good) {
        emit_null(e);
        return;
    }
    emit_object(e);
    emit_text_member(e, "attestation", good->attestation);
    emit_time_member(e, "time", stored_round_inputs(good->round)->now_s);
    emit_end_object(e);
}

enum status
explanation_encode(const struct explanation_side *now, const struct explanation_side *good,
                   struct buffer *out)
{
    CLEANUP(explanation_diff_clear) struct explanation_diff diff = {0};
    CLEANUP(buffer_free) struct buffer sentence = {0};
    const struct reasons *facts = appraisal_facts(now->appraisal);
    enum status s = good ? explanation_diff_make(now, good, &diff) : STATUS_OK;
    if (s != STATUS_OK)
        return s;
    append_verdict(&sentence, now);
    append_history(&sentence, facts);
    append_changes(&sentence, &diff, good != NULL);
    const char *text = buffer_text(&sentence);
    if (!text)
        return STATUS_NOMEM;
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_text_member(&e, "attestation", now->attestation);
    emit_text_member(&e, "device", stored_round_inputs(now->round)->subject.device_id);
    emit_time_member(&e, "time", stored_round_inputs(now->round)->now_s);
    emit_text_member(&e, "verdict", verdict_name(appraisal_verdict(now->appraisal)));
    emit_text_member(&e, "summary", text);
    emit_good(&e, good);
    emit_key(&e, "changes");
    emit_array(&e);
    for (size_t i = 0; i < diff.n_items; i++)
        emit_change(&e, &diff.items[i]);
    emit_end_array(&e);
    emit_reasons(&e, now);
    emit_key(&e, "facts");
    reasons_emit(&e, facts, REASON_KIND_FACT);
    emit_end_object(&e);
    return emit_check(&e);
}
