/* SPDX-License-Identifier: Apache-2.0 */
/* from: a view of a boot log; to: the JSON document of schema/inspect-log.schema.json; never:
 * leaves a member out. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/inspect.h"
#include "evidence/reason_emit.h"

static void
emit_banks(struct emit *e, const struct eventlog *log)
{
    char name[REPORT_BANK_SIZE];
    emit_key(e, "banks");
    emit_array(e);
    for (size_t bank = 0; log && bank < log->n_banks; bank++)
        emit_text(e, report_bank(log->banks[bank], name));
    emit_end_array(e);
}

static void
emit_bank_pcrs(struct emit *e, const struct inspect_log_view *v, size_t bank)
{
    char name[REPORT_BANK_SIZE];
    emit_key(e, report_bank(v->log->banks[bank], name));
    emit_object(e);
    for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        const struct digest *value = inspect_log_view_pcr(v, bank, pcr);
        if (!value)
            continue;
        emit_uint_key(e, pcr);
        emit_hex(e, digest_bytes(value));
    }
    emit_end_object(e);
}

static bool
has_pcrs(const struct inspect_log_view *v, size_t bank)
{
    for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        if (inspect_log_view_pcr(v, bank, pcr))
            return true;
    }
    return false;
}

static void
emit_pcrs(struct emit *e, const struct inspect_log_view *v)
{
    emit_key(e, "pcrs");
    emit_object(e);
    for (size_t bank = 0; v->log && bank < v->log->n_banks; bank++) {
        if (has_pcrs(v, bank))
            emit_bank_pcrs(e, v, bank);
    }
    emit_end_object(e);
}

static void
emit_digests(struct emit *e, const struct eventlog *log, const struct event *event)
{
    char name[REPORT_BANK_SIZE];
    emit_key(e, "digests");
    emit_object(e);
    for (size_t bank = 0; bank < log->n_banks; bank++) {
        if (event->digest[bank].size > 0)
            emit_hex_member(e, report_bank(log->banks[bank], name), event->digest[bank]);
    }
    emit_end_object(e);
}

static void
emit_value(struct emit *e, const struct event_fields *f, const struct event_field *field)
{
    switch (field->kind) {
    case EVENT_FIELD_TEXT:
        emit_utf8(e, event_field_value(f, field));
        break;
    case EVENT_FIELD_HEX:
        emit_hex(e, event_field_value(f, field));
        break;
    case EVENT_FIELD_UINT:
        emit_uint(e, field->number);
        break;
    case EVENT_FIELD_BOOL:
        emit_bool(e, field->number != 0);
        break;
    }
}

/* "name": {"value": ..., "bound": ...}; a list's value is an array. */
static void
emit_fields(struct emit *e, const struct event_fields *f)
{
    emit_key(e, "fields");
    emit_object(e);
    for (size_t i = 0; i < f->n_items; i++) {
        const struct event_field *field = &f->items[i];
        emit_key(e, field->name);
        emit_object(e);
        emit_key(e, "value");
        if (field->many)
            emit_array(e);
        emit_value(e, f, field);
        while (field->many && i + 1 < f->n_items && text_equal(f->items[i + 1].name, field->name))
            emit_value(e, f, &f->items[++i]);
        if (field->many)
            emit_end_array(e);
        emit_bool_member(e, "bound", field->bound);
        emit_end_object(e);
    }
    emit_end_object(e);
}

static void
emit_event_reasons(struct emit *e, const struct reasons *reasons, uint32_t number)
{
    emit_key(e, "reasons");
    emit_array(e);
    for (size_t i = 0; i < reasons->n_items; i++) {
        const struct reason *r = &reasons->items[i];
        if (r->event == (int64_t)number && reason_code_kind(r->code) != REASON_KIND_FACT)
            emit_text(e, reason_code_name(r->code));
    }
    emit_end_array(e);
}

static enum status
emit_event(struct emit *e, struct inspect_log_view *v, size_t i, struct event_fields *fields)
{
    char type[REPORT_BANK_SIZE];
    const struct event *event = &v->log->events[i];
    const struct event_meaning *m = &v->inspect->events[i].meaning;
    enum status s = event_fields_read(v->h, event, m, fields);
    if (s != STATUS_OK)
        return s;
    emit_object(e);
    emit_uint_member(e, "number", event->number);
    emit_uint_member(e, "pcr", event->pcr);
    emit_text_member(e, "type", inspect_log_view_type(event->type, type));
    emit_text_member(e, "kind", event_kind_name(m->kind));
    emit_digests(e, v->log, event);
    emit_bool_member(e, "bound", m->bound);
    emit_bool_member(e, "weak", m->weak);
    emit_fields(e, fields);
    emit_key(e, "quirks");
    emit_array(e);
    if (m->quirk != EVENT_QUIRK_NONE)
        emit_text(e, event_quirk_name(m->quirk));
    emit_end_array(e);
    emit_event_reasons(e, &v->reasons, event->number);
    emit_end_object(e);
    return STATUS_OK;
}

static enum status
emit_events(struct emit *e, struct inspect_log_view *v)
{
    CLEANUP(event_fields_free) struct event_fields fields = {0};
    enum status s = STATUS_OK;
    emit_key(e, "events");
    emit_array(e);
    for (size_t i = 0; s == STATUS_OK && v->log && i < v->log->n_events; i++)
        s = emit_event(e, v, i, &fields);
    emit_end_array(e);
    return s;
}

/* Members that a log which could not be read has as null. */
static void
emit_head(struct emit *e, const struct inspect_log_view *v)
{
    int secure_boot = v->log ? v->inspect->secure_boot : -1;
    emit_text_member(e, "format", inspect_log_view_format(v));
    emit_text_member(e, "profile", inspect_log_view_profile(v));
    emit_banks(e, v->log);
    emit_key(e, "event_count");
    if (v->log)
        emit_uint(e, v->log->n_events);
    else
        emit_null(e);
    emit_key(e, "startup_locality");
    if (v->log)
        emit_uint(e, eventlog_locality(v->log));
    else
        emit_null(e);
    emit_key(e, "secure_boot");
    if (secure_boot < 0)
        emit_null(e);
    else
        emit_bool(e, secure_boot > 0);
}

enum status
inspect_log_emit(struct inspect_log_view *v, struct buffer *out)
{
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_head(&e, v);
    emit_pcrs(&e, v);
    enum status s = emit_events(&e, v);
    if (s != STATUS_OK)
        return s;
    report_emit(&e, &v->reasons);
    emit_end_object(&e);
    return emit_check(&e);
}
