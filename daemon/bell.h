/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one thread sleeps at until others have something for it: answers, which stay, or a reason to
 * look around, which is used up. Answers are set and seen under the bell's lock only, so the
 * sleeper may destroy the bell as soon as it has the last of its own.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct bell {
    pthread_mutex_t lock; /* guards all below, and the answers */
    pthread_cond_t rung_now;
    bool rung, asleep;
};

void bell_init(struct bell *b);
void bell_destroy(struct bell *b);
/* Set n answers and wake the sleeper. Any thread. */
void bell_answer(struct bell *b, bool *const *answers, size_t n);
/* Wake the sleeper, or let its next bell_wait() return at once. Any thread, while the bell lives.
 */
void bell_ring(struct bell *b);
bool bell_is_answered(struct bell *b, const bool *answer);
/* Sleep until *answer, a ring or until (CLOCK_MONOTONIC). False: until came first. One thread. */
bool bell_wait(struct bell *b, const bool *answer, const struct timespec *until);
