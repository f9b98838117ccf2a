/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/exchange.h"

#include "base/cleanup.h"

bool
exchange(struct client *c, const struct client_request *request, unsigned wanted, const char *what,
         struct client_reply *reply, struct outcome *failed)
{
    struct diag diag = {0};
    enum status s = client_send(c, request, reply, &diag);
    if (s != STATUS_OK) {
        outcome_of_exchange(failed, what, s, &diag);
        return false;
    }
    if (reply->code == wanted)
        return true;
    CLEANUP(reply_problem_free) struct reply_problem problem = {0};
    reply_problem_parse(buffer_bytes(&reply->body), &problem);
    outcome_of_problem(failed, reply->code, &problem, reply->retry_after_s);
    return false;
}
