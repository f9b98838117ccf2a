/* SPDX-License-Identifier: Apache-2.0 */
/* from: stored verdicts and the time; to: one verdict; never: lets age or a trial make one better.
 */
#include "daemon/perspectives.h"

enum verdict
perspectives_one(const struct store_perspective *p, int64_t now_s)
{
    if (now_s < p->expires_s)
        return p->verdict;
    return now_s < p->lapses_s ? verdict_worse(p->verdict, VERDICT_WARNING) : VERDICT_NONE;
}

/* judged: whatever the age. */
static enum verdict
worst(const struct store_perspective *list, size_t n, int64_t now_s, bool judged)
{
    enum verdict verdict = VERDICT_NONE;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        enum verdict one = judged ? list[i].verdict : perspectives_one(&list[i], now_s);
        if (list[i].trial)
            continue;
        verdict = any ? verdict_worse(verdict, one) : one;
        any = true;
    }
    return verdict;
}

enum verdict
perspectives_worst(const struct store_perspective *list, size_t n, int64_t now_s)
{
    return worst(list, n, now_s, false);
}

enum verdict
perspectives_judged(const struct store_perspective *list, size_t n)
{
    return worst(list, n, 0, true);
}
