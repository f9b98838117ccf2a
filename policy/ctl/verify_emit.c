/* SPDX-License-Identifier: Apache-2.0 */
/* from: a verified quote, or why there is none; to: a report and the JSON document of
 * schema/verify-quote.schema.json; never: gives a value that the quote does not bind. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/verify.h"

#define DESCRIBE 48

static const char *const states[] = {
    [REPLAY_PCR_NOT_QUOTED] = "not-quoted",
    [REPLAY_PCR_PROVEN] = "proven",
    [REPLAY_PCR_RESET] = "reset",
    [REPLAY_PCR_MISMATCH] = "mismatch",
    [REPLAY_PCR_UNEXPLAINED] = "unexplained",
};

static void
emit_pcrs(struct emit *e, const struct verify_view *v)
{
    char index[8], name[REPORT_BANK_SIZE];
    emit_key(e, "pcrs");
    emit_object(e);
    for (size_t bank = 0; v->quote && bank < v->selection.n_banks; bank++) {
        uint16_t alg = v->selection.banks[bank].alg;
        emit_key(e, report_bank(alg, name));
        emit_object(e);
        for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            const struct digest *value = quote_pcr(v->quote, alg, pcr);
            (void)snprintf(index, sizeof index, "%u", pcr);
            if (value)
                emit_hex_member(e, index, digest_bytes(value));
        }
        emit_end_object(e);
    }
    emit_end_object(e);
}

static void
emit_counters(struct emit *e, const struct verify_view *v)
{
    emit_key(e, "counters");
    if (!v->quote) {
        emit_null(e);
        return;
    }
    char version[20];
    const struct quote_counters *q = quote_counters(v->quote);
    (void)snprintf(version, sizeof version, "%016llx", (unsigned long long)q->firmware_version);
    emit_object(e);
    emit_uint_member(e, "clock_ms", q->clock_ms);
    emit_uint_member(e, "reset_count", q->reset_count);
    emit_uint_member(e, "restart_count", q->restart_count);
    emit_bool_member(e, "safe", q->safe);
    emit_text_member(e, "firmware_version", version);
    emit_end_object(e);
}

static void
emit_replay(struct emit *e, const struct verify_view *v)
{
    emit_key(e, "replay");
    if (!v->replay) {
        emit_null(e);
        return;
    }
    emit_object(e);
    emit_key(e, "pcrs");
    emit_object(e);
    for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        char index[8];
        enum replay_pcr state = replay_pcr_state(v->replay, pcr);
        (void)snprintf(index, sizeof index, "%u", pcr);
        if (state != REPLAY_PCR_NOT_QUOTED)
            emit_text_member(e, index, states[state]);
    }
    emit_end_object(e);
    emit_uint_member(e, "events", replay_n_events(v->replay));
    emit_uint_member(e, "ima_entries", replay_n_ima(v->replay));
    emit_uint_member(e, "ima_unattested", replay_n_ima_unattested(v->replay));
    emit_end_object(e);
}

enum status
verify_emit(const struct verify_view *v, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer selection = {0};
    char key[DESCRIBE];
    struct emit e = emit_of(out);
    selection_append_text(&v->selection, &selection);
    emit_object(&e);
    emit_bool_member(&e, "verified", v->quote != NULL);
    emit_text_member(&e, "key", v->ak ? ak_describe(v->ak, key, sizeof key) : NULL);
    emit_key(&e, "key_attributes_known");
    if (v->ak)
        emit_bool(&e, ak_attributes_known(v->ak));
    else
        emit_null(&e);
    emit_text_member(&e, "selection", buffer_text(&selection));
    emit_counters(&e, v);
    emit_bool_member(&e, "pcrs_from_logs", v->values_found);
    emit_pcrs(&e, v);
    emit_replay(&e, v);
    report_emit(&e, &v->reasons);
    emit_end_object(&e);
    return emit_check(&e);
}

static void
append_counters(const struct verify_view *v, struct buffer *out)
{
    const struct quote_counters *q = quote_counters(v->quote);
    buffer_append_format(out,
                         "  TPM clock          %llu ms%s\n"
                         "  resets, restarts   %u, %u\n"
                         "  TPM firmware       %016llx\n",
                         (unsigned long long)q->clock_ms,
                         q->safe ? "" : " (not safe: power was lost)", q->reset_count,
                         q->restart_count, (unsigned long long)q->firmware_version);
}

static void
append_pcr(const struct verify_view *v, unsigned pcr, struct buffer *out)
{
    char name[REPORT_BANK_SIZE];
    for (size_t bank = 0; bank < v->selection.n_banks; bank++) {
        uint16_t alg = v->selection.banks[bank].alg;
        const struct digest *value = quote_pcr(v->quote, alg, pcr);
        if (!value)
            continue;
        buffer_append_format(out, "  PCR %2u %-8s  %-12s", pcr, report_bank(alg, name),
                             v->replay ? states[replay_pcr_state(v->replay, pcr)] : "");
        text_append_hex(out, digest_bytes(value));
        buffer_append_text(out, "\n");
    }
}

static void
append_replay(const struct verify_view *v, struct buffer *out)
{
    if (!v->replay)
        return;
    buffer_append_format(out, "  proven             %zu events, %zu IMA entries",
                         replay_n_events(v->replay), replay_n_ima(v->replay));
    if (replay_n_ima_unattested(v->replay) > 0)
        buffer_append_format(out, " (%zu more are not covered yet)",
                             replay_n_ima_unattested(v->replay));
    buffer_append_text(out, "\n");
}

enum status
verify_append(const struct verify_view *v, struct buffer *out)
{
    char key[DESCRIBE];
    report_append(out, &v->reasons);
    if (v->ak)
        buffer_append_format(out, "key %s%s\n", ak_describe(v->ak, key, sizeof key),
                             ak_attributes_known(v->ak)
                                 ? ""
                                 : " (nothing is known of its attributes: it may sign anything)");
    buffer_append_format(out, "the quote is %s\n",
                         v->quote ? "signed by this key over this qualifying data and selection"
                                  : "NOT VERIFIED");
    if (!v->quote)
        return buffer_check(out);
    append_counters(v, out);
    append_replay(v, out);
    if (v->values_found)
        buffer_append_text(out, "  PCR values         found by the logs\n");
    else if (!v->given[VERIFY_PCRS])
        buffer_append_text(out, "  PCR values         not given, so none is known (--pcrs)\n");
    for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++)
        append_pcr(v, pcr, out);
    return buffer_check(out);
}
