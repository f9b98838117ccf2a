/* SPDX-License-Identifier: Apache-2.0 */
/* from: what a committed round knows of its device; to: the device's next round; never: grows, or
 * gives one device to two. */
#include "daemon/device_memory.h"

#include "base/text.h"

#include <pthread.h>
#include <stdlib.h>

#define N_DEVICES 4096u
#define WAYS      8u /* places in which one device may be */
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

struct place {
    struct device_remembered *content; /* NULL: free */
    uint64_t put_at;
};

struct device_memory {
    pthread_mutex_t places_lock; /* guards all below */
    uint64_t n_puts;
    size_t n_sets;
    struct place places[]; /* WAYS a set */
};

enum status
device_memory_new(size_t n_devices, struct device_memory **out)
{
    size_t n_sets = ((n_devices ? n_devices : N_DEVICES) + WAYS - 1) / WAYS;
    struct device_memory *m = calloc(1, sizeof *m + n_sets * WAYS * sizeof m->places[0]);
    *out = m;
    if (!m)
        return STATUS_NOMEM;
    m->n_sets = n_sets;
    pthread_mutex_init(&m->places_lock, NULL);
    return STATUS_OK;
}

/* FNV-1a: an id is a digest's already. */
static struct place *
find_set(struct device_memory *m, const char *id)
{
    uint64_t hash = FNV_BASIS;
    for (; *id != '\0'; id++)
        hash = (hash ^ (uint8_t)*id) * FNV_PRIME;
    return &m->places[hash % m->n_sets * WAYS];
}

static struct place *
find(struct place *set, const char *id)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].content && text_equal(set[i].content->device.id, id))
            return &set[i];
    }
    return NULL;
}

static struct place *
find_oldest(struct place *set)
{
    struct place *oldest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (!set[i].content)
            return &set[i];
        if (set[i].put_at < oldest->put_at)
            oldest = &set[i];
    }
    return oldest;
}

void
device_remembered_clear(struct device_remembered *r)
{
    store_device_clear(&r->device);
    ak_free(r->ak);
    *r = (struct device_remembered){0};
}

static void
free_content(struct device_remembered *content)
{
    if (!content)
        return;
    device_remembered_clear(content);
    free(content);
}

bool
device_memory_take(struct device_memory *m, const char *id, struct device_remembered *out)
{
    struct device_remembered *content = NULL;
    if (!m)
        return false;
    pthread_mutex_lock(&m->places_lock);
    struct place *at = find(find_set(m, id), id);
    if (at) {
        content = at->content;
        at->content = NULL;
    }
    pthread_mutex_unlock(&m->places_lock);
    if (!content)
        return false;
    *out = *content;
    free(content);
    return true;
}

void
device_memory_put(struct device_memory *m, struct device_remembered *r)
{
    struct device_remembered *content = m ? malloc(sizeof *content) : NULL;
    if (!content) {
        device_remembered_clear(r);
        return;
    }
    *content = *r;
    *r = (struct device_remembered){0};
    pthread_mutex_lock(&m->places_lock);
    struct place *set = find_set(m, content->device.id);
    struct place *at = find(set, content->device.id);
    if (!at)
        at = find_oldest(set);
    struct device_remembered *older = at->content;
    *at = (struct place){.content = content, .put_at = ++m->n_puts};
    pthread_mutex_unlock(&m->places_lock);
    free_content(older);
}

size_t
device_memory_count(struct device_memory *m)
{
    size_t n = 0;
    pthread_mutex_lock(&m->places_lock);
    for (size_t i = 0; i < m->n_sets * WAYS; i++)
        n += m->places[i].content != NULL;
    pthread_mutex_unlock(&m->places_lock);
    return n;
}

void
device_memory_free(struct device_memory *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_sets * WAYS; i++)
        free_content(m->places[i].content);
    pthread_mutex_destroy(&m->places_lock);
    free(m);
}
