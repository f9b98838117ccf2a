/* SPDX-License-Identifier: Apache-2.0 */
/* from: this device's keys; to: a name at the verifier; never: shows the join token to anybody
 * else, or keeps the secret. [protocol 2] */
#include "agent/enroll.h"

#include "agent/clock.h"
#include "agent/device.h"
#include "agent/ek_list.h"
#include "agent/exchange.h"
#include "agent/request.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#include <string.h>

#define PATH_ENROLL "/v1/enrollments"
#define TYPE_JSON   "application/json"
#define TOKEN_MAX   4096u

struct enrollment {
    const struct settings *settings;
    struct client *client;
    struct device device;
    struct ek_list eks;
    struct outcome *out;
};

static void
close_enrollment(struct enrollment *e)
{
    ek_list_free(&e->eks);
    device_close(&e->device);
    client_close(e->client);
}

static bool
fail(struct enrollment *e, const char *what, enum status s, const struct diag *diag)
{
    outcome_of_device(e->out, what, s, diag);
    return false;
}

static bool
open_enrollment(struct enrollment *e, client_stop stop)
{
    struct diag diag = {0};
    enum status s = client_open(e->settings, stop, &e->client, &diag);
    if (s != STATUS_OK) {
        outcome_of_exchange(e->out, "enrol", s, &diag);
        return false;
    }
    s = device_open(e->settings, &e->device, &diag);
    if (s == STATUS_OK)
        s = ek_list_load(e->device.tpm, e->settings->ek_algorithm, &e->eks, &diag);
    return s == STATUS_OK || fail(e, "TPM", s, &diag);
}

/* The token without its line end; text stays empty when none is configured. */
static enum status
load_token(const char *path, struct buffer *text, struct diag *diag)
{
    if (!path)
        return STATUS_OK;
    enum status s = file_load_secret(path, TOKEN_MAX, text, diag);
    if (s != STATUS_OK)
        return s;
    while (text->size > 0 &&
           (text->data[text->size - 1] == '\n' || text->data[text->size - 1] == '\r'))
        text->size--;
    if (text->size == 0 || !text_is_printable(buffer_bytes(text)))
        return diag_set(diag, STATUS_INVALID, "enroll", 0,
                        "enrollment.token_file: not a token on one line");
    return STATUS_OK;
}

static bool
encode_request(struct enrollment *e, struct buffer *body)
{
    struct diag diag = {0};
    CLEANUP(buffer_free) struct buffer token = {0};
    struct tpm_info info = {0};
    enum status s = load_token(e->settings->token_file, &token, &diag);
    if (s != STATUS_OK)
        return fail(e, "join token", s, &diag);
    s = tpm_info_get(e->device.tpm, &info, &diag);
    if (s != STATUS_OK)
        return fail(e, "TPM", s, &diag);
    struct request_enrollment request = {
        .eks = &e->eks,
        .ak_public = buffer_bytes(&e->device.ak.public_area),
        .tpm = &info,
        .token = token.size > 0 ? buffer_text(&token) : NULL,
    };
    s = request_enrollment_encode(&request, body);
    return s == STATUS_OK || fail(e, "enrol", s, NULL);
}

static bool
request_credential(struct enrollment *e, struct reply_enrollment *offer)
{
    CLEANUP(buffer_free) struct buffer body = {0};
    CLEANUP(client_reply_free) struct client_reply reply = {0};
    if (!encode_request(e, &body))
        return false;
    struct client_request request = {
        .path = PATH_ENROLL,
        .content_type = TYPE_JSON,
        .body = buffer_bytes(&body),
    };
    if (!exchange(e->client, &request, 201, "enrol", &reply, e->out))
        return false;
    struct diag diag = {0};
    enum status s = reply_enrollment_parse(buffer_bytes(&reply.body), offer, &diag);
    if (s != STATUS_OK)
        outcome_of_exchange(e->out, "enrol", s, &diag);
    return s == STATUS_OK;
}

