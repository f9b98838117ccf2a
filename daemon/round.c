/* SPDX-License-Identifier: Apache-2.0 */
/* from: one stage's value; to: the next one's; never: answers the peer or commits. */
#include "daemon/round.h"

#include "appraise/attestation.h"
#include "appraise/stored_inputs.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <string.h>

#define ATTESTATION_TIME   6u /* bytes of ms: until the year 10889 */
#define ATTESTATION_RANDOM 10u

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
        s = ak_parse(h, buffer_bytes(&round->device.ak_public), &round->ak, reasons);
    if (s != STATUS_OK || !round->ak)
        return s;
    return quote_verify(h, &round->evidence, round->ak, request->freshness, &round->quote, reasons);
}

/* PCR 0 to 7 are those of this boot's last round. */
static bool
firmware_pcrs_equal(const struct round *round)
{
    const struct subject_pcrs *last = &round->boot.pcrs;
    for (uint32_t pcr = 0; pcr <= 7; pcr++) {
        const struct digest *now = quote_pcr(round->quote, last->alg, pcr);
        if (!now || !(last->present & (1u << pcr)) || !digest_equal(now, &last->pcr[pcr]))
            return false;
    }
    return true;
}

/* A boot goes on while resetCount is equal and every restart is proven a resume: here by PCR 0 to
 * 7; that IMA continues is for resolve_ima(), since a suspend that lost power gives the same PCRs.
 * [protocol 4] */
static bool
may_be_same_boot(const struct round *round)
{
    const struct quote_counters *c = quote_counters(round->quote);
    if (round->boot.id == 0 || c->reset_count != round->boot.reset_count ||
        c->restart_count < round->boot.restart_count)
        return false;
    return c->restart_count == round->boot.restart_count || firmware_pcrs_equal(round);
}

static enum status
resolve_boot(struct round *round, struct store *store)
{
    if (round->device.boot != 0) {
        enum status s = store_get_boot(store, round->device.boot, &round->boot);
        if (s != STATUS_OK)
            return s;
    }
    round->new_boot = !may_be_same_boot(round);
    return STATUS_OK;
}

/* The device may send it whole. */
static enum status
want_log(struct reasons *reasons, const char *which)
{
    reason_set_what(reasons_add(reasons, REASON_LOG_WANTED), which);
    return STATUS_OK;
}

/* A kept log that is gone or damaged is asked for again; any other status is the store's own. */
static bool
is_readable(const struct round *round, enum status s)
{
    if (s == STATUS_STORE)
        log_line(LOG_LEVEL_ERROR, "store: a kept log of %s cannot be read", round->device.id);
    return s != STATUS_STORE && s != STATUS_NOT_FOUND;
}

static enum status
resolve_boot_log(struct round *round, struct store *store, struct reasons *reasons)
{
    const struct manifest_entry *named = &quote_manifest(round->quote)->entries[MANIFEST_BOOT_LOG];
    round->input.boot_log_present = named->present;
    if (!named->present)
        return STATUS_OK;
    memcpy(round->boot_log_sha256, named->sha256, sizeof round->boot_log_sha256);
    if (round->evidence.present[EVIDENCE_BOOT_LOG]) {
        round->input.boot_log = round->evidence.member[EVIDENCE_BOOT_LOG];
        return STATUS_OK;
    }
    enum status s =
        store_get_log(store, round->device.id, round->boot_log_sha256, &round->held_log);
    if (!is_readable(round, s))
        return want_log(reasons, "boot-log");
    round->input.boot_log = buffer_bytes(&round->held_log);
    return s;
}

/* A list sent from its start: what is held of this boot is not judged anew. One that does not begin
 * so is another boot's, and begins a new record: it can be replayed without the old one. */
static void
skip_held(struct round *round)
{
    struct bytes held = buffer_bytes(&round->held_ima);
    struct bytes *sent = &round->input.ima;
    round->new_boot =
        sent->size < held.size || !bytes_equal(bytes_slice(*sent, 0, held.size), held);
    if (round->new_boot)
        buffer_free(&round->held_ima);
    else
        *sent = bytes_slice(*sent, held.size, sent->size - held.size);
}

static enum status
resolve_ima(struct round *round, struct store *store, struct reasons *reasons)
{
    uint64_t offset = round->evidence.ima_offset;
    round->input.ima_present = round->evidence.present[EVIDENCE_IMA];
    round->input.ima = round->evidence.member[EVIDENCE_IMA];
    if (offset > 0 && (round->new_boot || offset != round->boot.state.n_entries))
        return want_log(reasons, "ima");
    if (round->new_boot)
        return STATUS_OK;
    enum status s = store_get_ima(store, round->boot.id, &round->held_ima);
    bool readable = is_readable(round, s);
    if (!readable && offset > 0)
        return want_log(reasons, "ima");
    round->new_boot = !readable;
    if (s == STATUS_OK && offset == 0 && round->input.ima_present)
        skip_held(round);
    if (round->new_boot || s != STATUS_OK)
        return round->new_boot ? STATUS_OK : s;
    round->input.state = round->boot.state;
    round->input.ima_older = buffer_bytes(&round->held_ima);
    return STATUS_OK;
}

