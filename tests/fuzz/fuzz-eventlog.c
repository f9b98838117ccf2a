/* SPDX-License-Identifier: Apache-2.0 */
/* A boot log is refused with one reason, or every view of it lies inside it, its events decode, and
 * what is said to be bound has the digest. max_len: 16384 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/event_fields.h"
#include "evidence/inspect.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static struct hasher *hasher;

static void
check_inside(struct bytes in, struct bytes view)
{
    assert(view.size == 0 || (view.data >= in.data && view.data + view.size <= in.data + in.size));
}

static void
check_views(struct bytes in, const struct eventlog *log)
{
    assert(log->size <= in.size && log->n_events > 0 && log->n_banks > 0);
    for (size_t i = 0; i < log->n_events; i++) {
        const struct event *e = &log->events[i];
        assert(e->number == i && e->offset < log->size);
        assert(e->pcr < LIMIT_PCRS || e->type == EVENT_NO_ACTION);
        check_inside(in, e->data);
        for (size_t bank = 0; bank < log->n_banks; bank++)
            check_inside(in, e->digest[bank]);
    }
}

static void
check_meaning(struct bytes in, const struct event_meaning *m)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    enum status s = event_text(m, &text);
    assert(s == STATUS_OK && text_is_printable(buffer_bytes(&text)));
    if (m->kind != EVENT_KIND_STRUCTURAL)
        check_inside(in, m->text);
    check_inside(in, m->variable.value);
    assert(m->quirk < EVENT_QUIRK_COUNT && m->kind < EVENT_KIND_COUNT);
    assert(m->kind != EVENT_KIND_STRUCTURAL || m->bound);
}

/* For people: what is shown of an event as bound is of an event whose digest covers something. */
static void
check_fields(const struct eventlog *log, const struct replay_event *e, size_t k)
{
    struct event_fields fields = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    enum status s = event_fields_read(hasher, &log->events[k], &e->meaning, &fields);
    assert(s == STATUS_OK && fields.n_items <= EVENT_FIELDS_MAX);
    for (size_t i = 0; i < fields.n_items; i++) {
        const struct event_field *f = &fields.items[i];
        assert(f->offset + f->size <= fields.values.size);
        if (f->kind == EVENT_FIELD_TEXT)
            assert(text_is_printable(event_field_value(&fields, f)));
    }
    event_fields_append_text(&fields, &text);
    assert(text_is_printable(buffer_bytes(&text)));
    event_fields_free(&fields);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!hasher && hasher_new(&hasher) != STATUS_OK)
        return 0;
    struct bytes in = bytes_of(data, size);
    struct reasons reasons = {0};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    enum status s = eventlog_parse(in, &log, &reasons);
    assert(s == STATUS_OK && reasons.n_items == (log ? 0u : 1u));
    if (log) {
        check_views(in, log);
        CLEANUP(inspect_freep) struct inspect *i = NULL;
        s = inspect_new(hasher, log, &i, &reasons);
        assert(s == STATUS_OK);
        for (size_t k = 0; k < i->n_events; k++) {
            check_meaning(in, &i->events[k].meaning);
            check_fields(log, &i->events[k], k);
        }
    }
    reasons_free(&reasons);
    return 0;
}
