/* SPDX-License-Identifier: Apache-2.0 */
/* from: the bound Secure Boot variables of a proven PCR 7; to: whether they are as policy wants;
 * never: reads a claim. */
#include "appraise/microsoft.h"
#include "appraise/rules.h"
#include "appraise/secure_boot_content.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/sbat.h"

#include <inttypes.h>
#include <stdio.h>

#define PCR_SECURE_BOOT 7u
#define DIGEST_TEXT     (2u * ALG_MAX_SIZE + 16u)
#define NUMBER_TEXT     64u

struct content_rule {
    struct judge *j;
    const struct policy_secure_boot *rule;
    struct secure_boot_content content;
};

static struct reason
reason_at(const struct judge *j, enum reason_code code, const struct replay_event *e,
          const char *what)
{
    struct reason r = e ? judge_reason_at(j, code, e) : judge_reason(code);
    r.pcr = PCR_SECURE_BOOT;
    reason_set_what(&r, what);
    reason_set_found(&r, "");
    return r;
}

static char *
digest_text(const struct digest *d, char out[static DIGEST_TEXT])
{
    char hex[2 * ALG_MAX_SIZE + 1];
    (void)snprintf(out, DIGEST_TEXT, "%s:%s", alg_by_id(d->alg)->name,
                   text_hex(digest_bytes(d), hex, sizeof hex));
    return out;
}

static void
blame(const struct content_rule *c, enum reason_code code, enum secure_boot_variable v,
      const char *expected, const char *found)
{
    struct reason r = reason_at(c->j, code, c->content.sets[v].event, secure_boot_variable_name(v));
    reason_set_expected(&r, expected);
    reason_set_found(&r, found);
    judge_blame(c->j, &r, c->rule->effect);
}

/* The set when it can be judged; else NULL and said so. What was used may be nothing. */
static const struct secure_boot_set *
readable(const struct content_rule *c, enum secure_boot_variable v)
{
    const struct secure_boot_set *set = &c->content.sets[v];
    if (set->state == SECURE_BOOT_READ || v == SECURE_BOOT_USED)
        return set;
    blame(c, REASON_SECURE_BOOT_CONTENT, v, "",
          set->state == SECURE_BOOT_MISSING ? "not measured" : "not bound, once and well-formed");
    return NULL;
}

static bool
is_listed(const struct shape_list *list, const struct digest *item)
{
    const struct digest *items = list->items;
    for (size_t i = 0; i < list->n; i++) {
        if (digest_equal(&items[i], item))
            return true;
    }
    return false;
}

static void
judge_pk(const struct content_rule *c)
{
    char text[DIGEST_TEXT];
    const struct secure_boot_set *set = c->rule->pk.n > 0 ? readable(c, SECURE_BOOT_PK) : NULL;
    if (!set || (set->n == 1 && set->n_other == 0 && is_listed(&c->rule->pk, &set->items[0])))
        return;
    blame(c, REASON_SECURE_BOOT_PK, SECURE_BOOT_PK, "",
          set->n == 0 ? "none" : digest_text(&set->items[0], text));
}

static void
judge_contained(const struct content_rule *c, const struct policy_keys *keys,
                enum secure_boot_variable v, const struct secure_boot_set *set)
{
    char text[DIGEST_TEXT];
    for (size_t i = 0; i < set->n; i++) {
        if (is_listed(&keys->forbidden, &set->items[i]))
            blame(c, REASON_SECURE_BOOT_FORBIDDEN, v, "", digest_text(&set->items[i], text));
        else if (keys->allowed.n > 0 && !is_listed(&keys->allowed, &set->items[i]) &&
                 !is_listed(&keys->required, &set->items[i]))
            blame(c, REASON_SECURE_BOOT_ALLOWED, v, "", digest_text(&set->items[i], text));
    }
    if (keys->allowed.n > 0 && set->n_other > 0)
        blame(c, REASON_SECURE_BOOT_ALLOWED, v, "", "a signature of an unknown type");
}

