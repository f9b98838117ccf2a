/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of POST /v1/simulations: {"documents":[document, ...], "without":[{"type","id"}, ...],
 * "predict":bool}.
 * from: JSON; to: the texts of candidate documents and the names of those taken out of force.
 */
#pragma once

#include "appraise/documents.h"

#define SIMULATION_DOCUMENTS_MAX 64u

struct simulation_body {
    size_t n_documents, n_without;
    bool predict;
    char *documents[SIMULATION_DOCUMENTS_MAX]; /* JSON texts */
    struct {
        enum document_kind kind;
        char id[LIMIT_NAME + 1];
    } without[SIMULATION_DOCUMENTS_MAX];
};

/* STATUS_MALFORMED with the member in diag; STATUS_LIMIT; STATUS_NOMEM. Nothing at all to try is
 * STATUS_MALFORMED. */
MUST_CHECK enum status simulation_body_parse(struct bytes body, struct simulation_body *out,
                                             struct diag *diag);
void simulation_body_clear(struct simulation_body *b);
