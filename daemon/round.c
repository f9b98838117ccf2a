/* SPDX-License-Identifier: Apache-2.0 */
/* from: one stage's value; to: the next one's; never: answers the peer or commits. */
#include "daemon/round.h"

#include "appraise/attestation.h"
#include "appraise/stored_inputs.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

#define ATTESTATION_TIME   6u /* bytes of ms: until the year 10889 */
#define ATTESTATION_RANDOM 10u

static enum status
load_ak(struct round *round, struct hasher *h, struct reasons *reasons)
{
    if (round->remembered)
        return STATUS_OK;
    CLEANUP(buffer_free) struct buffer spki = {0};
    enum status s = ak_parse(h, buffer_bytes(&round->device.ak_public), &round->ak, reasons);
    if (s != STATUS_OK || !round->ak)
        return s;
    s = key_spki(ak_key(round->ak), &spki);
    return s == STATUS_OK ? digest_sha256(h, buffer_bytes(&spki), round->ak_thumbprint) : s;
}

enum status
round_quote(struct round *round, struct hasher *h, const struct attest_request *request,
            struct reasons *reasons)
{
    enum status s = request->json ? evidence_parse_json(request->body, &round->decoded,
                                                        &round->evidence, reasons)
                                  : evidence_parse(request->body, &round->evidence, reasons);
    if (reasons->n_items > 0)
        return STATUS_OK;
    if (s == STATUS_OK)
        s = load_ak(round, h, reasons);
    if (s != STATUS_OK || !round->ak)
        return s;
    return quote_verify(h, &round->evidence, round->ak, request->freshness, &round->quote, reasons);
}

/* Of the boot before this one; NULL when none is known. */
static const char *
last_generation(const struct round *round)
{
    const struct store_boot *b = &round->boot;
    bool ended = b->id != 0 && round->new_boot && b->generation[0] != '\0';
    const char *last = ended ? b->generation : b->last_generation;
    return last[0] != '\0' ? last : NULL;
}

static struct subject_tpm
subject_tpm(const struct enrollment_tpm *kept, enum genuine genuine)
{
    struct subject_tpm tpm = {.certified = kept->certified && genuine != GENUINE_UNVERIFIED};
    if (!tpm.certified)
        return tpm;
    if (!tpm_kind_parse(kept->kind, &tpm.kind))
        tpm.kind = TPM_KIND_UNKNOWN;
    tpm.manufacturer = kept->manufacturer;
    tpm.model = kept->model;
    return tpm;
}

void
round_subject(const struct round *round, struct subject *out)
{
    const struct store_device *d = &round->device;
    *out = (struct subject){
        .device_id = d->id,
        .name = d->name,
        .labels = d->labels,
        .n_labels = d->n_labels,
        .genuine = d->genuine,
        .tpm = subject_tpm(&round->tpm_kept, d->genuine),
        .member_by = d->member_by,
        .state = d->state,
        .last = d->counters,
        .continues_boot = !round->new_boot,
        .boot_since_s = round->new_boot ? 0 : round->boot.opened_s,
        .last_generation = last_generation(round),
        .last_good = d->last_good_present ? &d->last_good : NULL,
    };
}

enum status
round_appraise(struct round *round, struct hasher *h, int64_t now_s)
{
    round_subject(round, &round->subject);
    enum status s = announce_load(&round->announce, &round->device);
    if (s != STATUS_OK)
        return s;
    reasons_append(&round->found, &round->tpm);
    if (round->found.failed)
        return STATUS_NOMEM;
    struct appraisal_input input = {
        .documents = round->documents,
        .quote = round->quote,
        .replay = round->replay,
        .subject = &round->subject,
        .standing = round->standing,
        .found = &round->found,
        .announcement = round->announce.held ? &round->announce.announcement : NULL,
        .now_s = now_s,
    };
    return appraise(h, &input, &round->appraisal);
}

enum status
round_announce(struct round *round, const struct attest_request *request)
{
    const struct subject_counters *last = &round->device.counters;
    const uint32_t quoted = quote_counters(round->quote)->reset_count;
    const struct announce_round r = {
        .documents = round->documents,
        .subject = &round->subject,
        .verdict = appraisal_verdict(round->appraisal),
        .reset_count = quoted,
        .newest = last->present && last->reset_count > quoted ? last->reset_count : quoted,
        .issued_s = freshness_challenge(request->freshness)->issued_ms / 1000,
        .now_s = request->now_ms / 1000,
        .sent = round->evidence.present[EVIDENCE_ANNOUNCEMENT],
        .text = round->evidence.member[EVIDENCE_ANNOUNCEMENT],
    };
    return announce_judge(&round->announce, &r);
}

/* Its time and 80 random bits: names that rise keep the store's index of them in few pages. */
static enum status
name_attestation(struct round *round, int64_t now_ms)
{
    uint8_t name[ATTESTATION_TIME + ATTESTATION_RANDOM];
    for (size_t i = 0; i < ATTESTATION_TIME; i++)
        name[i] = (uint8_t)((uint64_t)now_ms >> (8 * (ATTESTATION_TIME - 1 - i)));
    enum status s = digest_random(name + ATTESTATION_TIME, ATTESTATION_RANDOM);
    if (s == STATUS_OK) {
        round->attestation[0] = 'a';
        (void)text_hex(bytes_of(name, sizeof name), round->attestation + 1,
                       sizeof round->attestation - 1);
    }
    return s;
}