static void
judge_keys(const struct content_rule *c, const struct policy_keys *keys,
           enum secure_boot_variable v)
{
    char text[DIGEST_TEXT];
    const struct secure_boot_set *set = keys->present ? readable(c, v) : NULL;
    if (!set)
        return;
    const struct digest *required = keys->required.items;
    for (size_t i = 0; i < keys->required.n; i++) {
        if (!secure_boot_has(set, &required[i]))
            blame(c, REASON_SECURE_BOOT_REQUIRED, v, digest_text(&required[i], text), "");
    }
    judge_contained(c, keys, v, set);
}

static void
judge_microsoft(const struct content_rule *c)
{
    for (size_t i = 0; i < POLICY_MICROSOFT_COUNT; i++) {
        if (!((c->rule->microsoft_2023 >> i) & 1u))
            continue;
        const struct microsoft *m = microsoft_at((enum policy_microsoft)i);
        const struct secure_boot_set *set = readable(c, m->kek ? SECURE_BOOT_KEK : SECURE_BOOT_DB);
        if (set && !secure_boot_has(set, &m->digest))
            blame(c, REASON_SECURE_BOOT_REQUIRED, m->kek ? SECURE_BOOT_KEK : SECURE_BOOT_DB,
                  m->name, "");
    }
}

/* Every entry of each named list; more may be there. */
static void
judge_dbx(const struct content_rule *c)
{
    const struct compiled_references *lists = &c->j->policy->dbx;
    const struct secure_boot_set *set = lists->n > 0 ? readable(c, SECURE_BOOT_DBX) : NULL;
    for (size_t i = 0; set && i < lists->n; i++) {
        const struct reference *list = lists->items[i].document->reference;
        const struct digest *items = list->dbx.items;
        const struct digest *first = NULL;
        size_t n_missing = 0;
        for (size_t k = 0; k < list->dbx.n; k++) {
            if (secure_boot_has(set, &items[k]))
                continue;
            first = first ? first : &items[k];
            n_missing++;
        }
        char digest[DIGEST_TEXT], text[DIGEST_TEXT + NUMBER_TEXT];
        if (!first)
            continue;
        (void)snprintf(text, sizeof text, "%zu of %zu missing, first %s", n_missing, list->dbx.n,
                       digest_text(first, digest));
        blame(c, REASON_SECURE_BOOT_DBX, SECURE_BOOT_DBX, list->id, text);
    }
}

static void
blame_sbat(const struct content_rule *c, enum reason_code code, const struct replay_event *e,
           const char *component, uint64_t expected, uint64_t found)
{
    char text[NUMBER_TEXT];
    struct reason r = reason_at(c->j, code, e, "SbatLevel");
    (void)snprintf(text, sizeof text, "%.40s%s%" PRIu64, component, *component ? "," : "",
                   expected);
    reason_set_expected(&r, text);
    (void)snprintf(text, sizeof text, "%" PRIu64, found);
    reason_set_found(&r, code == REASON_SECURE_BOOT_CONTENT ? "not well-formed"
                         : e                                ? text
                                                            : "none");
    judge_blame(c->j, &r, c->rule->effect);
}

static void
judge_one_sbat(const struct content_rule *c, const struct replay_event *e)
{
    const struct policy_sbat *want = &c->rule->sbat;
    const struct policy_sbat_component *components = want->components.items;
    struct bytes text = e->meaning.variable.value;
    uint64_t found = 0;
    if (!e->meaning.bound || !sbat_level(text, &found) || !sbat_generation(text, "", &found)) {
        blame_sbat(c, REASON_SECURE_BOOT_CONTENT, e, "", want->level, 0);
        return;
    }
    (void)sbat_level(text, &found);
    if (found < want->level)
        blame_sbat(c, REASON_SECURE_BOOT_SBAT_LEVEL, e, "", want->level, found);
    for (size_t i = 0; i < want->components.n; i++) {
        (void)sbat_generation(text, components[i].name, &found);
        if (found < components[i].generation)
            blame_sbat(c, REASON_SECURE_BOOT_SBAT_LEVEL, e, components[i].name,
                       components[i].generation, found);
    }
}

