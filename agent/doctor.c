/* SPDX-License-Identifier: Apache-2.0 */
/* from: settings and what they name; to: findings; never: changes anything, or judges evidence. */
#include "agent/doctor.h"

#include "agent/client.h"
#include "agent/clock.h"
#include "agent/command.h"
#include "agent/device.h"
#include "agent/ek_list.h"
#include "agent/state.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

#define TOKEN_MAX 4096u

static const char *const level_names[] = {
    [DOCTOR_OK] = "ok",
    [DOCTOR_WARNING] = "warning",
    [DOCTOR_FAILURE] = "failure",
};

const char *
doctor_level_name(enum doctor_level level)
{
    return level_names[level];
}

void
doctor_add(struct doctor *d, enum doctor_level level, const char *subject, const char *advice,
           const char *format, ...)
{
    if (d->n_findings >= DOCTOR_FINDINGS)
        return;
    struct doctor_finding *f = &d->findings[d->n_findings++];
    va_list args;
    *f = (struct doctor_finding){.level = level};
    va_start(args, format);
    (void)vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    (void)text_copy(f->subject, sizeof f->subject, subject);
    (void)text_copy(f->advice, sizeof f->advice, level == DOCTOR_OK ? "" : advice);
}

enum doctor_level
doctor_worst(const struct doctor *d)
{
    enum doctor_level worst = DOCTOR_OK;
    for (size_t i = 0; i < d->n_findings; i++) {
        if (d->findings[i].level > worst)
            worst = d->findings[i].level;
    }
    return worst;
}

static void
examine_clock(struct doctor *d)
{
    char now[TEXT_TIME_SIZE];
    int64_t now_s = clock_now_s();
    (void)text_time(now_s, now, sizeof now);
    doctor_add(d, clock_is_wrong(now_s) ? DOCTOR_FAILURE : DOCTOR_OK, "clock",
               "set the clock (timedatectl set-ntp true): no certificate is valid in that year",
               "it is %s", now);
}

static void
examine_state(struct doctor *d, const struct settings *s)
{
    bool writable = access(s->state_directory, R_OK | W_OK | X_OK) == 0;
    doctor_add(d, writable ? DOCTOR_OK : DOCTOR_WARNING, "state",
               "make it, owned by the user that attest-agent runs as; until then whole logs are "
               "sent in every round",
               "%s %s", s->state_directory, writable ? "can be written" : "cannot be written");
}

static void
examine_token(struct doctor *d, const struct settings *s)
{
    CLEANUP(buffer_free) struct buffer token = {0};
    struct diag diag = {0};
    if (!s->token_file)
        return;
    enum status status = file_load_secret(s->token_file, TOKEN_MAX, &token, &diag);
    doctor_add(d, status == STATUS_OK ? DOCTOR_OK : DOCTOR_WARNING, "join token",
               "needed to enrol only: put it there with mode 0600", "%s %s",
               status == STATUS_OK ? s->token_file : diag.text,
               status == STATUS_OK ? "is readable" : "");
}

void
doctor_examine_settings(struct doctor *d, const struct settings *s)
{
    examine_clock(d);
    examine_state(d, s);
    examine_token(d, s);
}

static void
examine_lockout(struct doctor *d, const struct tpm_info *info)
{
    bool counting = info->in_lockout || info->lockout_counter > 0;
    doctor_add(d,
               info->in_lockout ? DOCTOR_FAILURE
               : counting       ? DOCTOR_WARNING
                                : DOCTOR_OK,
               "lock-out",
               "some program gives the TPM wrong passwords, or power is cut while one uses a key "
               "under dictionary attack protection (this agent uses none)",
               "%u of %u failed authorisations%s", info->lockout_counter, info->lockout_limit,
               info->in_lockout ? ": the TPM is locked" : "");
}

