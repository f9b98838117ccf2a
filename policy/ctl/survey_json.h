/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question to all stored rounds: asked, waited for, answered. from: the body of the question; to:
 * the verifier's answer once it is done.
 */
#pragma once

#include "ctl/command.h"

#include <jansson.h>

/* POST /v1/COLLECTION with body, then GET it until it is done. EXIT_YES and *answer (owned by the
 * caller), or the exit code, having told why. */
int survey_ask(struct context *c, const char *collection, const json_t *body, json_t **answer);
