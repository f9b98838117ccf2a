/* SPDX-License-Identifier: Apache-2.0 */
/* from: a policy, the fleet's labels and stored rounds; to: what to warn of; never: changes what is
 * in force, or says that all are refused where one was not. */
#include "daemon/fleet_check.h"

#include "appraise/stored_round.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/draft.h"

#include <stdlib.h>
#include <string.h>

struct run {
    const struct verifier *verifier;
    struct hasher *h;
    const struct access *access;
    struct documents *candidates;
    const char *perspective;
    size_t n_bytes;
    struct fleet_check *out;
};

/* ---- one device ---- */

static struct subject
subject_of(const struct store_device *d, const struct subject *then)
{
    struct subject s = then ? *then : (struct subject){.device_id = d->id};
    s.name = d->name;
    s.labels = d->labels;
    s.n_labels = d->n_labels;
    return s;
}

/* Nothing is said of it any more, or that it is not trusted. */
static bool
is_refused(const struct run *run, const struct appraisal *a)
{
    for (size_t i = 0; i < appraisal_n_perspectives(a); i++) {
        const struct appraisal_perspective *p = appraisal_perspective(a, i);
        if (text_equal(p->name, run->perspective))
            return p->verdict == VERDICT_UNTRUSTED || p->verdict == VERDICT_NONE;
    }
    return false;
}

static enum status
appraise_kept(struct run *run, const struct store_device *d, const struct store_kept *kept)
{
    CLEANUP(stored_round_freep) struct stored_round *round = NULL;
    CLEANUP(appraisal_freep) struct appraisal *a = NULL;
    struct stored_parts parts = {
        .evidence = buffer_bytes(&kept->evidence),
        .ak_public = buffer_bytes(&kept->ak_public),
        .boot_log = buffer_bytes(&kept->boot_log),
        .ima = buffer_bytes(&kept->ima),
        .userspace_log = buffer_bytes(&kept->userspace_log),
        .inputs = bytes_of_text(kept->attestation.inputs_json),
    };
    enum status s = stored_round_open(run->h, &parts, &round, NULL);
    if (s != STATUS_OK)
        return s;
    struct subject subject = subject_of(d, &stored_round_inputs(round)->subject);
    s = stored_round_appraise_as(run->h, round, &(struct stored_view){.subject = &subject},
                                 run->candidates, &a);
    if (s != STATUS_OK)
        return s;
    run->n_bytes += kept->boot_log.size + kept->ima.size + kept->userspace_log.size;
    run->out->n_tried++;
    run->out->some_pass = run->out->some_pass || !is_refused(run, a);
    return STATUS_OK;
}

/* A device that has no round, or one that cannot be read any more, says nothing either way. */
static enum status
try_device(struct run *run, const struct store_device *d)
{
    CLEANUP(store_attestation_clear) struct store_attestation newest = {0};
    CLEANUP(store_kept_clear) struct store_kept kept = {0};
    bool enough = run->out->n_tried >= FLEET_CHECK_ROUNDS || run->n_bytes >= FLEET_CHECK_BYTES;
    if (run->out->some_pass || enough || d->attested_s == 0)
        return STATUS_OK;
    enum status s = store_get_latest(run->verifier->store, d->id, &newest);
    if (s == STATUS_OK)
        s = store_get_kept(run->verifier->store, newest.id, &kept);
    if (s == STATUS_OK)
        s = appraise_kept(run, d, &kept);
    return s == STATUS_NOMEM || s == STATUS_CRYPTO || s == STATUS_UNCERTAIN ? s : STATUS_OK;
}

static enum status
visit(struct run *run, const struct store_device *d)
{
    bool over = d->state == LIFE_CYCLE_REVOKED || d->state == LIFE_CYCLE_DECOMMISSIONED;
    if (over || !access_covers(run->access, d))
        return STATUS_OK;
    run->out->n_devices++;
    struct subject subject = subject_of(d, NULL);
    if (!documents_selects(run->candidates, run->out->policy, &subject))
        return STATUS_OK;
    run->out->n_selected++;
    return try_device(run, d);
}

