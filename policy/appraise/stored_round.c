/* SPDX-License-Identifier: Apache-2.0 */
/* from: the bytes of a stored round; to: its quote, replay and appraisal; never: skips a check that
 * the round had to pass then. */
#include "appraise/stored_round.h"

#include "appraise/attestation.h"
#include "base/cleanup.h"

#include <stdlib.h>

#define CLAUSE "stored round"

struct stored_round {
    struct stored_inputs inputs;
    struct evidence evidence;
    struct ak *ak;
    struct freshness *freshness;
    struct quote *quote;
    struct replay_input replay_input;
    struct replay *replay;
    struct reasons found;
};

static enum status
refuse(struct diag *diag, const char *what)
{
    return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%s", what);
}

/* A stage that found the evidence bad gave its reason: those of a stored round gave none. */
static enum status
refuse_found(const struct stored_round *r, const char *what, struct diag *diag)
{
    const char *code = r->found.n_items > 0 ? reason_code_name(r->found.items[0].code) : "";
    return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%s: %s", what, code);
}

static enum status
restore_freshness(struct stored_round *r, struct diag *diag)
{
    const struct stored_inputs *in = &r->inputs;
    struct freshness_context context = {.device_id = in->subject.device_id,
                                        .origin = in->origin,
                                        .exporter = in->exporter,
                                        .now_ms = in->now_s * 1000};
    enum status s = freshness_restore(in->challenge, &context, &r->freshness);
    return s == STATUS_MALFORMED ? refuse(diag, "the challenge or its channel") : s;
}

static enum status
verify_quote(struct hasher *h, struct stored_round *r, const struct stored_parts *p,
             struct diag *diag)
{
    enum status s = evidence_parse(p->evidence, &r->evidence, &r->found);
    if (s == STATUS_MALFORMED || s == STATUS_LIMIT)
        return refuse_found(r, "the evidence", diag);
    if (s == STATUS_OK)
        s = ak_parse(h, p->ak_public, &r->ak, &r->found);
    if (s != STATUS_OK)
        return s;
    if (!r->ak)
        return refuse_found(r, "the attestation key", diag);
    s = quote_verify(h, &r->evidence, r->ak, r->freshness, &r->quote, &r->found);
    return s == STATUS_OK && !r->quote ? refuse_found(r, "the quote", diag) : s;
}

/* The quote names the boot log by size and digest. */
static enum status
check_boot_log(struct hasher *h, const struct stored_round *r, const struct stored_parts *p,
               struct diag *diag)
{
    const struct manifest_entry *named = &quote_manifest(r->quote)->entries[MANIFEST_BOOT_LOG];
    if (named->present != r->inputs.boot_log_present || (!named->present && p->boot_log.size > 0))
        return refuse(diag, "the boot log's presence is not as quoted");
    if (!named->present)
        return STATUS_OK;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    enum status s = digest_sha256(h, p->boot_log, sha256);
    if (s != STATUS_OK)
        return s;
    bool same = named->size == p->boot_log.size &&
                digest_bytes_equal(bytes_of(sha256, sizeof sha256),
                                   bytes_of(named->sha256, sizeof named->sha256));
    return same ? STATUS_OK : refuse(diag, "the boot log is not the quoted one");
}

static enum status
take_logs(struct stored_round *r, const struct stored_parts *p, struct diag *diag)
{
    const struct stored_inputs *in = &r->inputs;
    if (in->ima_older_size > p->ima.size)
        return refuse(diag, "the IMA list is shorter than it was");
    size_t older = (size_t)in->ima_older_size;
    r->replay_input = (struct replay_input){
        .boot_log = p->boot_log,
        .boot_log_present = in->boot_log_present,
        .ima = bytes_slice(p->ima, older, p->ima.size - older),
        .ima_present = in->ima_present,
        .userspace_log = p->userspace_log,
        .userspace_present = in->userspace_present,
        .userspace_incomplete = in->userspace_incomplete,
        .state = in->state,
        .ima_starts_over = in->ima_starts_over,
        .ima_older = bytes_slice(p->ima, 0, older),
    };
    return STATUS_OK;
}

static enum status
open_stages(struct hasher *h, struct stored_round *r, const struct stored_parts *p,
            struct diag *diag)
{
    enum status s = stored_inputs_parse(p->inputs, &r->inputs, diag);
    if (s == STATUS_OK)
        s = restore_freshness(r, diag);
    if (s == STATUS_OK)
        s = verify_quote(h, r, p, diag);
    if (s == STATUS_OK)
        s = check_boot_log(h, r, p, diag);
    if (s == STATUS_OK)
        s = take_logs(r, p, diag);
    if (s == STATUS_OK)
        s = replay_verify(h, r->quote, &r->replay_input, &r->replay, &r->found);
    if (s != STATUS_OK)
        return s;
    reasons_append(&r->found, &r->inputs.tpm);
    return r->found.failed ? STATUS_NOMEM : STATUS_OK;
}

enum status
stored_round_open(struct hasher *h, const struct stored_parts *parts, struct stored_round **out,
                  struct diag *diag)
{
    *out = NULL;
    CLEANUP(stored_round_freep) struct stored_round *r = calloc(1, sizeof *r);
    if (!r)
        return STATUS_NOMEM;
    enum status s = open_stages(h, r, parts, diag);
    if (s != STATUS_OK)
        return s;
    *out = r;
    r = NULL;
    return STATUS_OK;
}

const struct stored_inputs *
stored_round_inputs(const struct stored_round *r)
{
    return &r->inputs;
}

const struct replay *
stored_round_replay(const struct stored_round *r)
{
    return r->replay;
}

enum status
stored_round_appraise(struct hasher *h, const struct stored_round *r, struct documents *documents,
                      struct appraisal **out)
{
    const struct stored_view own = {.subject = &r->inputs.subject};
    return stored_round_appraise_as(h, r, &own, documents, out);
}

enum status
stored_round_appraise_as(struct hasher *h, const struct stored_round *r,
                         const struct stored_view *view, struct documents *documents,
                         struct appraisal **out)
{
    struct appraisal_input input = {
        .documents = documents,
        .quote = r->quote,
        .replay = r->replay,
        .subject = view->subject,
        .prediction = view->prediction,
        .announcement = r->inputs.announcement,
        .found = &r->found,
        .now_s = r->inputs.now_s,
    };
    return appraise(h, &input, out);
}

enum status
stored_round_encode(const struct stored_round *r, const char *attestation,
                    const struct appraisal *a, struct buffer *out)
{
    struct attestation view = {
        .id = attestation,
        .subject = &r->inputs.subject,
        .quote = r->quote,
        .appraisal = a,
        .now_s = r->inputs.now_s,
    };
    return attestation_encode(&view, out);
}

void
stored_round_free(struct stored_round *r)
{
    if (!r)
        return;
    stored_inputs_clear(&r->inputs);
    ak_free(r->ak);
    freshness_free(r->freshness);
    quote_free(r->quote);
    replay_free(r->replay);
    reasons_free(&r->found);
    free(r);
}

void
stored_round_freep(struct stored_round **r)
{
    stored_round_free(*r);
    *r = NULL;
}
