/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of the API and what their answers mean: JSON parsed, problems told to the person, exit
 * codes. Included by *_json.c of this room only.
 */
#pragma once

#include "ctl/command.h"

#include <jansson.h>

/* GET, POST ... and parse. body NULL: none. EXIT_YES: *out is the answer (NULL after 204), owned by
 * the caller. Else the exit code; the problem was printed. */
MUST_CHECK int remote_call(struct context *c, const char *method, const char *path,
                           const json_t *body, json_t **out);
/* The same with a body that is text already, and an answer kept as bytes. */
MUST_CHECK int remote_bytes(struct context *c, const struct client_request *request,
                            struct client_answer *out);
/* Text of a member for a table cell: "-" for null or absent; control bytes escaped into out. */
const char *remote_cell(const json_t *object, const char *name, char *out, size_t out_size);
/* The texts of an answer's "warnings", to standard error; answer may be NULL. */
void remote_warn(const json_t *answer);
/* Pretty JSON to standard output. */
int remote_print(const json_t *value);
/* Value of --label options ("key=value") as an object; NULL when one is malformed. */
json_t *remote_labels(const struct context *c);
