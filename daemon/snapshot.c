/* SPDX-License-Identifier: Apache-2.0 */
/* from: active documents in the store; to: one compiled snapshot; never: appraises. */
#include "daemon/snapshot.h"

#include "base/cleanup.h"
#include "daemon/store_admin.h"

#include <pthread.h>
#include <time.h>

#define RETIRE_MS 1000u

struct snapshot {
    struct store *store;
    pthread_mutex_t pointer_lock; /* guards current: held for one reference only */
    pthread_mutex_t refresh_lock; /* one compilation at a time */
    struct documents *current;
};

static void
free_documents(struct document **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        document_free(list[i]);
    free(list);
}

static enum status
parse_all(const struct store_document_list *texts, struct document **list, struct diag *diag)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    enum status s = hasher_new(&h);
    for (size_t i = 0; s == STATUS_OK && i < texts->n_items; i++)
        s = document_parse(h, buffer_bytes(&texts->items[i].text), &list[i], diag);
    return s;
}

static enum status
compile(struct store *store, struct documents **out, struct diag *diag)
{
    CLEANUP(store_document_list_clear) struct store_document_list texts = {0};
    uint64_t generation = 0;
    enum status s = store_get_active(store, &texts, &generation);
    if (s != STATUS_OK)
        return s;
    struct document **list = calloc(texts.n_items + 1, sizeof *list);
    if (!list)
        return STATUS_NOMEM;
    s = parse_all(&texts, list, diag);
    if (s != STATUS_OK) {
        free_documents(list, texts.n_items);
        return s;
    }
    s = documents_new(list, texts.n_items, generation, out, diag);
    free(list);
    return s;
}

/* Rounds that run under the old documents end first: the last to let go frees them, and that takes
 * milliseconds where they have a million digests. */
static void
retire(struct documents *old)
{
    static const struct timespec moment = {.tv_nsec = 1000000};
    for (unsigned i = 0; i < RETIRE_MS && old && !documents_is_last(old); i++)
        (void)nanosleep(&moment, NULL);
    documents_unref(old);
}

static void
swap(struct snapshot *s, struct documents *next)
{
    pthread_mutex_lock(&s->pointer_lock);
    struct documents *old = s->current;
    s->current = next;
    pthread_mutex_unlock(&s->pointer_lock);
    retire(old);
}

enum status
snapshot_open(struct store *store, struct snapshot **out, struct diag *diag)
{
    *out = NULL;
    struct snapshot *s = calloc(1, sizeof *s);
    if (!s)
        return STATUS_NOMEM;
    s->store = store;
    pthread_mutex_init(&s->pointer_lock, NULL);
    pthread_mutex_init(&s->refresh_lock, NULL);
    enum status status = compile(store, &s->current, diag);
    if (status != STATUS_OK) {
        snapshot_close(s);
        return status;
    }
    *out = s;
    return STATUS_OK;
}

struct documents *
snapshot_get(struct snapshot *s)
{
    pthread_mutex_lock(&s->pointer_lock);
    struct documents *d = documents_ref(s->current);
    pthread_mutex_unlock(&s->pointer_lock);
    return d;
}

enum status
snapshot_refresh(struct snapshot *s, bool force, struct diag *diag)
{
    pthread_mutex_lock(&s->refresh_lock);
    uint64_t generation = 0;
    enum status status = store_generation(s->store, &generation);
    struct documents *next = NULL;
    if (status == STATUS_OK && (force || generation != documents_generation(s->current)))
        status = compile(s->store, &next, diag);
    if (status == STATUS_OK && next)
        swap(s, next);
    pthread_mutex_unlock(&s->refresh_lock);
    return status;
}

void
snapshot_close(struct snapshot *s)
{
    if (!s)
        return;
    documents_unref(s->current);
    pthread_mutex_destroy(&s->pointer_lock);
    pthread_mutex_destroy(&s->refresh_lock);
    free(s);
}
