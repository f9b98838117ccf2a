/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worker threads behind a bounded queue. Each has its own hasher. A job is run once, by one worker.
 */
#pragma once

#include "base/digest.h"
#include "daemon/bell.h"

#include <stdbool.h>

struct workers;

struct job {
    void (*run)(void *subject, struct hasher *hasher);
    void *subject;
    bool nests; /* may be run by a worker whose own job waits for its commit */
};

/* n_threads 0: two a core, at least four.
 * STATUS_NOMEM, STATUS_IO. */
MUST_CHECK enum status workers_new(unsigned n_threads, size_t n_queued, struct workers **out);
/* STATUS_BUSY: the queue is full. */
MUST_CHECK enum status workers_put(struct workers *w, struct job job);
/* For a job that waits, by the hasher that it was given: run the next queued job meanwhile, if it
 * nests and not too many of this worker do already. False: there is none. So a worker takes up many
 * rounds for one commit, and sleeps once. */
bool workers_help(struct workers *w, struct hasher *hasher);
/* The bell of the worker with that hasher, NULL for any other: it rings when a job is there for a
 * worker that workers_help() last told of none. Lives as long as the workers. */
struct bell *workers_bell(struct workers *w, const struct hasher *hasher);
/* Run what is queued, then end the threads and free. False when one has not ended after
 * deadline_ms: all is left behind with it. True on NULL. */
bool workers_free(struct workers *w, int64_t deadline_ms);
