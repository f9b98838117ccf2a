/* SPDX-License-Identifier: Apache-2.0 */
/* from: what the HTTP room gathered; to: answers to a handler's questions; never: touches a socket.
 */
#include "daemon/request.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

const char *
request_header(const struct request *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        if (text_equal_fold(r->headers[i].name, name))
            return r->headers[i].value;
    }
    return NULL;
}

const char *
request_query(const struct request *r, const char *name)
{
    for (size_t i = 0; i < r->n_query; i++) {
        if (text_equal(r->query[i].name, name))
            return r->query[i].value;
    }
    return NULL;
}

bool
request_has_type(const struct request *r, const char *type)
{
    const char *value = request_header(r, "Content-Type");
    size_t n = strlen(type);
    if (!value || !text_starts_fold(value, type))
        return false;
    return value[n] == '\0' || value[n] == ';' || value[n] == ' ';
}

int64_t
request_now_s(const struct request *r)
{
    return r->now_ms / 1000;
}

void
response_json(struct response *r, unsigned status)
{
    r->status = status;
    r->type = "application/json";
}

void
response_header(struct response *r, const char *name, const char *value)
{
    if (r->n_headers == RESPONSE_FIELDS)
        return;
    char *copy = strdup(value);
    if (copy)
        r->headers[r->n_headers++] = (struct response_field){.name = name, .value = copy};
}

void
response_clear(struct response *r)
{
    for (size_t i = 0; i < r->n_headers; i++)
        free(r->headers[i].value);
    buffer_free(&r->body);
    *r = (struct response){0};
}
