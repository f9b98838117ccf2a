/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between libmicrohttpd's connection and struct request: what the head says, and the reply.
 * Included by http*.c only.
 */
#pragma once

#include "daemon/http_exchange.h"

/* Fill x->request and x->route from the connection, with texts of our own. False: no memory. A
 * missing route is check_head's. */
bool http_request_gather(struct http_exchange *x, const char *url, const char *method);
/* Route, method, origin, draining. false: x->response is the refusal. */
bool http_request_check_head(struct http_exchange *x);
/* Content-Length against x->body_cap; sets x->announced. false: x->response is the refusal. */
bool http_request_check_size(struct http_exchange *x);
/* Queue the answer; an abandoned or empty one as a problem. */
enum MHD_Result http_request_reply(struct http_exchange *x);
