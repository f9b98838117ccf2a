/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/claims.h"
#include "agent/field_json.h"
#include "base/text.h"

enum status
claims_encode(const struct claims *c, struct buffer *out)
{
    char time[TEXT_TIME_SIZE];
    (void)text_time(c->time_s, time, sizeof time);
    json_auto_t *root =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "agent", ATTESTD_VERSION,
                  "kernel", c->kernel, "machine", c->machine, "os", c->os, "time", time, "logs",
                  "boot", collect_state_text(c->boot_log), "ima", collect_state_text(c->ima_log),
                  "userspace", collect_state_text(c->userspace_log));
    return root ? field_json_dump(root, false, out) : STATUS_NOMEM;
}
