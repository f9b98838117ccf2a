/* SPDX-License-Identifier: Apache-2.0 */
/* from: a device's row; to: JSON; never: changes a verdict but for its age. */
#include "daemon/device_emit.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/perspectives.h"
#include "evidence/ak.h"

static int64_t
last_expiry(const struct store_device *d)
{
    int64_t last = 0;
    for (size_t i = 0; i < d->n_perspectives; i++) {
        if (d->perspectives[i].expires_s > last)
            last = d->perspectives[i].expires_s;
    }
    return last;
}

const char *
device_liveness(const struct store_device *d, int64_t now_s)
{
    if (d->attested_s == 0)
        return "never";
    int64_t expires_s = last_expiry(d);
    if (now_s < expires_s)
        return "fresh";
    return now_s < expires_s + (expires_s - d->attested_s) ? "late" : "stale";
}

enum verdict
device_verdict(const struct store_device *d, int64_t now_s)
{
    if (d->state != LIFE_CYCLE_ENROLLED)
        return VERDICT_NONE;
    return perspectives_worst(d->perspectives, d->n_perspectives, now_s);
}

static void
emit_labels(struct emit *e, const struct store_device *d)
{
    emit_key(e, "labels");
    emit_object(e);
    for (size_t i = 0; i < d->n_labels; i++)
        emit_text_member(e, d->labels[i].key, d->labels[i].value);
    emit_end_object(e);
}

static void
emit_ak(struct emit *e, struct hasher *h, const struct store_device *d)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(ak_freep) struct ak *ak = NULL;
    emit_key(e, "ak");
    if (d->ak_public.size == 0 ||
        ak_parse(h, buffer_bytes(&d->ak_public), &ak, &reasons) != STATUS_OK || !ak) {
        emit_null(e);
        return;
    }
    char algorithm[64];
    emit_object(e);
    emit_hex_member(e, "name", ak_name(ak));
    emit_text_member(e, "algorithm", ak_describe(ak, algorithm, sizeof algorithm));
    emit_time_member(e, "since", d->ak_since_s);
    emit_end_object(e);
}

static void
emit_perspectives(struct emit *e, const struct store_device *d, int64_t now_s)
{
    emit_key(e, "perspectives");
    emit_array(e);
    for (size_t i = 0; i < d->n_perspectives; i++) {
        const struct store_perspective *p = &d->perspectives[i];
        bool says = d->state == LIFE_CYCLE_ENROLLED;
        emit_object(e);
        emit_text_member(e, "name", p->name);
        emit_text_member(e, "verdict",
                         verdict_name(says ? perspectives_one(p, now_s) : VERDICT_NONE));
        emit_text_member(e, "last_verdict", verdict_name(p->verdict));
        emit_time_member(e, "since", p->since_s);
        emit_bool_member(e, "trial", p->trial);
        emit_time_member(e, "expires", p->expires_s);
        emit_time_member(e, "lapses", p->lapses_s);
        emit_text_member(e, "attestation", p->attestation);
        emit_end_object(e);
    }
    emit_end_array(e);
}

void
device_emit(struct emit *e, struct hasher *h, const struct store_device *d, int64_t now_s)
{
    emit_object(e);
    emit_text_member(e, "id", d->id);
    emit_base64url_member(e, "ueid", bytes_of(d->ueid, sizeof d->ueid));
    emit_text_member(e, "name", d->name);
    emit_labels(e, d);
    emit_text_member(e, "state", life_cycle_name(d->state));
    emit_text_member(e, "genuine", genuine_name(d->genuine));
    emit_text_member(e, "member_by", member_by_name(d->member_by));
    emit_hex_member(e, "ek_sha256", bytes_of(d->ek_sha256, sizeof d->ek_sha256));
    emit_ak(e, h, d);
    emit_time_member(e, "enrolled_at", d->enrolled_s);
    emit_time_member(e, "last_attested_at", d->attested_s);
    emit_text_member(e, "liveness", device_liveness(d, now_s));
    emit_text_member(e, "verdict", verdict_name(device_verdict(d, now_s)));
    emit_perspectives(e, d, now_s);
    emit_key(e, "tpm");
    if (d->tpm_json)
        emit_raw(e, bytes_of_text(d->tpm_json));
    else
        emit_null(e);
    emit_uint_member(e, "version", d->version);
    emit_end_object(e);
}
