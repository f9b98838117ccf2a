/* SPDX-License-Identifier: Apache-2.0 */
/* from: statuses, problems and verdicts; to: an outcome; never: calls anything but "trusted"
 * trusted. */
#include "agent/outcome.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int exit_code;
} kinds[OUTCOME_COUNT] = {
    [OUTCOME_NONE] = {"none", 0},       [OUTCOME_DONE] = {"done", 0},
    [OUTCOME_TRUSTED] = {"trusted", 0}, [OUTCOME_NOT_TRUSTED] = {"not-trusted", 3},
    [OUTCOME_REFUSED] = {"refused", 1}, [OUTCOME_FAILED] = {"failed", 1},
    [OUTCOME_USAGE] = {"usage", 2},     [OUTCOME_UNAVAILABLE] = {"unavailable", 69},
    [OUTCOME_LATER] = {"later", 75},    [OUTCOME_DENIED] = {"denied", 77},
};

/* What a person at the device can do about a refusal. */
static const struct {
    const char *code;
    const char *advice;
} remedies[] = {
    {"device.unknown", "run attest-agent enroll, or set enrollment.automatic = yes"},
    {"device.not-enrolled", "an operator must approve it: compare attest-agent identity"},
    {"quote.signature", "the enrolled key is another one; run attest-agent enroll"},
    {"quote.selection", "the policy names PCR banks that this TPM has not: attest-agent doctor"},
    {"enroll.token", "put a valid join token into enrollment.token_file"},
    {"enroll.not-member", "get a join token, or ask an operator to expect this device"},
    {"ek.chain", "the verifier lacks this TPM maker's root certificate, or the TPM its own: "
                 "attest-agent doctor tells which"},
    {"ek.software", "the verifier's policy must name software TPMs"},
    {"challenge.expired", "the quote took longer than the challenge lives; is the TPM slow?"},
    {"evidence.exporter", "something between ends the TLS connection"},
};

const char *
outcome_name(enum outcome_kind kind)
{
    return (size_t)kind < OUTCOME_COUNT ? kinds[kind].name : kinds[OUTCOME_NONE].name;
}

enum outcome_kind
outcome_parse(const char *name)
{
    for (int kind = OUTCOME_NONE; kind < OUTCOME_COUNT; kind++) {
        if (text_equal(name, kinds[kind].name))
            return (enum outcome_kind)kind;
    }
    return OUTCOME_NONE;
}

int
outcome_exit_code(enum outcome_kind kind)
{
    return (size_t)kind < OUTCOME_COUNT ? kinds[kind].exit_code : 1;
}

/* One line of UTF-8, whatever the verifier said and wherever the text was cut: the service manager
 * reads lines (sd_notify), state.json takes UTF-8 only. */
static void
clean_message(struct outcome *o)
{
    bool utf8 = text_is_utf8(bytes_of_text(o->message));
    for (char *c = o->message; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7F)
            *c = ' ';
        else if (byte >= 0x80 && !utf8)
            *c = '?';
    }
}

void
outcome_set(struct outcome *o, enum outcome_kind kind, const char *format, ...)
{
    va_list args;
    *o = (struct outcome){.kind = kind};
    va_start(args, format);
    (void)vsnprintf(o->message, sizeof o->message, format, args);
    va_end(args);
    clean_message(o);
}

static const char *
text_of(enum status s, const struct diag *diag)
{
    return diag && diag->text[0] != '\0' ? diag->text : status_name(s);
}

void
outcome_of_device(struct outcome *o, const char *what, enum status s, const struct diag *diag)
{
    enum outcome_kind kind = OUTCOME_FAILED;
    if (s == STATUS_DENIED)
        kind = OUTCOME_DENIED;
    else if (s == STATUS_BUSY || s == STATUS_CONFLICT)
        kind = OUTCOME_LATER;
    else if (s == STATUS_INVALID)
        kind = OUTCOME_USAGE;
    outcome_set(o, kind, "%s: %s", what, text_of(s, diag));
}

