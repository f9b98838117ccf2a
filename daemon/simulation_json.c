/* SPDX-License-Identifier: Apache-2.0 */
/* from: a request's body; to: candidate documents as texts; never: takes a member it does not know.
 */
#include "daemon/simulation_json.h"

#include "base/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE "request body"

static enum status
refuse(struct diag *diag, const char *what)
{
    return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%s", what);
}

static enum status
take_documents(const json_t *list, struct simulation_body *out, struct diag *diag)
{
    size_t i;
    json_t *one;
    if (list && !json_is_array(list))
        return refuse(diag, "documents is an array");
    if (json_array_size(list) > SIMULATION_DOCUMENTS_MAX)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "too many documents");
    json_array_foreach(list, i, one)
    {
        if (!json_is_object(one))
            return refuse(diag, "documents holds objects");
        char *text = json_dumps(one, JSON_INDENT(1));
        if (!text)
            return STATUS_NOMEM;
        out->documents[out->n_documents++] = text;
    }
    return STATUS_OK;
}

static enum status
take_without(const json_t *list, struct simulation_body *out, struct diag *diag)
{
    size_t i;
    json_t *one;
    if (list && !json_is_array(list))
        return refuse(diag, "without is an array");
    if (json_array_size(list) > SIMULATION_DOCUMENTS_MAX)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "too many documents to take out");
    json_array_foreach(list, i, one)
    {
        const char *kind = json_string_value(json_object_get(one, "type"));
        const char *id = json_string_value(json_object_get(one, "id"));
        if (json_object_size(one) != 2 || !kind || !id || !text_is_name(id) ||
            !document_kind_parse(kind, &out->without[out->n_without].kind))
            return refuse(diag, "without holds {\"type\", \"id\"}");
        (void)text_copy(out->without[out->n_without++].id, sizeof out->without[0].id, id);
    }
    return STATUS_OK;
}

static enum status
take(const json_t *root, struct simulation_body *out, struct diag *diag)
{
    const json_t *documents = json_object_get(root, "documents");
    const json_t *without = json_object_get(root, "without");
    if (!json_is_object(root))
        return refuse(diag, "an object is expected");
    const json_t *predict = json_object_get(root, "predict");
    size_t n_known =
        (size_t)(documents != NULL) + (size_t)(without != NULL) + (size_t)(predict != NULL);
    if (json_object_size(root) != n_known)
        return refuse(diag, "members are documents, without and predict");
    if (predict && !json_is_boolean(predict))
        return refuse(diag, "predict is true or false");
    out->predict = json_is_true(predict);
    enum status s = take_documents(documents, out, diag);
    if (s == STATUS_OK)
        s = take_without(without, out, diag);
    if (s == STATUS_OK && out->n_documents + out->n_without == 0)
        s = refuse(diag, "there is nothing to try");
    return s;
}

enum status
simulation_body_parse(struct bytes body, struct simulation_body *out, struct diag *diag)
{
    *out = (struct simulation_body){0};
    json_t *root = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    if (!root)
        return refuse(diag, "not well-formed JSON");
    enum status s = take(root, out, diag);
    json_decref(root);
    return s;
}

void
simulation_body_clear(struct simulation_body *b)
{
    for (size_t i = 0; i < b->n_documents; i++)
        free(b->documents[i]);
    *b = (struct simulation_body){0};
}
