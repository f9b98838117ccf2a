/* SPDX-License-Identifier: Apache-2.0 */
/* from: a view of a boot log; to: a report for people, what is wrong first; never: lets a claim
 * look like a proof. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/inspect.h"

#define ITEMS_SHOWN   8u  /* of one list */
#define NARROW_DIGEST 16u /* hex digits of a digest in the list of events */

static void
append_head(const struct inspect_log_view *v, struct buffer *out)
{
    char name[REPORT_BANK_SIZE];
    static const char *const secure[] = {"not known", "off", "on"};
    const char *profile = inspect_log_view_profile(v);
    buffer_append_format(out, "%s boot log, %zu events\n", inspect_log_view_format(v),
                         v->log->n_events);
    buffer_append_text(out, "  banks             ");
    for (size_t bank = 0; bank < v->log->n_banks; bank++)
        buffer_append_format(out, " %s", report_bank(v->log->banks[bank], name));
    buffer_append_format(out, "\n  looks like         %s\n",
                         profile ? profile : "no known platform");
    buffer_append_format(out, "  startup locality   %d%s\n", eventlog_locality(v->log),
                         v->log->hcrtm ? " (H-CRTM)" : "");
    buffer_append_format(out, "  Secure Boot        %s\n", secure[v->inspect->secure_boot + 1]);
    buffer_append_text(out, "  Nothing of this is proven without a quote: attestctl verify quote "
                            "--log.\n");
}

static void
append_pcrs(const struct inspect_log_view *v, struct buffer *out)
{
    char name[REPORT_BANK_SIZE];
    const char *what = v->log->format == EVENTLOG_CCEL ? "registers" : "PCRs";
    for (size_t bank = 0; bank < v->log->n_banks; bank++) {
        uint16_t alg = v->log->banks[bank];
        buffer_append_format(out, "%s %s%s\n", what, report_bank(alg, name),
                             v->inspect->pcrs.pcr[bank][0].size > 0
                                 ? ""
                                 : ": not computed, the algorithm is not known here");
        for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            const struct digest *value = inspect_log_view_pcr(v, bank, pcr);
            if (!value)
                continue;
            buffer_append_format(out, "  %2u  ", pcr);
            text_append_hex(out, digest_bytes(value));
            buffer_append_text(out, "\n");
        }
    }
}

static const char *
cover_of(const struct event *e, const struct event_meaning *m)
{
    if (!eventlog_is_extend(e))
        return "-";
    if (m->weak)
        return "sha1 only";
    return m->bound ? "bound" : "claimed";
}

/* The digest that says most: of the last bank that has one. */
static void
append_digest(const struct eventlog *log, const struct event *e, struct buffer *out)
{
    char hex[NARROW_DIGEST + 1];
    for (size_t bank = log->n_banks; bank > 0; bank--) {
        if (e->digest[bank - 1].size == 0)
            continue;
        buffer_append_text(
            out, text_hex(bytes_slice(e->digest[bank - 1], 0, NARROW_DIGEST / 2), hex, sizeof hex));
        buffer_append_text(out, "...");
        return;
    }
    buffer_append_format(out, "%*s", (int)NARROW_DIGEST + 3, "");
}

/* What a list holds, a line each; of a long one the first. */
static void
append_items(const struct event_fields *f, struct buffer *out)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_items; i++) {
        const struct event_field *field = &f->items[i];
        bool same = i > 0 && text_equal(field->name, f->items[i - 1].name);
        n = same ? n + 1 : 0;
        if (!field->many || n > ITEMS_SHOWN)
            continue;
        if (n == ITEMS_SHOWN) {
            buffer_append_format(out, "               %s ...\n", field->name);
            continue;
        }
        buffer_append_format(out, "               %s ", field->name);
        buffer_append(out, event_field_value(f, field));
        buffer_append_text(out, "\n");
    }
}

static void
append_event_reasons(const struct inspect_log_view *v, uint32_t number, struct buffer *out)
{
    for (size_t i = 0; i < v->reasons.n_items; i++) {
        const struct reason *r = &v->reasons.items[i];
        if (r->event != (int64_t)number || reason_code_kind(r->code) == REASON_KIND_FACT)
            continue;
        buffer_append_text(out, "             !! ");
        reason_append_text(r, out);
        buffer_append_text(out, "\n");
    }
}

static enum status
append_event(struct inspect_log_view *v, size_t i, struct event_fields *fields, struct buffer *out)
{
    char type[REPORT_BANK_SIZE];
    const struct event *e = &v->log->events[i];
    const struct event_meaning *m = &v->inspect->events[i].meaning;
    enum status s = event_fields_read(v->h, e, m, fields);
    if (s != STATUS_OK)
        return s;
    if (e->pcr < LIMIT_PCRS)
        buffer_append_format(out, "%5u  %2u  ", e->number, e->pcr);
    else
        buffer_append_format(out, "%5u   -  ", e->number);
    append_digest(v->log, e, out);
    buffer_append_format(out, "  %-9s  %s", cover_of(e, m), inspect_log_view_type(e->type, type));
    if (m->quirk != EVENT_QUIRK_NONE)
        buffer_append_format(out, " [%s]", event_quirk_name(m->quirk));
    buffer_append_text(out, "\n");
    if (fields->n_items > 0) {
        buffer_append_text(out, "             ");
        event_fields_append_text(fields, out);
        buffer_append_text(out, "\n");
        append_items(fields, out);
    }
    append_event_reasons(v, e->number, out);
    return STATUS_OK;
}

enum status
inspect_log_append(struct inspect_log_view *v, struct buffer *out)
{
    CLEANUP(event_fields_free) struct event_fields fields = {0};
    report_append(out, &v->reasons);
    if (!v->log)
        return buffer_check(out);
    append_head(v, out);
    append_pcrs(v, out);
    buffer_append_text(out, "events (number, PCR, digest, whether it covers the data, type)\n");
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < v->log->n_events; i++)
        s = append_event(v, i, &fields, out);
    return s == STATUS_OK ? buffer_check(out) : s;
}