/* The userspace log is small, and replayed from its start. */
static enum status
resolve_userspace_log(struct round *round, struct reasons *reasons)
{
    round->input.userspace_present = round->evidence.present[EVIDENCE_USERSPACE_LOG];
    round->input.userspace_log = round->evidence.member[EVIDENCE_USERSPACE_LOG];
    round->input.userspace_incomplete = round->evidence.userspace_incomplete;
    return round->evidence.userspace_offset > 0 ? want_log(reasons, "userspace-log") : STATUS_OK;
}

enum status
round_resolve(struct round *round, struct store *store, struct reasons *reasons)
{
    enum status s = resolve_boot(round, store);
    if (s == STATUS_OK)
        s = resolve_boot_log(round, store, reasons);
    if (s == STATUS_OK && reasons->n_items == 0)
        s = resolve_ima(round, store, reasons);
    if (s == STATUS_OK && reasons->n_items == 0)
        s = resolve_userspace_log(round, reasons);
    return s;
}

enum status
round_replay(struct round *round, struct hasher *h)
{
    enum status s = replay_verify(h, round->quote, &round->input, &round->replay, &round->found);
    return s == STATUS_OK && round->found.failed ? STATUS_NOMEM : s;
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

enum status
round_appraise(struct round *round, struct hasher *h, int64_t now_s)
{
    const struct store_device *d = &round->device;
    round->subject = (struct subject){
        .device_id = d->id,
        .name = d->name,
        .labels = d->labels,
        .n_labels = d->n_labels,
        .genuine = d->genuine,
        .member_by = d->member_by,
        .state = d->state,
        .last = d->counters,
        .continues_boot = !round->new_boot,
        .boot_since_s = round->new_boot ? 0 : round->boot.opened_s,
        .last_generation = last_generation(round),
        .last_good = d->last_good_present ? &d->last_good : NULL,
    };
    reasons_append(&round->found, &round->tpm);
    if (round->found.failed)
        return STATUS_NOMEM;
    struct appraisal_input input = {
        .documents = round->documents,
        .quote = round->quote,
        .replay = round->replay,
        .subject = &round->subject,
        .found = &round->found,
        .now_s = now_s,
    };
    return appraise(h, &input, &round->appraisal);
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

static enum status
ak_thumbprint(const struct round *round, struct hasher *h, uint8_t out[static DIGEST_SHA256_SIZE])
{
    CLEANUP(buffer_free) struct buffer spki = {0};
    enum status s = key_spki(ak_key(round->ak), &spki);
    return s == STATUS_OK ? digest_sha256(h, buffer_bytes(&spki), out) : s;
}

enum status
round_sign(struct round *round, struct hasher *h, const struct attest_request *request,
           const struct key *key)
{
    uint8_t thumbprint[DIGEST_SHA256_SIZE];
    enum status s = name_attestation(round, request->now_ms);
    if (s == STATUS_OK)
        s = ak_thumbprint(round, h, thumbprint);
    if (s != STATUS_OK)
        return s;
    struct result_input input = {
        .appraisal = round->appraisal,
        .device = &round->device,
        .quote = round->quote,
        .attestation = round->attestation,
        .issuer = request->origin,
        .ak_thumbprint = bytes_of(thumbprint, sizeof thumbprint),
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
        .ima_older_size = round->new_boot ? 0 : round->held_ima.size,
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
        s = attestation_encode_pcrs(round->quote, &round->pcrs_cbor);
    if (s == STATUS_OK)
        s = keep_evidence(round);
    if (s == STATUS_OK &&
        (!buffer_text(&round->appraisal_text) || !buffer_text(&round->inputs_text)))
        s = STATUS_NOMEM;
    return s;
}

static void
fill_perspectives(const struct round *round, int64_t now_s, struct store_round *row)
{
    size_t n = appraisal_n_perspectives(round->appraisal);
    row->n_perspectives = n < LIMIT_PERSPECTIVES ? n : LIMIT_PERSPECTIVES;
    row->good = true;
    for (size_t i = 0; i < row->n_perspectives; i++) {
        const struct appraisal_perspective *p = appraisal_perspective(round->appraisal, i);
        struct store_perspective *kept = &row->perspectives[i];
        (void)text_copy(kept->name, sizeof kept->name, p->name);
        (void)text_copy(kept->attestation, sizeof kept->attestation, round->attestation);
        kept->verdict = p->verdict;
        kept->since_s = now_s;
        kept->expires_s = appraisal_expires_s(round->appraisal);
        row->good = row->good && p->verdict == VERDICT_TRUSTED;
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
    row->pcrs_cbor = buffer_bytes(&round->pcrs_cbor);
    row->result = result_token(round->result);
    fill_perspectives(round, now_s, row);
    fill_pcrs(round, &row->pcrs);
    return STATUS_OK;
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
    replay_free(round->replay);
    reasons_free(&round->tpm);
    reasons_free(&round->found);
    appraisal_free(round->appraisal);
    result_free(round->result);
    buffer_free(&round->pcrs_cbor);
    buffer_free(&round->kept_evidence);
    buffer_free(&round->appraisal_text);
    buffer_free(&round->inputs_text);
}
