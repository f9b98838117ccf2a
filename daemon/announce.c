/* SPDX-License-Identifier: Apache-2.0 */
/* from: a device's row and what its round brought; to: what explains its next boot, or why not;
 * never: changes the verdict of the round that brings it. */
#include "daemon/announce.h"

#include "base/log.h"
#include "base/text.h"
#include "evidence/reason_emit.h"

enum status
announce_load(struct announce *a, const struct store_device *device)
{
    struct diag diag = {0};
    *a = (struct announce){0};
    if (!device->announcement_json)
        return STATUS_OK;
    enum status s = announcement_parse(bytes_of_text(device->announcement_json), &a->arena,
                                       &a->announcement, &diag);
    if (s == STATUS_NOMEM)
        return s;
    a->held = s == STATUS_OK && text_equal(a->announcement.device_id, device->id);
    if (!a->held)
        log_line(LOG_LEVEL_ERROR, "store: the announcement of %s cannot be read: %s", device->id,
                 diag.text);
    return STATUS_OK;
}

static enum status
keep(struct announce *a, const struct announcement *announcement)
{
    struct emit e = emit_of(&a->kept);
    announcement_emit(&e, announcement);
    enum status s = emit_check(&e);
    return s == STATUS_OK && !buffer_text(&a->kept) ? STATUS_NOMEM : s;
}

static enum status
judge_offer(struct announce *a, const struct announce_round *round, struct announcement *offered)
{
    struct diag diag = {0};
    enum status s = announcement_parse_sent(round->text, &a->arena, offered, &diag);
    if (s == STATUS_NOMEM)
        return s;
    if (s != STATUS_OK) {
        struct reason *r = reasons_add(&a->refusals, REASON_ANNOUNCE_MALFORMED);
        reason_set_found(r, diag.text);
        return a->refusals.failed ? STATUS_NOMEM : STATUS_OK;
    }
    offered->device_id = round->subject->device_id;
    offered->reset_count = round->reset_count + 1;
    offered->issued_s = round->issued_s;
    offered->expires_s = round->issued_s + announcement_life_s(round->documents, round->subject);
    const struct announcement_offer offer = {
        .documents = round->documents,
        .subject = round->subject,
        .announcement = offered,
        .held = a->held ? &a->announcement : NULL,
        .verdict = round->verdict,
        .reset_count = round->newest,
    };
    announcement_check(&offer, round->now_s, &a->refusals);
    return a->refusals.failed ? STATUS_NOMEM : STATUS_OK;
}

enum status
announce_judge(struct announce *a, const struct announce_round *round)
{
    struct announcement offered = {0};
    a->offered = round->sent;
    if (round->sent) {
        enum status s = judge_offer(a, round, &offered);
        if (s != STATUS_OK)
            return s;
        a->accepted = a->refusals.n_items == 0;
        a->expires_s = offered.expires_s;
    }
    if (a->accepted)
        return keep(a, &offered);
    /* Of a boot that is over nothing is explained any more. */
    if (a->held && a->announcement.reset_count >= round->reset_count)
        return keep(a, &a->announcement);
    return STATUS_OK;
}

void
announce_emit(struct emit *e, const struct announce *a)
{
    if (!a->offered) {
        emit_null(e);
        return;
    }
    emit_object(e);
    emit_bool_member(e, "accepted", a->accepted);
    if (a->accepted)
        emit_time_member(e, "expires", a->expires_s);
    emit_key(e, "reasons");
    reasons_emit(e, &a->refusals, REASON_KIND_ATTEMPT);
    emit_end_object(e);
}

void
announce_clear(struct announce *a)
{
    arena_free(&a->arena);
    reasons_free(&a->refusals);
    buffer_free(&a->kept);
    *a = (struct announce){0};
}
