/* SPDX-License-Identifier: Apache-2.0 */
/* from: a body of anybody's; to: bytes and texts within their limits; never: reads a key. */
#include "daemon/enrollment_json.h"

#include "base/emit.h"
#include "base/text.h"
#include "evidence/advisory.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE       "enrolment request"
#define TOKEN_MAX    256u
#define VERSION_SIZE 8u

/* Members of "tpm", their order in struct enrollment_body, and their longest texts. */
enum { TPM_MANUFACTURER, TPM_MODEL, TPM_FIRMWARE };
static const char *const tpm_names[] = {"manufacturer", "model",    "firmware_version",
                                        "family",       "revision", NULL};
static const size_t tpm_sizes[] = {4, 63, 2 * VERSION_SIZE, 8, 8};

static enum status
refuse(struct diag *diag, const char *member)
{
    return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%s is missing or not what it must be",
                    member);
}

/* Every member is in names, which ends with NULL. */
static enum status
check_members(json_t *object, const char *const *names, const char *where, struct diag *diag)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return refuse(diag, where);
    json_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (names[i] && !text_equal(names[i], name))
            i++;
        if (!names[i])
            return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%s has a member not known here",
                            where);
    }
    return STATUS_OK;
}

static enum status
take_bytes(const json_t *value, const char *member, size_t max, struct buffer *out,
           struct diag *diag)
{
    size_t size = json_string_length(value);
    if (!json_is_string(value) || size == 0)
        return refuse(diag, member);
    enum status s = text_parse_base64url(bytes_of(json_string_value(value), size), out);
    if (s == STATUS_MALFORMED || out->size > max)
        return refuse(diag, member);
    return s;
}

static enum status
take_ek(json_t *object, struct enrollment_ek *out, struct diag *diag)
{
    static const char *const names[] = {"public", "certificate", NULL};
    enum status s = check_members(object, names, "ek", diag);
    if (s == STATUS_OK)
        s = take_bytes(json_object_get(object, "public"), "ek.public", LIMIT_TPM_STRUCTURE,
                       &out->public_area, diag);
    const json_t *certificate = json_object_get(object, "certificate");
    if (s == STATUS_OK && certificate)
        s = take_bytes(certificate, "ek.certificate", LIMIT_CERT, &out->certificate, diag);
    return s;
}

static enum status
check_count(const json_t *list, size_t least, const char *member, struct diag *diag)
{
    if (!json_is_array(list) || json_array_size(list) < least)
        return refuse(diag, member);
    if (json_array_size(list) > LIMIT_CERTS)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "%s has more than %u items", member,
                        LIMIT_CERTS);
    return STATUS_OK;
}

static enum status
take_eks(json_t *list, struct enrollment_body *out, struct diag *diag)
{
    enum status s = check_count(list, 1, "ek", diag);
    for (size_t i = 0; s == STATUS_OK && i < json_array_size(list); i++)
        s = take_ek(json_array_get(list, i), &out->eks[out->n_eks++], diag);
    return s;
}

static enum status
take_certificates(json_t *list, struct enrollment_body *out, struct diag *diag)
{
    if (!list)
        return STATUS_OK;
    enum status s = check_count(list, 0, "certificates", diag);
    for (size_t i = 0; s == STATUS_OK && i < json_array_size(list); i++)
        s = take_bytes(json_array_get(list, i), "certificates", LIMIT_CERT,
                       &out->certificates[out->n_certificates++], diag);
    return s;
}

static const char *
text_of(const json_t *object, const char *name, size_t max)
{
    const json_t *value = json_object_get(object, name);
    size_t size = json_string_length(value);
    if (!json_is_string(value) || size > max ||
        !text_is_printable(bytes_of(json_string_value(value), size)))
        return NULL;
    return json_string_value(value);
}

static bool
take_version(const char *text, uint64_t *out)
{
    uint8_t bytes[VERSION_SIZE];
    *out = 0;
    if (!text || text_parse_hex_exact(text, bytes, sizeof bytes) != STATUS_OK)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        *out = *out << 8 | bytes[i];
    return true;
}

static enum status
take_tpm(json_t *object, struct enrollment_body *out, struct diag *diag)
{
    enum status s = check_members(object, tpm_names, "tpm", diag);
    if (s != STATUS_OK)
        return s;
    for (size_t i = 0; tpm_names[i]; i++) {
        const char *text = text_of(object, tpm_names[i], tpm_sizes[i]);
        if (!text || !text_copy(out->claimed[i], sizeof out->claimed[i], text))
            return refuse(diag, "tpm");
    }
    if (!advisory_manufacturer_parse(out->claimed[TPM_MANUFACTURER], &out->claimed_manufacturer) ||
        !take_version(out->claimed[TPM_FIRMWARE], &out->claimed_firmware) ||
        !text_copy(out->claimed_model, sizeof out->claimed_model, out->claimed[TPM_MODEL]))
        return refuse(diag, "tpm");
    return STATUS_OK;
}

static enum status
take_ak(json_t *object, struct enrollment_body *out, struct diag *diag)
{
    static const char *const names[] = {"public", NULL};
    enum status s = check_members(object, names, "ak", diag);
    if (s != STATUS_OK)
        return s;
    return take_bytes(json_object_get(object, "public"), "ak.public", LIMIT_TPM_STRUCTURE,
                      &out->ak_public, diag);
}