static void
examine_info(struct doctor *d, struct tpm *t)
{
    struct tpm_info info;
    struct diag diag = {0};
    if (tpm_info_get(t, &info, &diag) != STATUS_OK) {
        doctor_add(d, DOCTOR_FAILURE, "tpm", "see the TPM's manual", "%s", diag.text);
        return;
    }
    doctor_add(d, DOCTOR_OK, "tpm", "", "%s %s, family %s revision %s, firmware %u.%u.%u.%u",
               info.manufacturer, info.model, info.family, info.revision,
               (unsigned)(info.firmware_version >> 48) & 0xFFFFu,
               (unsigned)(info.firmware_version >> 32) & 0xFFFFu,
               (unsigned)(info.firmware_version >> 16) & 0xFFFFu,
               (unsigned)info.firmware_version & 0xFFFFu);
    if (text_starts(info.model, "SW "))
        doctor_add(d, DOCTOR_WARNING, "tpm",
                   "use the machine's own TPM; a verifier admits this one only where its policy "
                   "names software TPMs",
                   "it is software and proves nothing about the machine");
    examine_lockout(d, &info);
}

static void
examine_eks(struct doctor *d, const struct settings *s, struct tpm *t)
{
    CLEANUP(ek_list_free) struct ek_list eks = {0};
    struct diag diag = {0};
    if (ek_list_load(t, s->ek_algorithm, &eks, &diag) != STATUS_OK) {
        doctor_add(d, DOCTOR_FAILURE, "ek", "see the message", "%s", diag.text);
        return;
    }
    for (size_t i = 0; i < eks.n_items; i++) {
        const struct ek_list_item *e = &eks.items[i];
        const char *name = tpm_ek_template(e->which)->name;
        if (e->certificate.size > 0)
            doctor_add(d, DOCTOR_OK, "ek", "", "%s%s with a certificate for it", name,
                       i == 0 ? " (used to enrol)" : "");
        else if (e->certificate_unreadable)
            doctor_add(d, DOCTOR_WARNING, "ek",
                       "tpm2_nvreadpublic shows what it wants: the agent reads it with empty "
                       "passwords only, and nothing when it was never written",
                       "%s: the certificate's NV index 0x%x cannot be read", name,
                       tpm_ek_template(e->which)->certificate);
        else if (e->certificate_differs)
            doctor_add(d, DOCTOR_FAILURE, "ek",
                       "the TPM's seed was changed after it left its maker, or its template is "
                       "not a standard one: ask the maker",
                       "%s: the certificate in NV is for another key", name);
        else
            doctor_add(d, DOCTOR_WARNING, "ek",
                       "its maker may give one; until then it enrols only where attestd has "
                       "enrollment.genuine = unverified",
                       "%s without a certificate: nothing shows that the TPM is genuine", name);
    }
    doctor_add(d, DOCTOR_OK, "ek chain", "", "%zu issuers' certificates in NV", eks.n_chain);
}

static void
examine_banks(struct doctor *d, struct tpm *t)
{
    struct selection banks;
    struct diag diag = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    if (tpm_banks_get(t, &banks, &diag) != STATUS_OK) {
        doctor_add(d, DOCTOR_FAILURE, "banks", "see the message", "%s", diag.text);
        return;
    }
    bool trusted = false;
    for (size_t i = 0; i < banks.n_banks; i++) {
        const struct alg *alg = alg_by_id(banks.banks[i].alg);
        trusted = trusted || (alg && alg->trusted);
        buffer_append_format(&text, "%s%s", i > 0 ? ", " : "", alg_name(banks.banks[i].alg));
    }
    doctor_add(d, trusted ? DOCTOR_OK : DOCTOR_FAILURE, "banks",
               "switch on the SHA-256 bank in the firmware's setup", "%s", buffer_text(&text));
}