/* What follows the separator anybody can add, so each must be high enough: one that was added can
 * lower, never raise. */
static void
judge_sbat(const struct content_rule *c)
{
    size_t n = 0;
    const struct replay_event *e;
    if (!c->rule->sbat.present)
        return;
    for (size_t at = 0; (e = secure_boot_next_sbat(c->j->proven, &at)) != NULL; at++, n++)
        judge_one_sbat(c, e);
    if (n == 0)
        blame_sbat(c, REASON_SECURE_BOOT_SBAT_LEVEL, NULL, "", c->rule->sbat.level, 0);
}

/* What stands behind the separator is known only where all of it is in the boot log. */
static void
judge_stranger(const struct content_rule *c)
{
    if (!c->content.stranger || (!c->rule->used.present && !c->rule->sbat.present))
        return;
    struct reason r = reason_at(c->j, REASON_SECURE_BOOT_CONTENT, c->content.stranger,
                                secure_boot_variable_name(SECURE_BOOT_USED));
    reason_set_found(&r, "an event that is not in the boot log");
    judge_blame(c->j, &r, c->rule->effect);
}

static bool
asks_for_content(const struct policy_secure_boot *rule)
{
    return rule->pk.n > 0 || rule->kek.present || rule->db.present || rule->used.present ||
           rule->dbx.n > 0 || rule->sbat.present || rule->microsoft_2023 != 0;
}

static void
clear_content(struct content_rule *c)
{
    secure_boot_content_clear(&c->content);
}

static enum status
judge_content(struct judge *j, const struct policy_secure_boot *rule)
{
    CLEANUP(clear_content) struct content_rule c = {.j = j, .rule = rule};
    if (!asks_for_content(rule))
        return STATUS_OK;
    enum status s = secure_boot_content_init(j->h, j->proven, &c.content);
    if (s != STATUS_OK)
        return s;
    judge_pk(&c);
    judge_keys(&c, &rule->kek, SECURE_BOOT_KEK);
    judge_keys(&c, &rule->db, SECURE_BOOT_DB);
    judge_keys(&c, &rule->used, SECURE_BOOT_USED);
    judge_microsoft(&c);
    judge_dbx(&c);
    judge_sbat(&c);
    judge_stranger(&c);
    return STATUS_OK;
}

static void
blame_state(struct judge *j, enum reason_code code, const struct policy_secure_boot *rule)
{
    static const char *const words[] = {"off", "on"};
    struct reason r = reason_at(j, code, j->proven->secure_boot_event, "SecureBoot");
    reason_set_expected(&r, words[rule->on]);
    reason_set_found(&r, j->proven->secure_boot < 0 ? "" : words[j->proven->secure_boot]);
    judge_blame(j, &r, rule->effect);
}

enum status
secure_boot_judge(struct judge *j)
{
    const struct policy_secure_boot *rule = &j->policy->policy->secure_boot;
    if (!rule->present || !judge_is_proven(j, PCR_SECURE_BOOT))
        return STATUS_OK; /* a covered PCR that is not proven is blamed by judge_found() */
    int state = j->proven->secure_boot;
    if (state < 0)
        blame_state(j, REASON_SECURE_BOOT_UNKNOWN, rule);
    else if (state == 0 && rule->on)
        blame_state(j, REASON_SECURE_BOOT_OFF, rule);
    else if (state == 1 && !rule->on)
        blame_state(j, REASON_SECURE_BOOT_ON, rule);
    else
        j->tally->secure_boot_shown = rule->on;
    return judge_content(j, rule);
}
