/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to the verifier and what its answer means: the wanted HTTP status, or an outcome.
 */
#pragma once

#include "agent/client.h"
#include "agent/outcome.h"

/* Send; true when the answer has the wanted status. Else *failed says why. what: for the message.
 * *reply is to be freed either way. */
MUST_CHECK bool exchange(struct client *c, const struct client_request *request, unsigned wanted,
                         const char *what, struct client_reply *reply, struct outcome *failed);
