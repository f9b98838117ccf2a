/* SPDX-License-Identifier: Apache-2.0 */
/* from: an offer of values for a device's next boot; to: whether policy takes it, or why not;
 * never: takes a role that no policy of this device names. */
#include "appraise/announcement.h"

#include "appraise/compiled.h"
#include "base/text.h"

static void
refuse(struct reasons *reasons, enum reason_code code, const char *what)
{
    reason_set_what(reasons_add(reasons, code), what);
}

static const struct policy_announce *
rule_at(const struct documents *d, const struct subject *subject, size_t i)
{
    const struct policy *p = compiled_policy_at(d, i)->policy;
    return p->announce.present && selector_match(&p->select, subject) ? &p->announce : NULL;
}

static bool
is_permitted(const struct announcement_offer *offer, const char *role)
{
    for (size_t i = 0; i < compiled_n_policies(offer->documents); i++) {
        const struct policy_announce *rule = rule_at(offer->documents, offer->subject, i);
        if (rule && policy_announces(rule, role))
            return true;
    }
    return false;
}

static bool
is_well_formed(const struct announcement_item *item)
{
    bool trusted = item->text != NULL;
    for (size_t i = 0; i < item->n_digests && i < ALG_COUNT; i++) {
        const struct alg *alg = alg_by_id(item->digests[i].alg);
        trusted = trusted || (alg && alg->trusted);
    }
    return item->role && item->role[0] && trusted && (item->n_digests == 0) == (item->text != NULL);
}

static void
check_items(const struct announcement_offer *offer, struct reasons *reasons)
{
    const struct announcement *a = offer->announcement;
    if (a->n_items == 0 || a->n_items > ANNOUNCEMENT_MAX)
        refuse(reasons, REASON_ANNOUNCE_MALFORMED, "items");
    for (size_t i = 0; i < a->n_items && i < ANNOUNCEMENT_MAX; i++) {
        if (!is_well_formed(&a->items[i]))
            refuse(reasons, REASON_ANNOUNCE_MALFORMED, a->items[i].role);
        else if (!is_permitted(offer, a->items[i].role))
            refuse(reasons, REASON_ANNOUNCE_ROLE, a->items[i].role);
    }
}

void
announcement_check(const struct announcement_offer *offer, int64_t now_s, struct reasons *reasons)
{
    const struct announcement *a = offer->announcement;
    if (!text_equal(a->device_id, offer->subject->device_id))
        refuse(reasons, REASON_ANNOUNCE_MALFORMED, "device");
    if (offer->verdict != VERDICT_TRUSTED) {
        struct reason *r = reasons_add(reasons, REASON_ANNOUNCE_NOT_TRUSTED);
        reason_set_found(r, verdict_name(offer->verdict));
    }
    if (offer->held && offer->held->reset_count == a->reset_count)
        refuse(reasons, REASON_ANNOUNCE_TWICE, "");
    /* The boot that it is for has begun, or its life is over before it came. */
    if (offer->reset_count >= a->reset_count || now_s > a->expires_s)
        refuse(reasons, REASON_ANNOUNCE_LATE, "");
    check_items(offer, reasons);
}

int64_t
announcement_life_s(const struct documents *d, const struct subject *subject)
{
    int64_t life_s = 0;
    for (size_t i = 0; i < compiled_n_policies(d); i++) {
        const struct policy_announce *rule = rule_at(d, subject, i);
        if (rule && rule->life_s > life_s)
            life_s = rule->life_s;
    }
    return life_s;
}