/* ---- the fleet ---- */

static enum status
visit_all(struct run *run)
{
    char after[DEVICE_ID_SIZE] = "";
    /* Once a device passes there is nothing to warn of, so the rest need not be counted. */
    for (bool more = true; more && !run->out->some_pass;) {
        CLEANUP(store_device_list_clear) struct store_device_list page = {0};
        struct store_device_filter f = {.after = after[0] != '\0' ? after : NULL,
                                        .limit = LIMIT_PAGE};
        enum status s = store_list_devices(run->verifier->store, &f, &page);
        for (size_t i = 0; s == STATUS_OK && i < page.n_items; i++)
            s = visit(run, &page.items[i]);
        if (s != STATUS_OK)
            return s;
        more = page.more;
        if (page.n_items > 0)
            (void)text_copy(after, sizeof after, page.items[page.n_items - 1].id);
    }
    return STATUS_OK;
}

static enum status
compile(struct run *run, struct bytes policy)
{
    CLEANUP(free_charp) char *text = strndup((const char *)policy.data, policy.size);
    if (!text)
        return STATUS_NOMEM;
    struct simulation_body body = {.n_documents = 1, .documents = {text}};
    enum status s =
        draft_compile(run->verifier->store, run->h, &body, &run->candidates, &run->out->why);
    run->out->compiled = s == STATUS_OK;
    return s == STATUS_INVALID || s == STATUS_LIMIT ? STATUS_OK : s;
}

enum status
fleet_check(const struct verifier *v, struct hasher *h, const struct access *access,
            struct bytes policy, struct fleet_check *out)
{
    *out = (struct fleet_check){0};
    CLEANUP(document_freep) struct document *d = NULL;
    struct run run = {.verifier = v, .h = h, .access = access, .out = out};
    enum status s = document_parse(h, policy, &d, &out->why);
    if (s != STATUS_OK)
        return s;
    (void)text_copy(out->policy, sizeof out->policy, document_info(d)->id);
    run.perspective = document_info(d)->perspective;
    s = compile(&run, policy);
    if (s == STATUS_OK && out->compiled)
        s = visit_all(&run);
    documents_unref(run.candidates);
    return s;
}

/* ---- what is said ---- */

static void
emit_warning(struct emit *e, const struct fleet_check *check, const char *code, const char *text)
{
    emit_object(e);
    emit_text_member(e, "code", code);
    emit_text_member(e, "policy", check->policy);
    emit_text_member(e, "text", text);
    emit_end_object(e);
}

static void
emit_refusal(struct emit *e, const struct fleet_check *check)
{
    char text[256], tried[64] = "";
    bool whole = check->n_selected == check->n_devices;
    if (check->n_tried < check->n_selected)
        (void)snprintf(tried, sizeof tried, ", of which %zu were tried", check->n_tried);
    (void)snprintf(text, sizeof text, "policy %s would refuse %s: %zu devices%s", check->policy,
                   whole ? "the whole fleet" : "every device that it selects", check->n_selected,
                   tried);
    emit_warning(e, check, "policy.refuses-all", text);
}

void
fleet_check_emit(struct emit *e, const struct fleet_check *check)
{
    char text[LIMIT_NAME + sizeof check->why.text + 64];
    emit_key(e, "warnings");
    emit_array(e);
    if (check && !check->compiled) {
        (void)snprintf(text, sizeof text, "policy %s cannot come into force as things are: %s",
                       check->policy, check->why.text);
        emit_warning(e, check, "policy.unfit", text);
    } else if (check && check->n_selected == 0) {
        (void)snprintf(text, sizeof text, "policy %s selects no device", check->policy);
        emit_warning(e, check, "policy.selects-none", text);
    } else if (check && check->n_tried > 0 && !check->some_pass) {
        emit_refusal(e, check);
    }
    emit_end_array(e);
}
