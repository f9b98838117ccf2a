/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/field_json.h"
#include "agent/report.h"
#include "base/cleanup.h"
#include "base/text.h"

/* null for a time that is none. */
static json_t *
make_time(int64_t time_s)
{
    char text[TEXT_TIME_SIZE];
    return time_s == 0 ? json_null() : json_string(text_time(time_s, text, sizeof text));
}

static json_t *
make_verdict(const struct reply_verdict *v)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    if (!v)
        return json_null();
    if (reply_verdict_encode(v, &text) != STATUS_OK)
        return NULL;
    return json_loadb((const char *)text.data, text.size, 0, NULL);
}

enum status
report_status_json(const struct state *s, int64_t now_s, struct buffer *out)
{
    const struct state_round *r = &s->round;
    json_auto_t *root = json_pack(
        "{s:s*, s:{s:s, s:s, s:s, s:s, s:o}, s:{s:s, s:s, s:s, s:o, s:o, s:I}, s:o, s:o, s:o, s:i}",
        "device", s->device[0] != '\0' ? s->device : NULL, "enrollment", "state", s->enrolled,
        "genuine", s->genuine, "member_by", s->member_by, "verifier", s->origin, "time",
        make_time(s->enrolled_s), "round", "outcome", outcome_name(r->outcome.kind), "code",
        r->outcome.code, "message", r->outcome.message, "started", make_time(r->started_s), "ended",
        make_time(r->ended_s), "failures", (json_int_t)r->n_failures, "verdict",
        make_verdict(s->verdict), "verdict_time", make_time(s->verdict_s), "next",
        make_time(r->next_s), "exit_code", report_exit_code(s, now_s));
    return root ? field_json_dump(root, true, out) : STATUS_NOMEM;
}

static bool
put_eks(const struct report_identity *i, json_t *list)
{
    bool put = true;
    for (size_t n = 0; put && n < i->eks->n_items; n++) {
        const struct ek_list_item *e = &i->eks->items[n];
        json_t *item = json_object();
        put = json_array_append_new(list, item) == 0 &&
              field_json_set_text(item, "template", tpm_ek_template(e->which)->name) &&
              field_json_set_text(item, "algorithm", tpm_ek_template(e->which)->algorithm) &&
              field_json_set_hex(item, "sha256", bytes_of(i->ek_sha256[n], DIGEST_SHA256_SIZE)) &&
              field_json_set_bool(item, "certificate", e->certificate.size > 0) &&
              field_json_set_bool(item, "certificate_differs", e->certificate_differs);
    }
    return put;
}

enum status
report_identity_json(const struct report_identity *i, struct buffer *out)
{
    json_t *eks = json_array();
    json_auto_t *root = json_pack("{s:s, s:o}", "device", i->device_id, "ek", eks);
    if (!root || !put_eks(i, eks) ||
        !field_json_set_hex(root, "ek_sha256", bytes_of(i->ek_sha256[0], DIGEST_SHA256_SIZE)) ||
        !field_json_set_base64url(root, "ueid", bytes_of(i->ueid, sizeof i->ueid)) ||
        !field_json_set_hex(root, "ak_name", i->ak_name))
        return STATUS_NOMEM;
    return field_json_dump(root, true, out);
}
