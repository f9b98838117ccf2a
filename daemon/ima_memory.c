/* SPDX-License-Identifier: Apache-2.0 */
/* from: a device and the state of its list; to: what the list came to; never: grows past its size.
 */
#include "daemon/ima_memory.h"

#include "base/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define N_HEADS 16384u

/* In the chain of its head, and in the order in which devices were heard of. */
struct item {
    struct item *chain;
    struct item *newer, *older;
    char device[DEVICE_ID_SIZE];
    uint8_t state[DIGEST_SHA256_SIZE];
    struct standing *standing;
    size_t size;
};

struct ima_memory {
    pthread_mutex_t lock; /* guards all below */
    size_t max_size, size;
    struct item *newest, *oldest;
    struct item *heads[N_HEADS];
};

enum status
ima_memory_new(size_t max_size, struct ima_memory **out)
{
    *out = NULL;
    struct ima_memory *m = calloc(1, sizeof *m);
    if (!m)
        return STATUS_NOMEM;
    m->max_size = max_size;
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        return STATUS_NOMEM;
    }
    *out = m;
    return STATUS_OK;
}

/* Device identifiers are hex of a digest: their first digits are spread evenly. */
static struct item **
head_of(struct ima_memory *m, const char *device)
{
    size_t hash = 0;
    for (size_t i = 0; i < 8 && device[i] != '\0'; i++)
        hash = hash * 31 + (uint8_t)device[i];
    return &m->heads[hash % N_HEADS];
}

/* The place in the chain that points at the device's item, or at its end. */
static struct item **
find(struct ima_memory *m, const char *device)
{
    struct item **at = head_of(m, device);
    while (*at && !text_equal((*at)->device, device))
        at = &(*at)->chain;
    return at;
}

static void
forget(struct ima_memory *m, struct item **at)
{
    struct item *item = *at;
    *at = item->chain;
    *(item->newer ? &item->newer->older : &m->newest) = item->older;
    *(item->older ? &item->older->newer : &m->oldest) = item->newer;
    m->size -= item->size;
    standing_unref(item->standing);
    free(item);
}

static void
add(struct ima_memory *m, struct item *item)
{
    struct item **head = head_of(m, item->device);
    item->chain = *head;
    *head = item;
    item->older = m->newest;
    *(m->newest ? &m->newest->newer : &m->oldest) = item;
    m->newest = item;
    m->size += item->size;
}

void
ima_memory_put(struct ima_memory *m, const char *device,
               const uint8_t state[static DIGEST_SHA256_SIZE], struct standing *standing)
{
    struct item *item = calloc(1, sizeof *item);
    bool good = item && text_copy(item->device, sizeof item->device, device);
    if (good) {
        memcpy(item->state, state, sizeof item->state);
        item->standing = standing_ref(standing);
        item->size = sizeof *item + standing_size(standing);
    }
    (void)pthread_mutex_lock(&m->lock);
    struct item **old = find(m, device);
    if (*old)
        forget(m, old);
    if (good)
        add(m, item);
    while (m->size > m->max_size)
        forget(m, find(m, m->oldest->device));
    (void)pthread_mutex_unlock(&m->lock);
    if (!good)
        free(item);
}

struct standing *
ima_memory_get(struct ima_memory *m, const char *device,
               const uint8_t state[static DIGEST_SHA256_SIZE])
{
    struct standing *found = NULL;
    (void)pthread_mutex_lock(&m->lock);
    const struct item *item = *find(m, device);
    if (item &&
        bytes_equal(bytes_of(item->state, sizeof item->state), bytes_of(state, DIGEST_SHA256_SIZE)))
        found = standing_ref(item->standing);
    (void)pthread_mutex_unlock(&m->lock);
    return found;
}

void
ima_memory_free(struct ima_memory *m)
{
    if (!m)
        return;
    while (m->oldest)
        forget(m, find(m, m->oldest->device));
    (void)pthread_mutex_destroy(&m->lock);
    free(m);
}
