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
    static const char *const names[] = {"manufacturer", "model",    "firmware_version",
                                        "family",       "revision", NULL};
    enum status s = check_members(object, names, "tpm", diag);
    if (s != STATUS_OK)
        return s;
    const char *manufacturer = text_of(object, "manufacturer", 4);
    const char *model = text_of(object, "model", sizeof out->claimed_model - 1);
    const char *firmware = text_of(object, "firmware_version", 2 * VERSION_SIZE);
    const char *family = text_of(object, "family", 8);
    const char *revision = text_of(object, "revision", 8);
    if (!model || !family || !revision || !take_version(firmware, &out->claimed_firmware) ||
        !advisory_manufacturer_parse(manufacturer, &out->claimed_manufacturer))
        return refuse(diag, "tpm");
    (void)text_copy(out->claimed_model, sizeof out->claimed_model, model);
    struct emit e = emit_of(&out->tpm_json);
    emit_object(&e);
    emit_text_member(&e, "manufacturer", manufacturer);
    emit_text_member(&e, "model", model);
    emit_text_member(&e, "firmware_version", firmware);
    emit_text_member(&e, "family", family);
    emit_text_member(&e, "revision", revision);
    emit_end_object(&e);
    return emit_check(&e);
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
    buffer_free(&b->tpm_json);
    if (b->token)
        explicit_bzero(b->token, strlen(b->token));
    free(b->token);
    *b = (struct enrollment_body){0};
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
