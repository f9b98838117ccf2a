/* SPDX-License-Identifier: Apache-2.0 */
/* from: a body of the verifier; to: bounded values; never: keeps more than was asked for. */
#include "agent/field_json.h"
#include "agent/reply.h"
#include "base/text.h"

#include <string.h>

#define CLAUSE "verifier's answer"

static enum status
refuse(struct diag *diag, const char *what)
{
    return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "the %s is not as agreed; is it attestd?",
                    what);
}

void
reply_problem_parse(struct bytes body, struct reply_problem *out)
{
    *out = (struct reply_problem){0};
    json_auto_t *root = NULL;
    if (field_json_load(body, &root, NULL) != STATUS_OK)
        return;
    (void)field_json_text(root, "code", out->code, sizeof out->code);
    (void)field_json_text(root, "title", out->title, sizeof out->title);
    (void)field_json_text(root, "detail", out->detail, sizeof out->detail);
    if (!field_json_base64url(root, "challenge", &out->challenge) ||
        out->challenge.size > LIMIT_CHALLENGE)
        buffer_reset(&out->challenge);
}

void
reply_problem_free(struct reply_problem *p)
{
    buffer_free(&p->challenge);
}

enum status
reply_challenge_parse(struct bytes body, struct buffer *token, struct diag *diag)
{
    json_auto_t *root = NULL;
    enum status s = field_json_load(body, &root, diag);
    if (s != STATUS_OK)
        return s;
    if (!field_json_base64url(root, "challenge", token) || token->size == 0 ||
        token->size > LIMIT_CHALLENGE)
        return refuse(diag, "challenge");
    return STATUS_OK;
}

enum status
reply_enrollment_parse(struct bytes body, struct reply_enrollment *out, struct diag *diag)
{
    *out = (struct reply_enrollment){0};
    json_auto_t *root = NULL;
    enum status s = field_json_load(body, &root, diag);
    if (s != STATUS_OK)
        return s;
    const json_t *credential = json_object_get(root, "credential");
    if (!field_json_text(root, "enrollment", out->id, sizeof out->id) ||
        !field_json_base64url(root, "enrollment", &out->sealed) || out->sealed.size == 0 ||
        !field_json_text(root, "device", out->device, sizeof out->device) ||
        !enrollment_is_device_id(out->device) ||
        !field_json_base64url(credential, "blob", &out->blob) ||
        !field_json_base64url(credential, "secret", &out->seed))
        return refuse(diag, "enrolment");
    return STATUS_OK;
}

void
reply_enrollment_free(struct reply_enrollment *e)
{
    buffer_free(&e->sealed);
    buffer_free(&e->blob);
    buffer_free(&e->seed);
}

enum status
reply_activation_parse(struct bytes body, struct reply_activation *out, struct diag *diag)
{
    *out = (struct reply_activation){0};
    json_auto_t *root = NULL;
    enum status s = field_json_load(body, &root, diag);
    if (s != STATUS_OK)
        return s;
    (void)field_json_text(root, "genuine", out->genuine, sizeof out->genuine);
    (void)field_json_text(root, "member_by", out->member_by, sizeof out->member_by);
    (void)field_json_text(root, "activated", out->activated, sizeof out->activated);
    if (!field_json_text(root, "device", out->device, sizeof out->device) ||
        !enrollment_is_device_id(out->device) ||
        !field_json_text(root, "state", out->state, sizeof out->state))
        return refuse(diag, "activation");
    return STATUS_OK;
}

static void
take_reason(const json_t *item, struct reply_reason *r)
{
    (void)field_json_text(item, "code", r->code, sizeof r->code);
    (void)field_json_text(item, "what", r->what, sizeof r->what);
    (void)field_json_text(item, "sentence", r->sentence, sizeof r->sentence);
}

static void
take_reasons(const json_t *list, struct reply_perspective *out)
{
    out->n_reasons = json_array_size(list);
    for (size_t i = 0; i < out->n_reasons && i < REPLY_REASONS; i++)
        take_reason(json_array_get(list, i), &out->reasons[i]);
}