static enum status
take_token(const json_t *root, struct enrollment_body *out, struct diag *diag)
{
    if (!json_object_get(root, "token"))
        return STATUS_OK;
    const char *token = text_of(root, "token", TOKEN_MAX);
    if (!token || token[0] == '\0')
        return refuse(diag, "token");
    out->token = strdup(token);
    return out->token ? STATUS_OK : STATUS_NOMEM;
}

enum status
enrollment_body_parse(struct bytes body, struct enrollment_body *out, struct diag *diag)
{
    static const char *const names[] = {"ek", "certificates", "ak", "tpm", "token", NULL};
    *out = (struct enrollment_body){0};
    json_auto_t *root =
        json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    if (!root)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "the body is not one JSON object");
    enum status s = check_members(root, names, "the body", diag);
    if (s == STATUS_OK)
        s = take_eks(json_object_get(root, "ek"), out, diag);
    if (s == STATUS_OK)
        s = take_certificates(json_object_get(root, "certificates"), out, diag);
    if (s == STATUS_OK)
        s = take_ak(json_object_get(root, "ak"), out, diag);
    if (s == STATUS_OK)
        s = take_tpm(json_object_get(root, "tpm"), out, diag);
    if (s == STATUS_OK)
        s = take_token(root, out, diag);
    return s;
}

void
enrollment_body_free(struct enrollment_body *b)
{
    for (size_t i = 0; i < LIMIT_CERTS; i++) {
        buffer_free(&b->eks[i].public_area);
        buffer_free(&b->eks[i].certificate);
        buffer_free(&b->certificates[i]);
    }
    buffer_free(&b->ak_public);
    if (b->token)
        explicit_bzero(b->token, strlen(b->token));
    free(b->token);
    *b = (struct enrollment_body){0};
}

static const char *
kind_of(uint32_t manufacturer, const char *model)
{
    return tpm_kind_name(tpm_kind_of(manufacturer, model));
}

static void
emit_certificate(struct emit *e, const struct ek_certificate *c)
{
    char manufacturer[9];
    (void)snprintf(manufacturer, sizeof manufacturer, "%08x", c->manufacturer);
    emit_key(e, "certificate");
    emit_object(e);
    emit_text_member(e, "manufacturer", manufacturer);
    emit_text_member(e, "model", c->model);
    emit_text_member(e, "version", c->version);
    emit_end_object(e);
}

enum status
enrollment_tpm_encode(const struct enrollment_body *b, const struct ek_certificate *c,
                      struct buffer *out)
{
    struct emit e = emit_of(out);
    emit_object(&e);
    for (size_t i = 0; tpm_names[i]; i++)
        emit_text_member(&e, tpm_names[i], b->claimed[i]);
    emit_text_member(&e, "kind",
                     c ? kind_of(c->manufacturer, c->model)
                       : kind_of(b->claimed_manufacturer, b->claimed_model));
    emit_text_member(&e, "kind_by", c ? "certificate" : "claim");
    if (c)
        emit_certificate(&e, c);
    emit_end_object(&e);
    return emit_check(&e);
}

/* Eight hex digits. */
static bool
parse_id(const char *text, uint32_t *out)
{
    uint8_t bytes[4];
    if (!text || text_parse_hex_exact(text, bytes, sizeof bytes) != STATUS_OK)
        return false;
    *out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return true;
}

void
enrollment_tpm_parse(const char *json, struct enrollment_tpm *out)
{
    *out = (struct enrollment_tpm){0};
    json_auto_t *root = json ? json_loads(json, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const json_t *certificate = json_object_get(root, "certificate");
    const json_t *names = certificate ? certificate : root;
    const char *manufacturer = json_string_value(json_object_get(names, "manufacturer"));
    const char *model = json_string_value(json_object_get(names, "model"));
    const char *kind = json_string_value(json_object_get(root, "kind"));
    const char *kind_by = json_string_value(json_object_get(root, "kind_by"));
    if (!(certificate ? parse_id(manufacturer, &out->manufacturer)
                      : advisory_manufacturer_parse(manufacturer, &out->manufacturer)))
        out->manufacturer = 0;
    out->certified = certificate && out->manufacturer != 0;
    (void)text_copy(out->model, sizeof out->model, model ? model : "");
    (void)text_copy(out->kind, sizeof out->kind, kind ? kind : "");
    (void)text_copy(out->kind_by, sizeof out->kind_by, kind_by ? kind_by : "");
}

enum status
enrollment_proof_parse(struct bytes body, uint8_t proof[static DIGEST_SHA256_SIZE],
                       struct diag *diag)
{
    static const char *const names[] = {"proof", NULL};
    struct buffer bytes = {0};
    memset(proof, 0, DIGEST_SHA256_SIZE);
    json_auto_t *root =
        json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    enum status s = check_members(root, names, "the body", diag);
    if (s == STATUS_OK)
        s = take_bytes(json_object_get(root, "proof"), "proof", DIGEST_SHA256_SIZE, &bytes, diag);
    if (s == STATUS_OK && bytes.size != DIGEST_SHA256_SIZE)
        s = refuse(diag, "proof");
    if (s == STATUS_OK)
        memcpy(proof, bytes.data, DIGEST_SHA256_SIZE);
    buffer_free(&bytes);
    return s;
}
