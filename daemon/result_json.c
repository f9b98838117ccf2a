/* SPDX-License-Identifier: Apache-2.0 */
/* from: a stored token of ours; to: the same claims, signed again for one relying party; never:
 * alters a verdict. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/result_claims.h"
#include "daemon/result_names.h"

#include <jansson.h>
#include <string.h>

#define NONCE_MIN 8u
#define NONCE_MAX 88u

#define SUBMOD_PREFIX "perspective/"
#define JTI_RANDOM    8u

static void
free_textp(char **text)
{
    free(*text);
}

/* The payload of a compact serialisation. Its signature was made by us before it was stored. */
static json_t *
load_claims(const char *token)
{
    const char *begin = strchr(token, '.');
    const char *end = begin ? strchr(begin + 1, '.') : NULL;
    if (!end)
        return NULL;
    CLEANUP(buffer_free) struct buffer payload = {0};
    if (text_parse_base64url(bytes_of(begin + 1, (size_t)(end - begin - 1)), &payload) != STATUS_OK)
        return NULL;
    return json_loadb((const char *)payload.data, payload.size, JSON_REJECT_DUPLICATES, NULL);
}

static void
rename_member(json_t *object, const char *from, const char *to)
{
    json_t *value = json_object_get(object, from);
    if (!value || text_equal(from, to))
        return;
    (void)json_object_set(object, to, value);
    (void)json_object_del(object, from);
}

/* Veraison's policy id is one string. */
static void
join_policy_ids(json_t *submod, const char *name)
{
    json_t *ids = json_object_get(submod, name);
    if (!json_is_array(ids))
        return;
    CLEANUP(buffer_free) struct buffer joined = {0};
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id)
    {
        if (i > 0)
            buffer_append_u8(&joined, ' ');
        buffer_append_text(&joined, json_string_value(id));
    }
    const char *text = buffer_text(&joined);
    if (text)
        (void)json_object_set_new(submod, name, json_string(text));
}

/* Stored tokens are in the IETF dialect. */
static void
translate(json_t *claims, enum result_dialect dialect)
{
    if (dialect == RESULT_IETF)
        return;
    for (unsigned c = 0; c < CLAIM_COUNT; c++)
        rename_member(claims, result_names[RESULT_IETF][c], result_names[dialect][c]);
    const char *name;
    json_t *submod;
    json_object_foreach(json_object_get(claims, "submods"), name, submod)
    {
        for (unsigned c = 0; c < CLAIM_COUNT; c++)
            rename_member(submod, result_names[RESULT_IETF][c], result_names[dialect][c]);
        join_policy_ids(submod, result_names[dialect][CLAIM_POLICY_IDS]);
    }
    (void)json_object_set_new(claims, "eat_profile", json_string(result_profiles[dialect]));
}

static bool
is_granted(const struct store_grants *granted, const char *submod)
{
    if (!text_starts(submod, SUBMOD_PREFIX))
        return false;
    for (size_t i = 0; i < granted->n; i++) {
        if (text_equal(granted->names[i], submod + sizeof SUBMOD_PREFIX - 1))
            return true;
    }
    return false;
}

static enum verdict
read_verdict(const json_t *submod)
{
    const char *status =
        json_string_value(json_object_get(submod, result_names[RESULT_IETF][CLAIM_STATUS]));
    for (unsigned v = VERDICT_TRUSTED; status && v > VERDICT_NONE; v--) {
        if (text_equal(verdict_ear_status((enum verdict)v), status))
            return (enum verdict)v;
    }
    return VERDICT_NONE;
}

/* Keep the granted submodules; the status of the others must not show in the whole either. */
static enum status
keep_granted(json_t *claims, const struct store_grants *granted)
{
    const char *name;
    json_t *submod;
    void *next;
    json_t *submods = json_object_get(claims, "submods");
    enum verdict worst = VERDICT_TRUSTED;
    json_object_foreach_safe(submods, next, name, submod)
    {
        if (is_granted(granted, name))
            worst = verdict_worse(worst, read_verdict(submod));
        else
            (void)json_object_del(submods, name);
    }
    if (json_object_size(submods) == 0)
        return STATUS_NOT_FOUND;
    return json_object_set_new(claims, result_names[RESULT_IETF][CLAIM_STATUS],
                               json_string(verdict_ear_status(worst))) == 0
               ? STATUS_OK
               : STATUS_NOMEM;
}

/* Two tokens are two, whatever they say of one attestation. [RFC 7519 4.1.7] */
static enum status
rename_token(json_t *claims)
{
    uint8_t random[JTI_RANDOM];
    char hex[2 * JTI_RANDOM + 1];
    enum status s = digest_random(random, sizeof random);
    if (s != STATUS_OK)
        return s;
    json_t *jti = json_sprintf("%s.%s", json_string_value(json_object_get(claims, "jti")),
                               text_hex(bytes_of(random, sizeof random), hex, sizeof hex));
    return jti && json_object_set_new(claims, "jti", jti) == 0 ? STATUS_OK : STATUS_MALFORMED;
}

static bool
nonce_fits(const char *nonce)
{
    size_t size = strlen(nonce);
    return size >= NONCE_MIN && size <= NONCE_MAX && text_is_printable(bytes_of(nonce, size));
}

enum status
result_reissue(const char *token, const struct result_request *request, const struct key *key,
               struct result **out)
{
    *out = NULL;
    if (request->nonce && !nonce_fits(request->nonce))
        return STATUS_INVALID;
    json_auto_t *claims = load_claims(token);
    json_t *exp = json_object_get(claims, "exp");
    if (!json_is_integer(exp))
        return STATUS_MALFORMED;
    if (json_integer_value(exp) <= request->now_s)
        return STATUS_STALE;
    enum status s = request->granted ? keep_granted(claims, request->granted) : STATUS_OK;
    if (s == STATUS_OK)
        s = rename_token(claims);
    if (s != STATUS_OK)
        return s;
    translate(claims, request->dialect);
    (void)json_object_set_new(claims, "iat", json_integer(request->now_s));
    if (request->audience)
        (void)json_object_set_new(claims, "aud", json_string(request->audience));
    if (request->nonce)
        (void)json_object_set_new(claims, "eat_nonce", json_string(request->nonce));
    CLEANUP(free_textp) char *text = json_dumps(claims, JSON_COMPACT);
    if (!text)
        return STATUS_NOMEM;
    return result_sign_claims(bytes_of(text, strlen(text)), key, out);
}
