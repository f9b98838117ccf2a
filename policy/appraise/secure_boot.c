/* SPDX-License-Identifier: Apache-2.0 */
/* from: the bound SecureBoot variable of a proven PCR 7; to: whether it is as policy wants; never:
 * reads a claim. */
#include "appraise/rules.h"

#define PCR_SECURE_BOOT 7u

static void
blame(struct judge *j, enum reason_code code, const struct policy_secure_boot *rule)
{
    static const char *const words[] = {"off", "on"};
    const struct replay_event *e = j->proven->secure_boot_event;
    struct reason r = e ? judge_reason_at(j, code, e) : judge_reason(code);
    r.pcr = PCR_SECURE_BOOT;
    reason_set_what(&r, "SecureBoot");
    reason_set_expected(&r, words[rule->on]);
    reason_set_found(&r, j->proven->secure_boot < 0 ? "" : words[j->proven->secure_boot]);
    judge_blame(j, &r, rule->effect);
}

void
secure_boot_judge(struct judge *j)
{
    const struct policy_secure_boot *rule = &j->policy->policy->secure_boot;
    if (!rule->present || !judge_is_proven(j, PCR_SECURE_BOOT))
        return; /* a covered PCR that is not proven is blamed by judge_found() */
    int state = j->proven->secure_boot;
    if (state < 0)
        blame(j, REASON_SECURE_BOOT_UNKNOWN, rule);
    else if (state == 0 && rule->on)
        blame(j, REASON_SECURE_BOOT_OFF, rule);
    else if (state == 1 && !rule->on)
        blame(j, REASON_SECURE_BOOT_ON, rule);
    else
        j->tally->secure_boot_shown = rule->on;
}
