/* SPDX-License-Identifier: Apache-2.0 */
/* from: a method and a path; to: a row of the one table; never: runs a handler. */
#include "daemon/route.h"

#include "base/text.h"

#include <string.h>

struct part {
    const struct route *routes;
    const size_t *n_routes;
};

static const struct part parts[] = {
    {api_public_routes, &api_public_n_routes},
    {api_enrollment_routes, &api_enrollment_n_routes},
    {api_evidence_routes, &api_evidence_n_routes},
    {api_device_routes, &api_device_n_routes},
    {api_attestation_routes, &api_attestation_n_routes},
    {api_round_routes, &api_round_n_routes},
    {api_rollout_routes, &api_rollout_n_routes},
    {api_simulation_routes, &api_simulation_n_routes},
    {api_survey_routes, &api_survey_n_routes},
    {api_document_routes, &api_document_n_routes},
    {api_token_routes, &api_token_n_routes},
    {api_audit_routes, &api_audit_n_routes},
};

#define N_PARTS (sizeof parts / sizeof *parts)

const struct route *
route_at(size_t i)
{
    for (size_t p = 0; p < N_PARTS; p++) {
        if (i < *parts[p].n_routes)
            return &parts[p].routes[i];
        i -= *parts[p].n_routes;
    }
    return NULL;
}

struct match {
    char *storage;
    size_t left;
    const char **params;
    size_t n_params;
};

/* Keep one segment as a parameter. Ids are URL-safe: a percent sign never belongs in one. */
static bool
take_segment(struct match *m, const char *segment, size_t size)
{
    if (size == 0 || size + 1 > m->left || m->n_params == REQUEST_PARAMS ||
        memchr(segment, '%', size))
        return false;
    memcpy(m->storage, segment, size);
    m->storage[size] = '\0';
    m->params[m->n_params++] = m->storage;
    m->storage += size + 1;
    m->left -= size + 1;
    return true;
}

static bool
matches(const char *pattern, const char *path, struct match *m)
{
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t size = strcspn(path, "/");
        if (!take_segment(m, path, size))
            return false;
        path += size;
        pattern += strcspn(pattern, "}") + 1;
    }
    return *path == '\0';
}

const struct route *
route_find(enum request_method method, const char *path, char *storage, size_t storage_size,
           const char *params[static REQUEST_PARAMS], unsigned *allowed)
{
    const struct route *route = NULL;
    const struct route *found = NULL;
    *allowed = 0;
    for (size_t i = 0; !found && (route = route_at(i)); i++) {
        const char *taken[REQUEST_PARAMS] = {0};
        struct match m = {.storage = storage, .left = storage_size, .params = taken};
        if (!matches(route->pattern, path, &m))
            continue;
        *allowed |= 1u << route->method;
        if (route->method != method)
            continue;
        memcpy(params, taken, sizeof taken);
        found = route;
    }
    return found;
}

static bool
repeats(size_t at)
{
    const struct route *route = route_at(at);
    const struct route *other = NULL;
    for (size_t i = 0; route && i < at && (other = route_at(i)); i++) {
        if (other->method == route->method && text_equal(other->pattern, route->pattern))
            return true;
    }
    return false;
}

enum status
route_check(struct diag *diag)
{
    const struct route *route = NULL;
    for (size_t i = 0; (route = route_at(i)); i++) {
        if (route->roles == 0)
            return diag_set(diag, STATUS_INVALID, "route", i, "%s declares no role",
                            route->pattern);
        if (repeats(i))
            return diag_set(diag, STATUS_INVALID, "route", i, "%s stands twice", route->pattern);
    }
    return STATUS_OK;
}