/* The proof that EK and AK are in one TPM. */
static bool
prove(struct enrollment *e, const struct reply_enrollment *offer,
      uint8_t proof[static DIGEST_SHA256_SIZE])
{
    struct diag diag = {0};
    CLEANUP(tpm_key_close) struct tpm_key ek = {0};
    CLEANUP(buffer_free) struct buffer secret = {0};
    const struct ek_list_item *first = &e->eks.items[0];
    struct tpm_credential made = {
        .blob = buffer_bytes(&offer->blob),
        .seed = buffer_bytes(&offer->seed),
    };
    enum status s = tpm_ek_create(e->device.tpm, first->which, &ek, &diag);
    if (s == STATUS_OK)
        s = tpm_activate(&ek, first->which, &e->device.ak, &made, &secret, &diag);
    if (s != STATUS_OK)
        return fail(e, "activation", s, &diag);
    struct enrollment_transcript transcript = {
        .enrollment = buffer_bytes(&offer->sealed),
        .ek_spki = buffer_bytes(&first->spki),
        .ak_name = buffer_bytes(&e->device.ak_name),
        .origin = e->settings->origin,
    };
    s = enrollment_proof(e->device.hasher, buffer_bytes(&secret), &transcript, proof);
    return s == STATUS_OK || fail(e, "activation", s, NULL);
}

static bool
send_proof(struct enrollment *e, const struct reply_enrollment *offer,
           struct reply_activation *activation)
{
    uint8_t proof[DIGEST_SHA256_SIZE];
    CLEANUP(buffer_free) struct buffer path = {0};
    CLEANUP(buffer_free) struct buffer body = {0};
    CLEANUP(client_reply_free) struct client_reply reply = {0};
    if (!prove(e, offer, proof))
        return false;
    buffer_append_format(&path, PATH_ENROLL "/%s/activation", offer->id);
    enum status s = request_activation_encode(bytes_of(proof, sizeof proof), &body);
    struct client_request request = {
        .path = buffer_text(&path),
        .content_type = TYPE_JSON,
        .body = buffer_bytes(&body),
    };
    if (s != STATUS_OK || !request.path)
        return fail(e, "activation", STATUS_NOMEM, NULL);
    if (!exchange(e->client, &request, 200, "activation", &reply, e->out))
        return false;
    struct diag diag = {0};
    s = reply_activation_parse(buffer_bytes(&reply.body), activation, &diag);
    if (s != STATUS_OK)
        outcome_of_exchange(e->out, "activation", s, &diag);
    return s == STATUS_OK;
}

static void
remember(const struct enrollment *e, const struct reply_activation *a, struct state *state)
{
    struct bytes name = buffer_bytes(&e->device.ak_name);
    (void)text_copy(state->device, sizeof state->device, a->device);
    (void)text_copy(state->origin, sizeof state->origin, e->settings->origin);
    (void)text_copy(state->enrolled, sizeof state->enrolled, a->state);
    (void)text_copy(state->genuine, sizeof state->genuine, a->genuine);
    (void)text_copy(state->member_by, sizeof state->member_by, a->member_by);
    state->ak_name_size = name.size <= sizeof state->ak_name ? name.size : 0;
    memcpy(state->ak_name, name.data, state->ak_name_size);
    state->enrolled_s = clock_now_s();
    state_forget_logs(state);
}

void
enroll(const struct settings *settings, client_stop stop, struct state *state, struct outcome *out)
{
    CLEANUP(close_enrollment) struct enrollment e = {.settings = settings, .out = out};
    CLEANUP(reply_enrollment_free) struct reply_enrollment offer = {0};
    struct reply_activation activation = {0};
    *out = (struct outcome){0};
    if (!open_enrollment(&e, stop) || !request_credential(&e, &offer) ||
        !send_proof(&e, &offer, &activation))
        return;
    remember(&e, &activation, state);
    if (text_equal(activation.state, "enrolled"))
        outcome_set(out, OUTCOME_DONE, "enrolled as %s (genuine: %s, member by: %s)",
                    activation.device, activation.genuine, activation.member_by);
    else
        outcome_set(out, OUTCOME_LATER,
                    "known as %s, and %s: an operator must approve it by the EK fingerprint that "
                    "attest-agent identity shows",
                    activation.device, activation.state);
}
