/* SPDX-License-Identifier: Apache-2.0 */
/* from: a query; to: a page's size; never: more than LIMIT_PAGE. */
#include "daemon/page.h"

#include "base/text.h"

#define DEFAULT_LIMIT 100u

bool
page_limit(const struct request *request, size_t *out)
{
    const char *text = request_query(request, "limit");
    uint64_t n = DEFAULT_LIMIT;
    if (text && (text_parse_u64(text, LIMIT_PAGE, &n) != STATUS_OK || n == 0))
        return false;
    *out = (size_t)n;
    return true;
}
