/* SPDX-License-Identifier: Apache-2.0 */
/* from: a quote and its logs; to: the replay, computed or known from before; never: reads a log
 * that was replayed before. */
#include "daemon/round.h"

static enum status
compute(struct round *round, struct verifier *v, struct hasher *h, const struct replay_key *key,
        struct reasons *reasons)
{
    enum status s = round_load_log(round, v->store, reasons);
    if (s != STATUS_OK || reasons->n_items > 0)
        return s;
    s = replay_kept_new(h, round->quote, &round->input, key, &round->kept);
    if (s == STATUS_OK)
        replay_memory_put(v->replay_memory, key, round->kept);
    return s;
}

static enum status
replay(struct round *round, struct verifier *v, struct hasher *h, struct reasons *reasons)
{
    struct replay_key key;
    enum status s = replay_key_of(h, round->quote, &round->input, round->boot_log_sha256, &key);
    if (s != STATUS_OK)
        return s;
    round->kept = replay_memory_get(v->replay_memory, &key);
    if (!round->kept)
        s = compute(round, v, h, &key, reasons);
    if (s != STATUS_OK || !round->kept)
        return s;
    round->replay = replay_kept_replay(round->kept);
    reasons_append(&round->found, replay_kept_reasons(round->kept));
    return round->found.failed ? STATUS_NOMEM : STATUS_OK;
}

/* A restart is a resume when the IMA list goes on; else the machine was started anew, and what it
 * sent is judged as that. [protocol 4] */
enum status
round_replay(struct round *round, struct verifier *v, struct hasher *h, struct reasons *reasons)
{
    enum status s = replay(round, v, h, reasons);
    if (s != STATUS_OK || !round->replay || !round->restarted ||
        replay_pcr_state(round->replay, IMA_PCR) == REPLAY_PCR_PROVEN)
        return s;
    replay_kept_unref(round->kept);
    round->kept = NULL;
    round->replay = NULL;
    reasons_free(&round->found);
    return round_begin_boot(round, reasons) ? replay(round, v, h, reasons) : STATUS_OK;
}
