/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/field_json.h"
#include "agent/request.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <stdio.h>

/* Append item, which is taken over, to list. */
static bool
add_item(json_t *list, json_t *item, bool filled)
{
    if (!filled) {
        json_decref(item);
        return false;
    }
    return json_array_append_new(list, item) == 0;
}

static bool
put_eks(const struct ek_list *eks, json_t *list)
{
    bool put = true;
    for (size_t i = 0; put && i < eks->n_items; i++) {
        const struct ek_list_item *e = &eks->items[i];
        json_t *item = json_object();
        bool filled = field_json_set_base64url(item, "public", buffer_bytes(&e->public_area));
        if (e->certificate.size > 0)
            filled = filled &&
                     field_json_set_base64url(item, "certificate", buffer_bytes(&e->certificate));
        put = add_item(list, item, filled);
    }
    return put;
}

static bool
put_chain(const struct ek_list *eks, json_t *list)
{
    bool put = true;
    for (size_t i = 0; put && i < eks->n_chain; i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        text_append_base64url(&text, buffer_bytes(&eks->chain[i]));
        put =
            buffer_text(&text) && json_array_append_new(list, json_string(buffer_text(&text))) == 0;
    }
    return put;
}

/* [API: claimed, for advisories] */
static bool
put_tpm(const struct tpm_info *tpm, json_t *out)
{
    char firmware[17];
    (void)snprintf(firmware, sizeof firmware, "%016llx", (unsigned long long)tpm->firmware_version);
    return field_json_set_text(out, "manufacturer", tpm->manufacturer) &&
           field_json_set_text(out, "model", tpm->model) &&
           field_json_set_text(out, "firmware_version", firmware) &&
           field_json_set_text(out, "family", tpm->family) &&
           field_json_set_text(out, "revision", tpm->revision);
}

enum status
request_enrollment_encode(const struct request_enrollment *r, struct buffer *out)
{
    json_t *eks = json_array();
    json_t *chain = json_array();
    json_t *ak = json_object();
    json_t *tpm = json_object();
    json_auto_t *root =
        json_pack("{s:o, s:o, s:o, s:o}", "ek", eks, "certificates", chain, "ak", ak, "tpm", tpm);
    if (!root || !put_eks(r->eks, eks) || !put_chain(r->eks, chain) ||
        !field_json_set_base64url(ak, "public", r->ak_public) || !put_tpm(r->tpm, tpm) ||
        (r->token && !field_json_set_text(root, "token", r->token)))
        return STATUS_NOMEM;
    return field_json_dump(root, false, out);
}

enum status
request_activation_encode(struct bytes proof, struct buffer *out)
{
    json_auto_t *root = json_object();
    if (!field_json_set_base64url(root, "proof", proof))
        return STATUS_NOMEM;
    return field_json_dump(root, false, out);
}

enum status
request_challenge_encode(bool full_logs, struct buffer *out)
{
    json_auto_t *root = json_object();
    if (full_logs && !field_json_set_text(root, "logs", "full"))
        return STATUS_NOMEM;
    return field_json_dump(root, false, out);
}
