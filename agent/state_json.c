/* SPDX-License-Identifier: Apache-2.0 */
/* from: state; to: state.json and back; never: trusts the file with more than what to send again.
 */
#include "agent/field_json.h"
#include "agent/state.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

#define CLAUSE  "state.json"
#define VERSION 1u

static bool
put_enrollment(const struct state *s, json_t *out)
{
    return field_json_set_text(out, "device", s->device) &&
           field_json_set_text(out, "origin", s->origin) &&
           field_json_set_hex(out, "ak_name", bytes_of(s->ak_name, s->ak_name_size)) &&
           field_json_set_text(out, "state", s->enrolled) &&
           field_json_set_text(out, "genuine", s->genuine) &&
           field_json_set_text(out, "member_by", s->member_by) &&
           field_json_set_u64(out, "time", (uint64_t)s->enrolled_s);
}

static bool
put_held(const struct state *s, json_t *out)
{
    return field_json_set_text(out, "boot_id", s->boot_id) &&
           field_json_set_u64(out, "reset_count", s->reset_count) &&
           (!s->has_boot_log ||
            field_json_set_hex(out, "boot_log", bytes_of(s->boot_log, sizeof s->boot_log))) &&
           field_json_set_u64(out, "ima_entries", s->ima_entries) &&
           field_json_set_u64(out, "ima_size", s->ima_size);
}

static bool
put_round(const struct state_round *r, json_t *out)
{
    return field_json_set_u64(out, "started", (uint64_t)r->started_s) &&
           field_json_set_u64(out, "ended", (uint64_t)r->ended_s) &&
           field_json_set_text(out, "outcome", outcome_name(r->outcome.kind)) &&
           field_json_set_text(out, "code", r->outcome.code) &&
           field_json_set_text(out, "message", r->outcome.message) &&
           field_json_set_u64(out, "failures", r->n_failures) &&
           field_json_set_u64(out, "next", (uint64_t)r->next_s);
}

static bool
put_verdict(const struct state *s, json_t *root)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    if (!s->verdict)
        return true;
    if (reply_verdict_encode(s->verdict, &text) != STATUS_OK)
        return false;
    json_t *value = json_loadb((const char *)text.data, text.size, 0, NULL);
    return json_object_set_new(root, "verdict", value) == 0 &&
           field_json_set_u64(root, "verdict_time", (uint64_t)s->verdict_s);
}

enum status
state_encode(const struct state *s, struct buffer *out)
{
    json_auto_t *root = json_object();
    json_auto_t *enrollment = json_object();
    json_auto_t *held = json_object();
    json_auto_t *round = json_object();
    if (!field_json_set_u64(root, "version", VERSION) || !put_enrollment(s, enrollment) ||
        json_object_set(root, "enrollment", enrollment) != 0 || !put_held(s, held) ||
        json_object_set(root, "held", held) != 0 || !put_round(&s->round, round) ||
        json_object_set(root, "round", round) != 0 || !put_verdict(s, root))
        return STATUS_NOMEM;
    return field_json_dump(root, true, out);
}

static int64_t
take_time(const json_t *object, const char *key)
{
    uint64_t value = 0;
    (void)field_json_u64(object, key, &value);
    return (int64_t)value;
}

static void
take_enrollment(const json_t *in, struct state *out)
{
    CLEANUP(buffer_free) struct buffer name = {0};
    const char *hex = json_string_value(json_object_get(in, "ak_name"));
    (void)field_json_text(in, "device", out->device, sizeof out->device);
    (void)field_json_text(in, "origin", out->origin, sizeof out->origin);
    (void)field_json_text(in, "state", out->enrolled, sizeof out->enrolled);
    (void)field_json_text(in, "genuine", out->genuine, sizeof out->genuine);
    (void)field_json_text(in, "member_by", out->member_by, sizeof out->member_by);
    out->enrolled_s = take_time(in, "time");
    if (hex && text_parse_hex(hex, &name) == STATUS_OK && name.size > 0 &&
        name.size <= sizeof out->ak_name) {
        memcpy(out->ak_name, name.data, name.size);
        out->ak_name_size = name.size;
    }
}

static void
take_held(const json_t *in, struct state *out)
{
    (void)field_json_text(in, "boot_id", out->boot_id, sizeof out->boot_id);
    (void)field_json_u64(in, "reset_count", &out->reset_count);
    out->has_boot_log = field_json_hex(in, "boot_log", out->boot_log, sizeof out->boot_log);
    (void)field_json_u64(in, "ima_entries", &out->ima_entries);
    (void)field_json_u64(in, "ima_size", &out->ima_size);
}

static void
take_round(const json_t *in, struct state_round *out)
{
    char name[REPLY_WORD_SIZE];
    out->started_s = take_time(in, "started");
    out->ended_s = take_time(in, "ended");
    (void)field_json_text(in, "outcome", name, sizeof name);
    out->outcome.kind = outcome_parse(name);
    (void)field_json_text(in, "code", out->outcome.code, sizeof out->outcome.code);
    (void)field_json_text(in, "message", out->outcome.message, sizeof out->outcome.message);
    (void)field_json_u64(in, "failures", &out->n_failures);
    out->next_s = take_time(in, "next");
}

static enum status
take_verdict(const json_t *root, struct state *out, struct diag *diag)
{
    const json_t *value = json_object_get(root, "verdict");
    CLEANUP(buffer_free) struct buffer text = {0};
    if (!value)
        return STATUS_OK;
    out->verdict = calloc(1, sizeof *out->verdict);
    if (!out->verdict || field_json_dump(value, false, &text) != STATUS_OK)
        return STATUS_NOMEM;
    out->verdict_s = take_time(root, "verdict_time");
    return reply_verdict_parse(buffer_bytes(&text), out->verdict, diag);
}

enum status
state_parse(struct bytes in, struct state *out, struct diag *diag)
{
    *out = (struct state){0};
    json_auto_t *root = NULL;
    enum status s = field_json_load(in, &root, diag);
    if (s != STATUS_OK)
        return s;
    uint64_t version = 0;
    if (!field_json_u64(root, "version", &version) || version != VERSION)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "not of version %u", VERSION);
    take_enrollment(json_object_get(root, "enrollment"), out);
    if (out->device[0] != '\0' && !enrollment_is_device_id(out->device))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "the device is none");
    take_held(json_object_get(root, "held"), out);
    take_round(json_object_get(root, "round"), &out->round);
    return take_verdict(root, out, diag);
}
