/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole HTTP surface as one table of {method, pattern, roles, body cap, handler}. A route
 * without roles stops the start. Patterns: "/v1/devices/{device}/evidence"; a {..} matches one
 * segment.
 */
#pragma once

#include "daemon/request.h"

struct route {
    enum request_method method;
    const char *pattern;
    uint32_t roles;        /* bits of access.h; ACCESS_PUBLIC: no credentials looked at */
    size_t body_cap;       /* 0: no body accepted */
    const char *body_type; /* media type demanded when there is a body; NULL: the handler checks */
    /* Runs on the HTTP thread before the first body byte is taken; CPU only, no store. false:
     * refuse now with response and close the connection. NULL: nothing to check. May raise
     * *body_cap. */
    bool (*begin)(struct request *request, struct response *response, size_t *body_cap);
    void (*handle)(struct request *request, struct response *response);
    bool at_once;       /* CPU of microseconds and no store: handled on the HTTP thread itself */
    bool nests;         /* the handler may be run within another one that waits for its commit */
    bool one_at_a_time; /* for each value of the first parameter: a second one is answered busy */
};

/* The table, assembled from the api_*.c files, row by row. */
const struct route *route_at(size_t i);
/* The route for a request; fills params (decoded into storage). NULL: *allowed is 0 for an unknown
 * path, else a bit set of methods that the path has. */
const struct route *route_find(enum request_method method, const char *path, char *storage,
                               size_t storage_size, const char *params[static REQUEST_PARAMS],
                               unsigned *allowed);
/* STATUS_INVALID names the first route that declares no role, or repeats another. */
MUST_CHECK enum status route_check(struct diag *diag);

/* Each api_*.c gives its part. */
extern const struct route api_enrollment_routes[];
extern const size_t api_enrollment_n_routes;
extern const struct route api_evidence_routes[];
extern const size_t api_evidence_n_routes;
extern const struct route api_device_routes[];
extern const size_t api_device_n_routes;
extern const struct route api_attestation_routes[];
extern const size_t api_attestation_n_routes;
extern const struct route api_document_routes[];
extern const size_t api_document_n_routes;
extern const struct route api_token_routes[];
extern const size_t api_token_n_routes;
extern const struct route api_audit_routes[];
extern const size_t api_audit_n_routes;
extern const struct route api_rollout_routes[];
extern const size_t api_rollout_n_routes;
extern const struct route api_round_routes[];
extern const size_t api_round_n_routes;
extern const struct route api_simulation_routes[];
extern const size_t api_simulation_n_routes;
extern const struct route api_survey_routes[];
extern const size_t api_survey_n_routes;
extern const struct route api_public_routes[];
extern const size_t api_public_n_routes;