static void
take_announcement(const json_t *value, struct reply_verdict *out)
{
    out->announced = json_is_object(value);
    out->announcement_accepted = json_is_true(json_object_get(value, "accepted"));
    (void)field_json_text(value, "expires", out->announcement_expires,
                          sizeof out->announcement_expires);
    take_reason(json_array_get(json_object_get(value, "reasons"), 0), &out->announcement_reason);
}

static bool
take_perspectives(const json_t *list, struct reply_verdict *out)
{
    out->n_perspectives = json_array_size(list);
    if (out->n_perspectives > LIMIT_PERSPECTIVES)
        return false;
    for (size_t i = 0; i < out->n_perspectives; i++) {
        const json_t *item = json_array_get(list, i);
        struct reply_perspective *p = &out->perspectives[i];
        if (!field_json_text(item, "name", p->name, sizeof p->name) ||
            !field_json_text(item, "verdict", p->verdict, sizeof p->verdict))
            return false;
        take_reasons(json_object_get(item, "reasons"), p);
    }
    return true;
}

enum status
reply_verdict_parse(struct bytes body, struct reply_verdict *out, struct diag *diag)
{
    *out = (struct reply_verdict){0};
    json_auto_t *root = NULL;
    enum status s = field_json_load(body, &root, diag);
    if (s != STATUS_OK)
        return s;
    const json_t *held = json_object_get(root, "held");
    (void)field_json_u64(held, "ima", &out->held_ima);
    out->has_boot_log = field_json_hex(held, "boot_log", out->boot_log, sizeof out->boot_log);
    (void)field_json_u64(json_object_get(root, "unattested"), "ima", &out->unattested_ima);
    (void)field_json_text(root, "expires", out->expires, sizeof out->expires);
    take_announcement(json_object_get(root, "announcement"), out);
    const char *result = json_string_value(json_object_get(root, "result"));
    buffer_append_text(&out->result, result ? result : "");
    if (!field_json_text(root, "attestation", out->attestation, sizeof out->attestation) ||
        !field_json_text(root, "verdict", out->verdict, sizeof out->verdict) ||
        !take_perspectives(json_object_get(root, "perspectives"), out))
        return refuse(diag, "verdict");
    return buffer_check(&out->result);
}

static json_t *
make_reasons(const struct reply_perspective *p)
{
    json_t *list = json_array();
    bool made = list != NULL;
    for (size_t i = 0; made && i < p->n_reasons && i < REPLY_REASONS; i++) {
        const struct reply_reason *r = &p->reasons[i];
        json_t *item =
            json_pack("{s:s, s:s, s:s}", "code", r->code, "what", r->what, "sentence", r->sentence);
        made = json_array_append_new(list, item) == 0;
    }
    if (made)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *
make_perspectives(const struct reply_verdict *v)
{
    json_t *list = json_array();
    bool made = list != NULL;
    for (size_t i = 0; made && i < v->n_perspectives; i++) {
        const struct reply_perspective *p = &v->perspectives[i];
        json_t *item = json_pack("{s:s, s:s, s:o}", "name", p->name, "verdict", p->verdict,
                                 "reasons", make_reasons(p));
        made = json_array_append_new(list, item) == 0;
    }
    if (made)
        return list;
    json_decref(list);
    return NULL;
}

enum status
reply_verdict_encode(const struct reply_verdict *v, struct buffer *out)
{
    json_auto_t *root = json_pack(
        "{s:s, s:s, s:s, s:{s:I}, s:{s:I}, s:o}", "attestation", v->attestation, "verdict",
        v->verdict, "expires", v->expires, "held", "ima", (json_int_t)v->held_ima, "unattested",
        "ima", (json_int_t)v->unattested_ima, "perspectives", make_perspectives(v));
    if (!root)
        return STATUS_NOMEM;
    json_t *held = json_object_get(root, "held");
    if (v->has_boot_log &&
        !field_json_set_hex(held, "boot_log", bytes_of(v->boot_log, sizeof v->boot_log)))
        return STATUS_NOMEM;
    return field_json_dump(root, false, out);
}

void
reply_verdict_free(struct reply_verdict *v)
{
    buffer_free(&v->result);
}
