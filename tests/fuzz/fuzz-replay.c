/* SPDX-License-Identifier: Apache-2.0 */
/* le16 size of the boot log, flags, a PCR; the boot log; the IMA list. Quoted is what the logs
 * give, but for one PCR when a flag says so: then no event of that PCR may come out. Whatever
 * comes, the outcome is a replay, and its state reads back. max_len: 16384 */
#include "base/cleanup.h"
#include "base/reader.h"
#include "evidence/replay.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/quote_double.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_PERTURB 1u
#define FLAG_PADDED  2u
#define FLAG_STATE   4u
#define FLAG_NO_LOG  8u
#define FLAG_OVERLAP 16u /* the last record is sent a second time */
#define QUOTED       0xFFFFu

static struct hasher *hasher;

/* SHA-256 and SHA-384 as the logs give them; what they leave alone is at reset. */
static void
quote_log(struct quote *q, struct bytes boot_log)
{
    static const uint16_t banks[] = {ALG_SHA256, ALG_SHA384};
    q->selection.n_banks = 2;
    struct reasons reasons = {0};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    enum status s = eventlog_parse(boot_log, &log, &reasons);
    assert(s == STATUS_OK);
    reasons_free(&reasons);
    struct eventlog_pcrs *pcrs = calloc(1, sizeof *pcrs);
    assert(pcrs);
    if (log) {
        s = eventlog_replay(hasher, log, pcrs);
        assert(s == STATUS_OK);
    }
    for (size_t bank = 0; bank < 2; bank++) {
        q->selection.banks[bank] = (struct selection_bank){.alg = banks[bank], .mask = QUOTED};
        size_t from = log ? eventlog_bank(log, banks[bank]) : 0;
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            bool has = log && from < log->n_banks && pcrs->used[pcr];
            q->pcr[bank][pcr] = has ? pcrs->pcr[from][pcr] : eventlog_reset(banks[bank], pcr);
        }
    }
    free(pcrs);
}

static void
repeat_last(struct bytes boot_log, struct buffer *out)
{
    struct reasons reasons = {0};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    enum status s = eventlog_parse(boot_log, &log, &reasons);
    assert(s == STATUS_OK);
    reasons_free(&reasons);
    size_t size = log ? log->size : boot_log.size;
    size_t last = log ? log->events[log->n_events - 1].offset : size;
    buffer_append(out, bytes_slice(boot_log, 0, size));
    buffer_append(out, bytes_slice(boot_log, last, size - last));
}

static void
quote_ima(struct quote *q, struct bytes ima, bool padded)
{
    struct ima_reader r;
    struct ima_entry e;
    if (ima_open(ima, 0, &r, NULL) != STATUS_OK || r.format == IMA_ASCII)
        return;
    while (ima_next(&r, NULL, &e, NULL) == STATUS_OK) {
        for (size_t bank = 0; e.pcr == IMA_PCR && bank < 2; bank++) {
            struct digest *pcr = &q->pcr[bank][IMA_PCR];
            struct digest value;
            enum ima_mode mode = padded && bank == 1 ? IMA_PADDED : IMA_NATIVE;
            enum status s = ima_extend_value(hasher, pcr->alg, mode, &e, &value);
            assert(s == STATUS_OK);
            s = digest_extend(hasher, pcr, digest_bytes(&value));
            assert(s == STATUS_OK);
        }
    }
}

static void
check_outcome(const struct replay *replay, const struct replay_input *in, uint32_t forged)
{
    for (size_t i = 0; i < replay_n_events(replay); i++) {
        const struct replay_event *e = replay_event_at(replay, i);
        assert(e->pcr < 16 && e->pcr != forged);
        assert(replay_pcr_state(replay, e->pcr) == REPLAY_PCR_PROVEN);
        assert(e->digest[0].size > 0 || e->digest[1].size > 0);
    }
    assert(forged == IMA_PCR ? replay_n_ima(replay) == 0 || replay_n_ima_unattested(replay) > 0
                             : true);
    assert(replay_ima_size(replay) <= in->ima.size);
    CLEANUP(buffer_free) struct buffer kept = {0};
    enum status s = replay_state_encode(replay_state_after(replay), &kept);
    assert(s == STATUS_OK);
    struct replay_state back;
    s = replay_state_parse(buffer_bytes(&kept), &back, NULL);
    assert(s == STATUS_OK && back.n_entries == replay_state_after(replay)->n_entries);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!hasher && hasher_new(&hasher) != STATUS_OK)
        return 0;
    struct reader r = reader_of(bytes_of(data, size));
    size_t n_log = reader_le16(&r);
    uint8_t flags = reader_u8(&r);
    uint32_t pcr = reader_u8(&r) % 16u;
    struct replay_input in = {.boot_log = reader_bytes(&r, n_log), .ima_present = true};
    if (r.failed)
        return 0;
    in.ima = reader_rest(&r);
    in.boot_log_present = (flags & FLAG_NO_LOG) == 0;
    struct quote *q = calloc(1, sizeof *q);
    assert(q);
    quote_log(q, in.boot_log);
    CLEANUP(buffer_free) struct buffer repeated = {0};
    if ((flags & FLAG_OVERLAP) != 0) {
        repeat_last(in.boot_log, &repeated);
        in.boot_log = buffer_bytes(&repeated);
    }
    if ((flags & FLAG_STATE) != 0) {
        in.state = (struct replay_state){.n_entries = 3, .n_banks = 2, .aggregate_seen = true};
        for (size_t bank = 0; bank < 2; bank++)
            in.state.banks[bank].pcr = q->pcr[bank][IMA_PCR];
    }
    quote_ima(q, in.ima, (flags & FLAG_PADDED) != 0);
    uint32_t forged = UINT32_MAX;
    if ((flags & FLAG_PERTURB) != 0) {
        forged = pcr;
        q->pcr[0][pcr].data[7] ^= 0x40;
    }
    struct reasons reasons = {0};
    CLEANUP(replay_freep) struct replay *replay = NULL;
    enum status s = replay_verify(hasher, q, &in, &replay, &reasons);
    assert(s == STATUS_OK && replay);
    check_outcome(replay, &in, forged);
    reasons_free(&reasons);
    free(q);
    return 0;
}