static void
examine_ak(struct doctor *d, const struct settings *s, const struct device *device)
{
    CLEANUP(state_free) struct state state = {0};
    bool lost = false;
    char name[160];
    (void)text_hex(buffer_bytes(&device->ak_name), name, sizeof name);
    doctor_add(d, DOCTOR_OK, "ak", "", "%s", name);
    if (state_load(s->state_directory, &state, &lost, NULL) != STATUS_OK)
        return;
    if (state.device[0] == '\0')
        doctor_add(d, DOCTOR_WARNING, "enrolment", "run attest-agent enroll", "none is remembered");
    else if (!bytes_equal(bytes_of(state.ak_name, state.ak_name_size),
                          buffer_bytes(&device->ak_name)))
        doctor_add(d, DOCTOR_FAILURE, "enrolment", "run attest-agent enroll",
                   "the enrolled attestation key is another one");
    else
        doctor_add(d, DOCTOR_OK, "enrolment", "", "%s, %s", state.device, state.enrolled);
}

void
doctor_examine_tpm(struct doctor *d, const struct settings *s)
{
    CLEANUP(device_close) struct device device = {0};
    struct diag diag = {0};
    if (device_open(s, &device, &diag) != STATUS_OK) {
        doctor_add(d, DOCTOR_FAILURE, "tpm", "the message says what to do", "%s", diag.text);
        doctor_examine_logs(d, s, NULL);
        return;
    }
    examine_info(d, device.tpm);
    examine_eks(d, s, device.tpm);
    examine_banks(d, device.tpm);
    examine_ak(d, s, &device);
    doctor_examine_logs(d, s, device.tpm);
}

static const char *
trust_text(const struct settings *s)
{
    if (s->ca_file && s->n_pins > 0)
        return "by CA file and pinned key";
    return s->n_pins > 0 ? "by pinned key" : "by CA file";
}

void
doctor_examine_verifier(struct doctor *d, const struct settings *s)
{
    CLEANUP(client_closep) struct client *client = NULL;
    CLEANUP(client_reply_free) struct client_reply reply = {0};
    struct diag diag = {0};
    enum status status = client_open(s, NULL, &client, &diag);
    if (status == STATUS_OK)
        status = client_send(client, &(struct client_request){.path = "/healthz"}, &reply, &diag);
    if (status != STATUS_OK) {
        doctor_add(d, DOCTOR_FAILURE, "verifier", "the message says what to do", "%s", diag.text);
        return;
    }
    doctor_add(d, reply.code == 200 ? DOCTOR_OK : DOCTOR_WARNING, "verifier",
               "look at attestd there: this is not a healthy one", "%s answers %u, verified %s",
               s->origin, reply.code, trust_text(s));
    doctor_add(d, reply.has_exporter ? DOCTOR_OK : DOCTOR_WARNING, "channel binding",
               "TLS 1.3, or 1.2 with extended master secret, is needed for it", "%s",
               reply.has_exporter ? "this connection can give one"
                                  : "this connection cannot give one");
}

static enum status
encode_text(const struct doctor *d, struct buffer *out)
{
    for (size_t i = 0; i < d->n_findings; i++) {
        const struct doctor_finding *f = &d->findings[i];
        buffer_append_format(out, "%-8s %-16s %s\n", doctor_level_name(f->level), f->subject,
                             f->text);
        if (f->advice[0] != '\0')
            buffer_append_format(out, "%-25s -> %s\n", "", f->advice);
    }
    return buffer_check(out);
}

static void
free_doctorp(struct doctor **d)
{
    free(*d);
}

int
command_doctor(const struct settings *s, const struct command_flags *f)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(free_doctorp) struct doctor *d = calloc(1, sizeof *d);
    if (!d)
        return 1;
    doctor_examine_settings(d, s);
    doctor_examine_tpm(d, s);
    doctor_examine_verifier(d, s);
    enum status status = f->json ? doctor_encode_json(d, &text) : encode_text(d, &text);
    if (status != STATUS_OK || fwrite(text.data, 1, text.size, stdout) != text.size)
        return 1;
    return doctor_worst(d) == DOCTOR_FAILURE ? 1 : 0;
}
