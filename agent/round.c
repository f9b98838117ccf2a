/* SPDX-License-Identifier: Apache-2.0 */
/* from: settings and state; to: an outcome; never: posts one quote over two challenges, or gives up
 * a challenge because an answer was lost. [protocol 3] */
#include "agent/round.h"

#include "agent/bundle.h"
#include "agent/clock.h"
#include "agent/request.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "evidence/evidence.h"
#include "evidence/tpm_wire.h"

#include <string.h>

#define PATH_DEVICES "/v1/devices"
#define TYPE_JSON    "application/json"
#define STEPS_MAX    16u
#define CHANNELS_MAX                                                                               \
    3u /* a verifier that closes the connection each time is not to be bound to                    \
        */
#define RESTARTS_MAX 1u
#define PATH_SIZE    96u

enum step { STEP_CHALLENGE, STEP_QUOTE, STEP_SEND, STEP_END };

struct round {
    const struct settings *settings;
    struct bytes announcement;
    struct state *state;
    struct outcome *out;
    struct client *client;
    struct device device;
    char device_id[DEVICE_ID_SIZE];
    struct buffer token;
    struct challenge challenge; /* parsed from token */
    bool has_exporter;
    uint8_t exporter[CLIENT_EXPORTER_SIZE]; /* of the connection as last seen */
    struct bundle bundle;
    bool whole_logs; /* the verifier asked for what was sent by reference */
    bool full_body;  /* and it needs the larger body */
    unsigned n_channels, n_restarts, n_fresh;
};

static void
close_round(struct round *r)
{
    bundle_free(&r->bundle);
    buffer_free(&r->token);
    device_close(&r->device);
    client_close(r->client);
}

static enum step
fail(struct round *r, const char *what, enum status s, const struct diag *diag)
{
    outcome_of_device(r->out, what, s, diag);
    return STEP_END;
}

static enum step
fail_exchange(struct round *r, const char *what, enum status s, const struct diag *diag)
{
    outcome_of_exchange(r->out, what, s, diag);
    return STEP_END;
}

/* The enrolled key and verifier are the ones at hand. What is not remembered is not compared: then
 * the verifier finds out. */
static bool
check_enrolled(struct round *r)
{
    const struct state *s = r->state;
    if (s->device[0] == '\0')
        return true;
    if (!text_equal(s->origin, r->settings->origin))
        outcome_set(r->out, OUTCOME_FAILED,
                    "this device enrolled with %s, not with verifier.url: run attest-agent enroll",
                    s->origin);
    else if (!bytes_equal(bytes_of(s->ak_name, s->ak_name_size), buffer_bytes(&r->device.ak_name)))
        outcome_set(
            r->out, OUTCOME_FAILED,
            "the attestation key is not the enrolled one: the TPM was replaced or given new "
            "seeds, or tpm.ak_counter or tpm.ak_algorithm changed; run attest-agent enroll");
    else
        return true;
    r->out->enroll_helps = true;
    return false;
}

/* What the verifier holds is of one boot: of one reset of the TPM, and of one kernel, since a kexec
 * may begin a new IMA list. */
static enum status
check_boot(struct round *r, struct diag *diag)
{
    char now[COLLECT_BOOT_ID_SIZE];
    struct state *s = r->state;
    struct tpm_attest attest = {0};
    enum status status = tpm_attest_parse(buffer_bytes(&r->bundle.quote.attest), &attest, diag);
    if (status != STATUS_OK)
        return status;
    collect_boot_id(now);
    if (attest.reset_count != s->reset_count || !text_equal(s->boot_id, now))
        state_forget_logs(s);
    s->reset_count = attest.reset_count;
    (void)text_copy(s->boot_id, sizeof s->boot_id, now);
    return STATUS_OK;
}

static bool
open_round(struct round *r, client_stop stop)
{
    struct diag diag = {0};
    enum status s = client_open(r->settings, stop, &r->client, &diag);
    if (s != STATUS_OK) {
        (void)fail_exchange(r, "verifier", s, &diag);
        return false;
    }
    s = device_open(r->settings, &r->device, &diag);
    if (s == STATUS_OK && r->state->device[0] == '\0')
        s = device_id(&r->device, r->settings->ek_algorithm, r->device_id, &diag);
    else
        (void)text_copy(r->device_id, sizeof r->device_id, r->state->device);
    if (s != STATUS_OK) {
        (void)fail(r, "TPM", s, &diag);
        return false;
    }
    return check_enrolled(r);
}

static void
see_channel(struct round *r, const struct client_reply *reply)
{
    r->has_exporter = reply->has_exporter;
    memcpy(r->exporter, reply->exporter, sizeof r->exporter);
}

static struct bytes
exporter_of(const struct round *r)
{
    return r->challenge.exporter_required ? bytes_of(r->exporter, sizeof r->exporter)
                                          : bytes_of(NULL, 0);
}

