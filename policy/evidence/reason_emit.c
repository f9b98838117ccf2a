/* SPDX-License-Identifier: Apache-2.0 */
/* from: struct reason; to: JSON text; never: decides anything. */
#include "evidence/reason_emit.h"

#include "base/alg.h"

static const char *
text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void
emit_place(struct emit *e, const char *name, int64_t place)
{
    emit_key(e, name);
    if (place < 0)
        emit_null(e);
    else
        emit_int(e, place);
}

void
reason_emit(struct emit *e, const struct reason *r)
{
    emit_object(e);
    emit_text_member(e, "code", reason_code_name(r->code));
    emit_text_member(e, "log", r->log == REASON_LOG_NONE ? NULL : reason_log_name(r->log));
    emit_place(e, "pcr", r->pcr);
    emit_place(e, "event", r->event);
    emit_text_member(e, "bank", r->bank == 0 ? NULL : alg_name(r->bank));
    emit_bool_member(e, "bound", r->bound);
    emit_text_member(e, "what", text_or_null(r->what));
    emit_text_member(e, "expected", text_or_null(r->expected));
    emit_text_member(e, "found", text_or_null(r->found));
    emit_text_member(e, "sentence", reason_code_sentence(r->code));
    emit_end_object(e);
}

void
reasons_emit(struct emit *e, const struct reasons *list, enum reason_kind kind)
{
    emit_array(e);
    for (size_t i = 0; i < list->n_items; i++) {
        if (reason_code_kind(list->items[i].code) == kind)
            reason_emit(e, &list->items[i]);
    }
    emit_end_array(e);
}

static void
emit_set(struct emit *e, const char *name, const char *text)
{
    if (text[0] != '\0')
        emit_text_member(e, name, text);
}

static void
emit_short(struct emit *e, const struct reason *r)
{
    emit_object(e);
    emit_text_member(e, "code", reason_code_name(r->code));
    if (r->log != REASON_LOG_NONE)
        emit_text_member(e, "log", reason_log_name(r->log));
    if (r->pcr >= 0)
        emit_int_member(e, "pcr", r->pcr);
    if (r->event >= 0)
        emit_int_member(e, "event", r->event);
    emit_set(e, "what", r->what);
    emit_set(e, "expected", r->expected);
    emit_set(e, "found", r->found);
    emit_end_object(e);
}

void
reasons_emit_short(struct emit *e, const struct reasons *list, enum reason_kind kind)
{
    emit_array(e);
    for (size_t i = 0; i < list->n_items; i++) {
        if (reason_code_kind(list->items[i].code) == kind)
            emit_short(e, &list->items[i]);
    }
    emit_end_array(e);
}
