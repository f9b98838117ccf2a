/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that commits rounds. Workers hand it theirs and wait; what has gathered while it
 * was committing, and in a moment more, goes as the next group. Every wait has a deadline, so a
 * disk that hangs stops neither the workers nor the end of the process. Between groups it tends the
 * store. [architecture 4]
 */
#pragma once

#include "daemon/bell.h"
#include "daemon/store.h"

struct writer;

struct writer_options {
    size_t n_queued;     /* rounds waiting at most */
    size_t n_group;      /* rounds of one commit at most */
    int64_t deadline_ms; /* from writer_put() to its answer */
    unsigned gather_ms;  /* how long a first round waits for others */
};
#define WRITER_OPTIONS                                                                             \
    {                                                                                              \
        .n_queued = 1024, .n_group = 128, .deadline_ms = 8000, .gather_ms = 8                      \
    }

/* Start the thread. options NULL: WRITER_OPTIONS. The store outlives the writer. STATUS_NOMEM,
 * STATUS_IO. */
MUST_CHECK enum status writer_new(struct store *store, const struct writer_options *options,
                                  struct writer **out);
/* What to do while waiting: run() piece by piece until it is false, and again when the bell rings,
 * which is this thread's. */
struct writer_meanwhile {
    bool (*run)(void *context);
    void *context;
    struct bell *bell;
};

/* Hand over a copy of round and wait until its group is committed; *result is then what
 * store_put_rounds() says of it. Any other status is the group's: STATUS_BUSY: the queue is full,
 * the writer is ending, or the deadline passed before its turn: nothing was written.
 * STATUS_UNCERTAIN: the commit failed, or was still running at the deadline. meanwhile may be NULL.
 * Any thread. */
MUST_CHECK enum status writer_put(struct writer *w, const struct store_round *round,
                                  const struct writer_meanwhile *meanwhile, enum status *result);
/* Refuse new rounds and commit the queued ones. False when the thread has not ended after
 * deadline_ms: it hangs in the store, which must then not be closed. */
bool writer_stop(struct writer *w, int64_t deadline_ms);
/* Stop within the deadline of its options and free. False: it hangs, is left alone, and the log
 * says so; the store must then not be closed. True on NULL. No writer_put() may be running. */
MUST_CHECK bool writer_free(struct writer *w);