enum status
round_sign(struct round *round, const struct attest_request *request, const struct key *key)
{
    enum status s = name_attestation(round, request->now_ms);
    if (s != STATUS_OK)
        return s;
    struct result_input input = {
        .appraisal = round->appraisal,
        .device = &round->device,
        .quote = round->quote,
        .attestation = round->attestation,
        .issuer = request->origin,
        .ak_thumbprint = bytes_of(round->ak_thumbprint, sizeof round->ak_thumbprint),
        .now_s = request->now_ms / 1000,
    };
    return result_sign(&input, RESULT_IETF, key, &round->result);
}

/* The small members as they came; logs are kept as content-addressed segments. */
static enum status
keep_evidence(struct round *round)
{
    struct evidence kept = round->evidence;
    kept.present[EVIDENCE_BOOT_LOG] = false;
    kept.present[EVIDENCE_IMA] = false;
    kept.present[EVIDENCE_USERSPACE_LOG] = false;
    return evidence_encode(&kept, &round->kept_evidence);
}

static enum status
encode_inputs(struct round *round, const struct attest_request *request)
{
    static char program[] = "attestd " ATTESTD_VERSION;
    CLEANUP(free_charp) char *origin = strdup(freshness_origin(request->freshness));
    if (!origin)
        return STATUS_NOMEM;
    struct stored_inputs in = {
        .program = program,
        .quirk_table = STORED_INPUTS_QUIRKS,
        .now_s = request->now_ms / 1000,
        .documents = round->documents,
        .subject = round->subject,
        .announcement = round->announce.held ? &round->announce.announcement : NULL,
        .device_version = round->device.version,
        .ak_serial = round->device.ak_serial,
        .boot = round->new_boot ? 0 : round->boot.id,
        .ak_name = quote_ak_name(round->quote),
        .spent_before_ms = round->device.spent_ms,
        .challenge = freshness_token(request->freshness),
        .origin = origin,
        .exporter = freshness_exporter(request->freshness),
        .ek_trust = bytes_of(round->ek_trust, sizeof round->ek_trust),
        .tpm = round->tpm,
        .boot_log_present = round->input.boot_log_present,
        .ima_present = round->input.ima_present,
        .userspace_present = round->input.userspace_present,
        .userspace_incomplete = round->input.userspace_incomplete,
        .ima_starts_over = round->input.ima_starts_over,
        .ima_older_size = round->new_boot ? 0 : round->boot.ima_size,
        .state = round->input.state,
    };
    return stored_inputs_encode(&in, &round->inputs_text);
}

static enum status
encode_texts(struct round *round, const struct attest_request *request)
{
    struct attestation a = {
        .id = round->attestation,
        .subject = &round->subject,
        .quote = round->quote,
        .appraisal = round->appraisal,
        .now_s = request->now_ms / 1000,
    };
    enum status s = attestation_encode(&a, &round->appraisal_text);
    if (s == STATUS_OK)
        s = encode_inputs(round, request);
    if (s == STATUS_OK)
        s = keep_evidence(round);
    if (s == STATUS_OK &&
        (!buffer_text(&round->appraisal_text) || !buffer_text(&round->inputs_text)))
        s = STATUS_NOMEM;
    return s;
}

/* The store would see that there is nothing to replace, at the cost of one more statement. */
static bool
is_last_good(const struct round *round, const struct subject_pcrs *pcrs)
{
    const struct subject_pcrs *last = &round->device.last_good;
    bool same =
        round->device.last_good_present && pcrs->alg == last->alg && pcrs->present == last->present;
    for (uint32_t pcr = 0; same && pcr < LIMIT_PCRS; pcr++)
        same = !(pcrs->present & (1u << pcr)) || digest_equal(&pcrs->pcr[pcr], &last->pcr[pcr]);
    return same;
}

static void
fill_perspectives(const struct round *round, int64_t now_s, struct store_round *row)
{
    size_t n = appraisal_n_perspectives(round->appraisal);
    int64_t evidence_s = appraisal_evidence_s(round->appraisal);
    row->n_perspectives = n < LIMIT_PERSPECTIVES ? n : LIMIT_PERSPECTIVES;
    row->good = appraisal_verdict(round->appraisal) == VERDICT_TRUSTED;
    for (size_t i = 0; i < row->n_perspectives; i++) {
        const struct appraisal_perspective *p = appraisal_perspective(round->appraisal, i);
        struct store_perspective *kept = &row->perspectives[i];
        (void)text_copy(kept->name, sizeof kept->name, p->name);
        (void)text_copy(kept->attestation, sizeof kept->attestation, round->attestation);
        kept->verdict = p->verdict;
        kept->since_s = now_s;
        kept->expires_s = evidence_s + p->max_age_s;
        kept->lapses_s = evidence_s + p->lapse_age_s;
        kept->trial = p->trial;
    }
}

