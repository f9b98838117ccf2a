/* SPDX-License-Identifier: Apache-2.0 */
/* from: any thread; to: the one that sleeps; never: wakes one that is awake. */
#include "daemon/bell.h"

#include <time.h>

void
bell_init(struct bell *b)
{
    *b = (struct bell){0};
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->rung_now, NULL);
}

void
bell_destroy(struct bell *b)
{
    pthread_cond_destroy(&b->rung_now);
    pthread_mutex_destroy(&b->lock);
}

/* Signalled under the lock: without it the sleeper, awake for another reason, may be gone. */
void
bell_answer(struct bell *b, bool *const *answers, size_t n)
{
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < n; i++)
        *answers[i] = true;
    b->rung = true;
    if (b->asleep)
        pthread_cond_signal(&b->rung_now);
    b->asleep = false;
    pthread_mutex_unlock(&b->lock);
}

void
bell_ring(struct bell *b)
{
    pthread_mutex_lock(&b->lock);
    bool asleep = b->asleep;
    b->rung = true;
    b->asleep = false;
    pthread_mutex_unlock(&b->lock);
    if (asleep)
        pthread_cond_signal(&b->rung_now);
}

bool
bell_is_answered(struct bell *b, const bool *answer)
{
    pthread_mutex_lock(&b->lock);
    bool answered = *answer;
    pthread_mutex_unlock(&b->lock);
    return answered;
}

bool
bell_wait(struct bell *b, const bool *answer, const struct timespec *until)
{
    int waited = 0;
    pthread_mutex_lock(&b->lock);
    while (!*answer && !b->rung && waited == 0) {
        b->asleep = true;
        waited = pthread_cond_clockwait(&b->rung_now, &b->lock, CLOCK_MONOTONIC, until);
    }
    bool woken = *answer || b->rung;
    b->rung = b->asleep = false;
    pthread_mutex_unlock(&b->lock);
    return woken;
}