/* Take a token: parse what is ours to know of it. */
static enum step
take_challenge(struct round *r)
{
    struct diag diag = {0};
    struct bytes signed_part;
    struct bytes tag;
    enum status s =
        challenge_parse(buffer_bytes(&r->token), &r->challenge, &signed_part, &tag, &diag);
    if (s != STATUS_OK)
        return fail_exchange(r, "challenge", s, &diag);
    if (r->settings->exporter_required && !r->challenge.exporter_required) {
        outcome_set(r->out, OUTCOME_UNAVAILABLE,
                    "the verifier does not bind the TLS channel, but verifier.exporter = required");
        return STEP_END;
    }
    if (r->challenge.exporter_required && !r->has_exporter) {
        outcome_set(r->out, OUTCOME_UNAVAILABLE,
                    "the verifier asks for a channel binding that this TLS connection cannot give");
        return STEP_END;
    }
    return STEP_QUOTE;
}

/* An answer of another HTTP status than the wanted one. */
static enum step
refused(struct round *r, const struct client_reply *reply)
{
    CLEANUP(reply_problem_free) struct reply_problem problem = {0};
    reply_problem_parse(buffer_bytes(&reply->body), &problem);
    if (reply->code == 409 && problem.challenge.size > 0 && r->n_fresh++ == 0) {
        buffer_reset(&r->token);
        buffer_append(&r->token, buffer_bytes(&problem.challenge));
        see_channel(r, reply);
        return buffer_check(&r->token) == STATUS_OK ? take_challenge(r)
                                                    : fail(r, "challenge", STATUS_NOMEM, NULL);
    }
    if (text_equal(problem.code, reason_code_name(REASON_LOG_WANTED)) && !r->whole_logs) {
        r->whole_logs = true;
        state_forget_logs(r->state);
        return STEP_SEND;
    }
    outcome_of_problem(r->out, reply->code, &problem, reply->retry_after_s);
    return STEP_END;
}

static enum step
get_challenge(struct round *r)
{
    char path[PATH_SIZE];
    CLEANUP(buffer_free) struct buffer body = {0};
    CLEANUP(client_reply_free) struct client_reply reply = {0};
    (void)snprintf(path, sizeof path, PATH_DEVICES "/%s/challenges", r->device_id);
    enum status s = request_challenge_encode(r->full_body, &body);
    if (s != STATUS_OK)
        return fail(r, "challenge", s, NULL);
    struct client_request request = {
        .path = path,
        .content_type = TYPE_JSON,
        .body = buffer_bytes(&body),
    };
    struct diag diag = {0};
    s = client_send(r->client, &request, &reply, &diag);
    if (s != STATUS_OK)
        return fail_exchange(r, "challenge", s, &diag);
    if (reply.code != 201)
        return refused(r, &reply);
    see_channel(r, &reply);
    buffer_reset(&r->token);
    s = reply_challenge_parse(buffer_bytes(&reply.body), &r->token, &diag);
    return s == STATUS_OK ? take_challenge(r) : fail_exchange(r, "challenge", s, &diag);
}

/* The TPM leaves out of the quote what it has not. The verifier refuses that, and says so in its
 * own records; here it is told why. */
static void
warn_of_banks(const struct round *r)
{
    CLEANUP(buffer_free) struct buffer wanted = {0};
    CLEANUP(buffer_free) struct buffer quoted = {0};
    if (selection_equal(&r->challenge.selection, &r->bundle.quote.selection))
        return;
    selection_append_text(&r->challenge.selection, &wanted);
    selection_append_text(&r->bundle.quote.selection, &quoted);
    const char *wanted_text = buffer_text(&wanted);
    const char *quoted_text = buffer_text(&quoted);
    if (wanted_text && quoted_text)
        log_line(LOG_LEVEL_WARNING,
                 "the verifier asks for PCRs %s, this TPM can quote %s only: switch the bank on in "
                 "the firmware's setup, or change the policy",
                 wanted_text, quoted_text);
}

static enum step
make_quote(struct round *r)
{
    struct diag diag = {0};
    struct bundle_binding binding = {
        .token = buffer_bytes(&r->token),
        .challenge = &r->challenge,
        .device_id = r->device_id,
        .origin = r->settings->origin,
        .exporter = exporter_of(r),
    };
    enum status s = bundle_prepare(&r->bundle, r->settings, &r->device, r->announcement);
    if (s == STATUS_OK)
        s = bundle_quote(&r->bundle, &r->device, &binding, &diag);
    if (s == STATUS_OK)
        s = check_boot(r, &diag);
    if (s != STATUS_OK)
        return fail(r, "TPM", s, &diag);
    warn_of_banks(r);
    return STEP_SEND;
}

/* Where the entries that the verifier now holds end, so that the next round sends only what
 * follows. What does not fit is sent whole the next time. */
