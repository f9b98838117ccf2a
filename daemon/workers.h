/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worker threads behind a bounded queue. Each has its own hasher. A job is run once, by one worker.
 */
#pragma once

#include "base/digest.h"

#include <stdbool.h>

struct workers;

struct job {
    void (*run)(void *subject, struct hasher *hasher);
    void *subject;
};

/* n_threads 0: 32 a core, since a job mostly waits: as many rounds gather in one commit.
 * STATUS_NOMEM, STATUS_IO. */
MUST_CHECK enum status workers_new(unsigned n_threads, size_t n_queued, struct workers **out);
/* STATUS_BUSY: the queue is full. */
MUST_CHECK enum status workers_put(struct workers *w, struct job job);
/* Jobs waiting. */
size_t workers_waiting(struct workers *w);
/* Run what is queued, then end the threads and free. False when one has not ended after
 * deadline_ms: all is left behind with it. True on NULL. */
bool workers_free(struct workers *w, int64_t deadline_ms);
