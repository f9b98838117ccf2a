/* SPDX-License-Identifier: Apache-2.0 */
/* from: EKs and a token; to: how it is a member; never: changes the store. */
#include "daemon/membership.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/store_admin.h"

static enum status
refuse(enum reason_code code, const char *what, struct reasons *reasons)
{
    reason_set_what(reasons_add(reasons, code), what);
    return STATUS_OK;
}

/* One TPM with several EKs is one device: none of them may be another's. */
static enum status
check_eks(struct store *store, struct bytes eks, const char *id, struct reasons *reasons)
{
    for (size_t at = 0; at + DIGEST_SHA256_SIZE <= eks.size; at += DIGEST_SHA256_SIZE) {
        char owner[DEVICE_ID_SIZE];
        enum status s = store_find_ek(store, eks.data + at, owner);
        if (s == STATUS_OK && !text_equal(owner, id))
            return refuse(REASON_EK_SAME_TPM, "", reasons);
        if (s != STATUS_OK && s != STATUS_NOT_FOUND)
            return s;
    }
    return STATUS_OK;
}

static enum status
check_token(struct store *store, const uint8_t *sha256, int64_t now_s, struct membership *out,
            struct reasons *reasons)
{
    CLEANUP(store_token_clear) struct store_token token = {0};
    enum status s = store_find_token(store, STORE_TOKEN_JOIN, sha256, now_s, &token);
    if (s == STATUS_NOT_FOUND)
        return refuse(REASON_ENROLL_TOKEN, "", reasons);
    if (s == STATUS_OK)
        out->by = MEMBER_BY_TOKEN;
    return s;
}

/* Nobody has let it in yet. */
static enum status
decide_new(struct verifier *v, const struct membership_claim *claim, int64_t now_s,
           struct membership *out, struct reasons *reasons)
{
    if (claim->join_token)
        return check_token(v->store, claim->join_token, now_s, out, reasons);
    if (config_bool(v->config, "enrollment", "open"))
        out->by = MEMBER_BY_FIRST_USE;
    else if (config_bool(v->config, "enrollment", "approval"))
        out->pending = true;
    else
        return refuse(REASON_ENROLL_NOT_MEMBER, "", reasons);
    return STATUS_OK;
}

static enum status
decide_known(struct verifier *v, const struct store_device *device,
             const struct membership_claim *claim, int64_t now_s, struct membership *out,
             struct reasons *reasons)
{
    switch (device->state) {
    case LIFE_CYCLE_EXPECTED:
        out->by = MEMBER_BY_LIST;
        return STATUS_OK;
    case LIFE_CYCLE_PENDING:
        return decide_new(v, claim, now_s, out, reasons);
    case LIFE_CYCLE_ENROLLED:
    case LIFE_CYCLE_QUARANTINED: /* the store refuses another AK */
        out->by = device->member_by;
        return STATUS_OK;
    case LIFE_CYCLE_REVOKED:
    case LIFE_CYCLE_DECOMMISSIONED:
        break;
    }
    return refuse(REASON_ENROLL_REVOKED, life_cycle_name(device->state), reasons);
}

enum status
membership_decide(struct verifier *v, struct hasher *h, const struct membership_claim *claim,
                  int64_t now_s, struct membership *out, struct reasons *reasons)
{
    char id[DEVICE_ID_SIZE];
    CLEANUP(store_device_clear) struct store_device device = {0};
    *out = (struct membership){0};
    enum status s = enrollment_device_id(h, claim->spki, id);
    if (s == STATUS_OK)
        s = check_eks(v->store, claim->eks, id, reasons);
    if (s != STATUS_OK || reasons->n_items > 0)
        return s;
    s = store_get_device(v->store, id, &device);
    if (s == STATUS_NOT_FOUND)
        return decide_new(v, claim, now_s, out, reasons);
    return s == STATUS_OK ? decide_known(v, &device, claim, now_s, out, reasons) : s;
}