/* PCRs of the first quoted bank that may carry trust. */
static void
fill_pcrs(const struct round *round, struct subject_pcrs *out)
{
    const struct selection *sel = quote_selection(round->quote);
    for (size_t b = 0; b < sel->n_banks && out->alg == 0; b++) {
        const struct alg *alg = alg_by_id(sel->banks[b].alg);
        if (alg && alg->trusted)
            out->alg = alg->id;
    }
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        const struct digest *value = quote_pcr(round->quote, out->alg, pcr);
        if (!value)
            continue;
        out->pcr[pcr] = *value;
        out->present |= 1u << pcr;
    }
}

static void
fill_counters(const struct quote_counters *c, struct subject_counters *out)
{
    *out = (struct subject_counters){
        .present = true,
        .clock_ms = c->clock_ms,
        .reset_count = c->reset_count,
        .restart_count = c->restart_count,
        .safe = c->safe,
        .firmware_version = c->firmware_version,
    };
}

static void
fill_logs(const struct round *round, struct store_round *row)
{
    row->new_boot = round->new_boot;
    row->boot = round->new_boot ? 0 : round->boot.id;
    row->boot_log_present = round->input.boot_log_present;
    memcpy(row->boot_log_sha256, round->boot_log_sha256, sizeof row->boot_log_sha256);
    if (round->evidence.present[EVIDENCE_BOOT_LOG])
        row->boot_log = round->evidence.member[EVIDENCE_BOOT_LOG];
    struct bytes ima = round->input.ima;
    size_t n_proven = replay_ima_size(round->replay);
    row->ima_segment = bytes_slice(ima, 0, n_proven);
    row->ima_rest = bytes_slice(ima, n_proven, ima.size - n_proven);
    row->state = *replay_state_after(round->replay);
    const char *last = round->subject.last_generation;
    const struct reason *fact =
        reasons_find(appraisal_facts(round->appraisal), REASON_BOOT_GENERATION);
    (void)text_copy(row->generation, sizeof row->generation, fact ? fact->found : "");
    (void)text_copy(row->last_generation, sizeof row->last_generation, last ? last : "");
    row->userspace_log = round->input.userspace_log;
}

enum status
round_row(struct round *round, const struct attest_request *request, struct store_round *row)
{
    int64_t now_s = request->now_ms / 1000;
    enum status s = encode_texts(round, request);
    if (s != STATUS_OK)
        return s;
    row->device = round->device.id;
    row->version = round->device.version;
    row->ak_serial = round->device.ak_serial;
    row->spent_ms = freshness_challenge(request->freshness)->issued_ms;
    row->time_s = now_s;
    row->evidence_s = appraisal_evidence_s(round->appraisal);
    row->expires_s = appraisal_expires_s(round->appraisal);
    (void)text_copy(row->attestation, sizeof row->attestation, round->attestation);
    fill_counters(quote_counters(round->quote), &row->counters);
    fill_logs(round, row);
    row->evidence = buffer_bytes(&round->kept_evidence);
    row->appraisal_json = (const char *)round->appraisal_text.data;
    row->inputs_json = (const char *)round->inputs_text.data;
    row->result = result_token(round->result);
    row->announcement_json =
        round->announce.kept.size > 0 ? (const char *)round->announce.kept.data : NULL;
    fill_perspectives(round, now_s, row);
    fill_pcrs(round, &row->pcrs);
    row->good = row->good && !is_last_good(round, &row->pcrs);
    return STATUS_OK;
}

enum status
round_state_sha256(struct hasher *h, const struct replay_state *state,
                   uint8_t out[static DIGEST_SHA256_SIZE])
{
    CLEANUP(buffer_free) struct buffer text = {0};
    enum status s = replay_state_encode(state, &text);
    return s == STATUS_OK ? digest_sha256(h, buffer_bytes(&text), out) : s;
}

/* A cache: without it the next round reads the entries again. */
void
round_remember(const struct round *round, struct verifier *v, struct hasher *h)
{
    struct standing *standing = appraisal_standing(round->appraisal);
    const struct replay_state *after = replay_state_after(round->replay);
    uint8_t digest[DIGEST_SHA256_SIZE];
    if (standing_n_rules(standing) > 0 && round_state_sha256(h, after, digest) == STATUS_OK)
        ima_memory_put(v->ima_memory, round->device.id, digest, standing);
}

void
round_clear(struct round *round)
{
    store_device_clear(&round->device);
    documents_unref(round->documents);
    buffer_free(&round->decoded);
    ak_free(round->ak);
    quote_free(round->quote);
    buffer_free(&round->held_log);
    buffer_free(&round->held_ima);
    standing_unref(round->standing);
    replay_kept_unref(round->kept);
    reasons_free(&round->tpm);
    reasons_free(&round->found);
    announce_clear(&round->announce);
    appraisal_free(round->appraisal);
    result_free(round->result);
    buffer_free(&round->kept_evidence);
    buffer_free(&round->appraisal_text);
    buffer_free(&round->inputs_text);
}