void
outcome_of_exchange(struct outcome *o, const char *what, enum status s, const struct diag *diag)
{
    enum outcome_kind kind = OUTCOME_UNAVAILABLE;
    if (s == STATUS_INVALID)
        kind = OUTCOME_USAGE;
    else if (s == STATUS_NOMEM || s == STATUS_CRYPTO || s == STATUS_NOT_FOUND)
        kind = OUTCOME_FAILED;
    else if (s == STATUS_BUSY)
        kind = OUTCOME_LATER;
    outcome_set(o, kind, "%s: %s", what, text_of(s, diag));
}

static enum outcome_kind
kind_of_code(unsigned http_code, const char *code)
{
    if (http_code == 503 || http_code == 429 || text_equal(code, "device.not-enrolled"))
        return OUTCOME_LATER;
    if (http_code == 403 && code[0] != '\0')
        return OUTCOME_DENIED;
    return http_code >= 400 && http_code < 500 && code[0] != '\0' ? OUTCOME_REFUSED
                                                                  : OUTCOME_UNAVAILABLE;
}

void
outcome_of_problem(struct outcome *o, unsigned http_code, const struct reply_problem *problem,
                   int64_t retry_after_s)
{
    const char *advice = "";
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (text_equal(remedies[i].code, problem->code))
            advice = remedies[i].advice;
    }
    const char *title =
        problem->title[0] != '\0' ? problem->title : "an answer that is not attestd's";
    outcome_set(o, kind_of_code(http_code, problem->code), "HTTP %u%s%s: %s%s%s%s%s", http_code,
                problem->code[0] != '\0' ? " " : "", problem->code, title,
                problem->detail[0] != '\0' ? "; " : "", problem->detail,
                advice[0] != '\0' ? " - " : "", advice);
    (void)text_copy(o->code, sizeof o->code, problem->code);
    o->retry_after_s = retry_after_s;
    o->enroll_helps = text_equal(problem->code, "device.unknown");
}

static void
tell_trusted(struct outcome *o, const struct reply_verdict *v)
{
    outcome_set(o, OUTCOME_TRUSTED, "trusted");
    for (size_t i = 0; i < v->n_perspectives; i++) {
        size_t size = strlen(o->message);
        (void)snprintf(o->message + size, sizeof o->message - size, "%s%s", i > 0 ? ", " : " by ",
                       v->perspectives[i].name);
    }
    clean_message(o);
}

/* The first perspective that has the verdict of the whole, and its first reason. */
void
outcome_of_verdict(struct outcome *o, const struct reply_verdict *v)
{
    if (text_equal(v->verdict, "trusted")) {
        tell_trusted(o, v);
        return;
    }
    outcome_set(o, OUTCOME_NOT_TRUSTED, "%s", v->verdict);
    for (size_t i = 0; i < v->n_perspectives; i++) {
        const struct reply_perspective *p = &v->perspectives[i];
        const struct reply_reason *r = &p->reasons[0];
        if (!text_equal(p->verdict, v->verdict) || p->n_reasons == 0)
            continue;
        outcome_set(o, OUTCOME_NOT_TRUSTED, "%s by %s: %s%s%s%s%s%s", v->verdict, p->name, r->code,
                    r->what[0] ? " (" : "", r->what, r->what[0] ? ")" : "",
                    r->sentence[0] ? ": " : "", r->sentence);
        (void)text_copy(o->code, sizeof o->code, r->code);
        return;
    }
}

void
outcome_of_announcement(struct outcome *o, const struct reply_verdict *v)
{
    const struct reply_reason *r = &v->announcement_reason;
    if (v->announcement_accepted) {
        outcome_set(o, OUTCOME_DONE, "taken: it explains the next boot, if it is before %s",
                    v->announcement_expires);
        return;
    }
    if (!v->announced) {
        outcome_set(o, OUTCOME_UNAVAILABLE,
                    "the verifier said nothing of the announcement; does "
                    "it know announcements?");
        return;
    }
    outcome_set(o,
                text_equal(r->code, "announce.not-trusted") ? OUTCOME_NOT_TRUSTED : OUTCOME_REFUSED,
                "refused: %s%s%s%s: %s", r->code, r->what[0] ? " (" : "", r->what,
                r->what[0] ? ")" : "", r->sentence);
    (void)text_copy(o->code, sizeof o->code, r->code);
}
