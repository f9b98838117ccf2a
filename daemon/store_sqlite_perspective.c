/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: a round's verdicts and those that stood before; to: the verdicts that stand now, and an
 * event for each that changed; never: an event for the same verdict again.
 */
#include "base/emit.h"
#include "base/text.h"
#include "daemon/store_sqlite.h"

static const char get_standing[] =
    "SELECT name, verdict, since_s, trial FROM perspective WHERE device = ?1 ORDER BY name";
static const char put_standing[] =
    "INSERT INTO perspective (device, name, verdict, since_s, expires_s, lapses_s, trial,"
    " attestation) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    " ON CONFLICT (device, name) DO UPDATE SET verdict = excluded.verdict,"
    " since_s = excluded.since_s, expires_s = excluded.expires_s, lapses_s = excluded.lapses_s,"
    " trial = excluded.trial, attestation = excluded.attestation";
static const char remove_standing[] = "DELETE FROM perspective WHERE device = ?1 AND name = ?2";

struct standing {
    char name[LIMIT_NAME + 1];
    enum verdict verdict;
    int64_t since_s;
    bool trial;
    bool met; /* this round has it too */
};

struct standings {
    struct standing items[LIMIT_PERSPECTIVES];
    size_t n;
};

static enum status
load_standings(struct connection *c, const char *device, struct standings *out)
{
    struct query q = query_of(c, get_standing);
    query_put_text(&q, device);
    while (out->n < LIMIT_PERSPECTIVES && query_next(&q)) {
        struct standing *p = &out->items[out->n++];
        query_get_into(&q, p->name, sizeof p->name);
        if (!verdict_parse(query_get_text(&q), &p->verdict))
            query_fail(&q);
        p->since_s = query_get_int(&q);
        p->trial = query_get_int(&q) != 0;
    }
    return query_end(&q);
}

static struct standing *
find(struct standings *all, const char *name)
{
    for (size_t i = 0; i < all->n; i++) {
        if (text_equal(all->items[i].name, name))
            return &all->items[i];
    }
    return NULL;
}

static enum status
tell(struct connection *c, const struct store_round *r, const char *name, enum verdict verdict,
     enum verdict was)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    struct emit e = emit_of(&data);
    emit_object(&e);
    emit_text_member(&e, "device", r->device);
    emit_text_member(&e, "perspective", name);
    emit_text_member(&e, "verdict", verdict_name(verdict));
    emit_text_member(&e, "was", verdict_name(was));
    emit_text_member(&e, "attestation", r->attestation);
    emit_end_object(&e);
    enum status s = emit_check(&e);
    return s == STATUS_OK ? store_add_event(c, r->time_s, "device.verdict", r->device, &data) : s;
}

/* What others may act on: a perspective on trial says nothing yet. */
static enum verdict
said(enum verdict verdict, bool trial)
{
    return trial ? VERDICT_NONE : verdict;
}

static enum status
put_one(struct connection *c, const struct store_round *r, const struct store_perspective *p,
        const struct standing *was)
{
    struct query q = query_of(c, put_standing);
    query_put_text(&q, r->device);
    query_put_text(&q, p->name);
    query_put_text(&q, verdict_name(p->verdict));
    query_put_int(&q, was && was->verdict == p->verdict ? was->since_s : p->since_s);
    query_put_int(&q, p->expires_s);
    query_put_int(&q, p->lapses_s);
    query_put_int(&q, p->trial);
    query_put_text(&q, p->attestation);
    enum status s = query_run(&q, NULL);
    enum verdict before = was ? said(was->verdict, was->trial) : VERDICT_NONE;
    enum verdict now = said(p->verdict, p->trial);
    return s == STATUS_OK && before != now ? tell(c, r, p->name, now, before) : s;
}

/* A perspective that no policy has any more says nothing about the device: none. */
static enum status
remove_one(struct connection *c, const struct store_round *r, const struct standing *was)
{
    struct query q = query_of(c, remove_standing);
    query_put_text(&q, r->device);
    query_put_text(&q, was->name);
    enum status s = query_run(&q, NULL);
    enum verdict before = said(was->verdict, was->trial);
    return s == STATUS_OK && before != VERDICT_NONE ? tell(c, r, was->name, VERDICT_NONE, before)
                                                    : s;
}

enum status
store_put_perspectives(struct connection *c, const struct store_round *r)
{
    struct standings before = {0};
    enum status s = load_standings(c, r->device, &before);
    for (size_t i = 0; s == STATUS_OK && i < r->n_perspectives; i++) {
        struct standing *was = find(&before, r->perspectives[i].name);
        if (was)
            was->met = true;
        s = put_one(c, r, &r->perspectives[i], was);
    }
    for (size_t i = 0; s == STATUS_OK && i < before.n; i++) {
        if (!before.items[i].met)
            s = remove_one(c, r, &before.items[i]);
    }
    return s;
}