static void
remember_held(struct round *r, const struct reply_verdict *v)
{
    struct state *s = r->state;
    const struct bundle *b = &r->bundle;
    size_t size = 0;
    s->has_boot_log = v->has_boot_log;
    memcpy(s->boot_log, v->boot_log, sizeof s->boot_log);
    bool known = v->held_ima >= b->ima_entries &&
                 collect_ima_size(buffer_bytes(&b->ima_log.content), v->held_ima - b->ima_entries,
                                  &size) == STATUS_OK;
    s->ima_entries = known ? v->held_ima : 0;
    s->ima_size = known ? b->ima_size + size : 0;
}

static enum step
accept(struct round *r, const struct client_reply *reply)
{
    struct diag diag = {0};
    struct reply_verdict *v = calloc(1, sizeof *v);
    if (!v)
        return fail(r, "verdict", STATUS_NOMEM, NULL);
    enum status s = reply_verdict_parse(buffer_bytes(&reply->body), v, &diag);
    if (s != STATUS_OK) {
        reply_verdict_free(v);
        free(v);
        return fail_exchange(r, "verdict", s, &diag);
    }
    remember_held(r, v);
    outcome_of_verdict(r->out, v);
    s = state_save_result(r->settings->state_directory, buffer_bytes(&v->result), &diag);
    if (s != STATUS_OK)
        log_diag(LOG_LEVEL_WARNING, "result.jwt is not kept", s, &diag);
    reply_verdict_free(v);
    if (r->state->verdict)
        reply_verdict_free(r->state->verdict);
    free(r->state->verdict);
    r->state->verdict = v;
    r->state->verdict_s = clock_now_s();
    return STEP_END;
}

/* The post did not give an answer. On another channel than the quoted one nothing was sent, and
 * libcurl closes what it refused to use: the next challenge opens the channel to be bound to. */
static enum step
lost(struct round *r, enum status s, const struct diag *diag)
{
    if (s == STATUS_STALE && r->n_channels++ < CHANNELS_MAX)
        return STEP_CHALLENGE;
    if (s == STATUS_UNCERTAIN && r->n_restarts++ < RESTARTS_MAX)
        return STEP_CHALLENGE;
    return fail_exchange(r, "evidence", s, diag);
}

static enum step
post(struct round *r, struct bytes body)
{
    char path[PATH_SIZE];
    CLEANUP(buffer_free) struct buffer token = {0};
    CLEANUP(client_reply_free) struct client_reply reply = {0};
    struct diag diag = {0};
    (void)snprintf(path, sizeof path, PATH_DEVICES "/%s/evidence", r->device_id);
    text_append_base64url(&token, buffer_bytes(&r->token));
    struct client_request request = {
        .path = path,
        .content_type = EVIDENCE_TYPE_CBOR,
        .body = body,
        .challenge = buffer_text(&token),
        .exporter = r->challenge.exporter_required ? r->exporter : NULL,
    };
    if (!request.challenge)
        return fail(r, "evidence", STATUS_NOMEM, NULL);
    enum status s = client_send(r->client, &request, &reply, &diag);
    if (s != STATUS_OK)
        return lost(r, s, &diag);
    return reply.code == 201 ? accept(r, &reply) : refused(r, &reply);
}

/* A body above the small limit needs a challenge that permits it. */
static enum step
send_evidence(struct round *r)
{
    CLEANUP(buffer_free) struct buffer body = {0};
    bool held = r->state->has_boot_log && r->bundle.boot_log.state == COLLECT_READ &&
                digest_bytes_equal(bytes_of(r->state->boot_log, DIGEST_SHA256_SIZE),
                                   bytes_of(r->bundle.boot_log_sha256, DIGEST_SHA256_SIZE));
    enum status s = bundle_collect(&r->bundle, r->settings, r->state);
    if (s == STATUS_OK)
        s = bundle_encode(&r->bundle, held, &body);
    if (s != STATUS_OK)
        return fail(r, "evidence", s, NULL);
    if (body.size > LIMIT_BODY_SMALL && !r->challenge.full_logs && !r->full_body) {
        r->full_body = true;
        return STEP_CHALLENGE;
    }
    if (body.size > LIMIT_BODY_LARGE)
        return fail(r, "evidence", STATUS_LIMIT,
                    &(struct diag){.text = "the logs are larger than a verifier accepts"});
    return post(r, buffer_bytes(&body));
}

void
round_run(const struct round_order *order, struct state *state, struct outcome *out)
{
    static enum step (*const steps[])(struct round *) = {
        [STEP_CHALLENGE] = get_challenge,
        [STEP_QUOTE] = make_quote,
        [STEP_SEND] = send_evidence,
    };
    CLEANUP(close_round)
    struct round r = {
        .settings = order->settings,
        .announcement = order->announcement,
        .state = state,
        .out = out,
    };
    *out = (struct outcome){0};
    enum step step = open_round(&r, order->stop) ? STEP_CHALLENGE : STEP_END;
    for (unsigned n = 0; step != STEP_END && n < STEPS_MAX; n++)
        step = steps[step](&r);
    if (step != STEP_END)
        outcome_set(out, OUTCOME_UNAVAILABLE, "the verifier never came to an answer");
}
