/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/report.h"

#include "base/text.h"

#include <string.h>

#define SHOWN_SIZE 400u

/* A text of the verifier's, escaped. */
static void
put_peer(struct buffer *out, const char *text)
{
    char shown[SHOWN_SIZE];
    buffer_append_text(out, text_escape(bytes_of_text(text), shown, sizeof shown));
}

static void
put_label(struct buffer *out, const char *label)
{
    buffer_append_format(out, "%-12s", label);
}

static void
put_time(struct buffer *out, int64_t time_s)
{
    char text[TEXT_TIME_SIZE];
    buffer_append_text(out, text_time(time_s, text, sizeof text));
}

static void
put_device(struct buffer *out, const struct state *s)
{
    put_label(out, "device");
    if (s->device[0] == '\0') {
        buffer_append_text(out, "no enrolment is remembered: attest-agent enroll\n");
        return;
    }
    buffer_append_format(out, "%s\n", s->device);
    put_label(out, "enrolment");
    put_peer(out, s->enrolled);
    buffer_append_text(out, ", genuine: ");
    put_peer(out, s->genuine);
    buffer_append_text(out, ", member by: ");
    put_peer(out, s->member_by);
    buffer_append_text(out, ", since ");
    put_time(out, s->enrolled_s);
    buffer_append_format(out, " at %s\n", s->origin);
}

static void
put_round(struct buffer *out, const struct state_round *r)
{
    put_label(out, "last round");
    if (r->ended_s == 0) {
        buffer_append_text(out, "never\n");
        return;
    }
    put_time(out, r->ended_s);
    buffer_append_text(out, " ");
    put_peer(out, r->outcome.message);
    buffer_append_text(out, "\n");
    if (r->n_failures > 1) {
        put_label(out, "");
        buffer_append_format(out, "%llu rounds without a verdict in a row\n",
                             (unsigned long long)r->n_failures);
    }
}

static void
put_reasons(struct buffer *out, const struct reply_perspective *p)
{
    for (size_t i = 0; i < p->n_reasons && i < REPLY_REASONS; i++) {
        put_label(out, "");
        buffer_append_text(out, "  ");
        put_peer(out, p->reasons[i].code);
        buffer_append_text(out, p->reasons[i].what[0] != '\0' ? " " : "");
        put_peer(out, p->reasons[i].what);
        buffer_append_text(out, ": ");
        put_peer(out, p->reasons[i].sentence);
        buffer_append_text(out, "\n");
    }
    if (p->n_reasons > REPLY_REASONS) {
        put_label(out, "");
        buffer_append_format(out, "  and %zu more\n", p->n_reasons - REPLY_REASONS);
    }
}

static void
put_verdict(struct buffer *out, const struct reply_verdict *v, int64_t verdict_s)
{
    put_label(out, "verdict");
    put_peer(out, v->verdict);
    buffer_append_text(out, " since ");
    put_time(out, verdict_s);
    buffer_append_text(out, ", expires ");
    put_peer(out, v->expires);
    buffer_append_text(out, ", attestation ");
    put_peer(out, v->attestation);
    buffer_append_text(out, "\n");
    for (size_t i = 0; i < v->n_perspectives; i++) {
        put_label(out, "");
        put_peer(out, v->perspectives[i].name);
        buffer_append_text(out, ": ");
        put_peer(out, v->perspectives[i].verdict);
        buffer_append_text(out, "\n");
        put_reasons(out, &v->perspectives[i]);
    }
    put_label(out, "unattested");
    if (v->unattested_ima == 0)
        buffer_append_text(out, "nothing: the quote covered every entry sent\n");
    else
        buffer_append_format(out, "%llu IMA entries, covered by the next quote\n",
                             (unsigned long long)v->unattested_ima);
}

static bool
is_expired(const struct state *s, int64_t now_s)
{
    int64_t expires_s = 0;
    return s->verdict && text_parse_time(s->verdict->expires, &expires_s) == STATUS_OK &&
           expires_s <= now_s;
}

enum status
report_status(const struct state *s, int64_t now_s, struct buffer *out)
{
    put_device(out, s);
    put_round(out, &s->round);
    if (s->verdict)
        put_verdict(out, s->verdict, s->verdict_s);
    if (is_expired(s, now_s)) {
        put_label(out, "");
        buffer_append_text(out, "this verdict has expired\n");
    }
    put_label(out, "next round");
    if (s->round.next_s == 0)
        buffer_append_text(out, "none planned: attest-agent run is not running\n");
    else
        put_time(out, s->round.next_s);
    if (s->round.next_s != 0)
        buffer_append_text(out, s->round.next_s < now_s ? " (overdue: is attest-agent running?)\n"
                                                        : "\n");
    return buffer_check(out);
}

int
report_exit_code(const struct state *s, int64_t now_s)
{
    enum outcome_kind kind = s->round.outcome.kind;
    if (kind == OUTCOME_NONE)
        return outcome_exit_code(OUTCOME_LATER);
    if (kind == OUTCOME_TRUSTED && is_expired(s, now_s))
        return outcome_exit_code(OUTCOME_NOT_TRUSTED);
    return outcome_exit_code(kind);
}

enum status
report_identity(const struct report_identity *i, struct buffer *out)
{
    put_label(out, "device");
    buffer_append_format(out, "%s\n", i->device_id);
    put_label(out, "ueid");
    text_append_base64url(out, bytes_of(i->ueid, sizeof i->ueid));
    buffer_append_text(out, "\n");
    for (size_t n = 0; n < i->eks->n_items; n++) {
        const struct ek_list_item *e = &i->eks->items[n];
        put_label(out, n == 0 ? "ek" : "other ek");
        text_append_hex(out, bytes_of(i->ek_sha256[n], DIGEST_SHA256_SIZE));
        const char *certificate = e->certificate.size > 0     ? "certificate in the TPM"
                                  : e->certificate_unreadable ? "certificate cannot be read"
                                                              : "no certificate";
        buffer_append_format(out, " %s, %s\n", tpm_ek_template(e->which)->name,
                             e->certificate_differs ? "certificate is for another key"
                                                    : certificate);
    }
    put_label(out, "ak");
    text_append_hex(out, i->ak_name);
    buffer_append_text(out, "\n");
    return buffer_check(out);
}
