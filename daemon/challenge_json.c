/* SPDX-License-Identifier: Apache-2.0 */
/* from: a body; to: one flag; never: issues a challenge. */
#include "daemon/challenge_json.h"

#include "base/text.h"

#include <jansson.h>

#define CLAUSE "challenge request"

enum status
challenge_request_parse(struct bytes body, bool *full_logs, struct diag *diag)
{
    *full_logs = false;
    if (body.size == 0)
        return STATUS_OK;
    json_auto_t *root =
        json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    const char *logs = json_string_value(json_object_get(root, "logs"));
    if (!root || json_object_size(root) != (logs ? 1u : 0u))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0,
                        "expected {} or {\"logs\": \"full\" or \"delta\"}");
    if (logs && !text_equal(logs, "full") && !text_equal(logs, "delta"))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "logs is \"full\" or \"delta\"");
    *full_logs = logs && text_equal(logs, "full");
    return STATUS_OK;
}
