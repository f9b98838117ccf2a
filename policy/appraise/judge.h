/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One policy being applied to one round. A rule blames; blaming is the only thing that it can do to
 * a verdict. Each x_judge() of this room is a rule. Pure.
 */
#pragma once

#include "appraise/announced.h"
#include "appraise/appraise.h"
#include "appraise/compiled.h"
#include "appraise/effect.h"
#include "appraise/proven.h"

/* What the rules of a perspective's policies came to. */
struct judge_tally {
    bool blamed[VERDICT_TRUSTED]; /* by the verdict that some reason leaves at most */
    bool boot_matched;            /* a boot rule ran and blamed nothing */
    uint32_t matched;             /* PCRs that it covered */
    bool secure_boot_shown;
    bool command_line_shown;
};

/* Which event was taken for which component. */
struct judge_parts {
    struct arena *arena;
    size_t n;
    struct appraisal_part *items;
};

struct judge {
    struct hasher *h;
    const struct appraisal_input *input;
    const struct proven *proven;
    const struct compiled_policy *policy;
    struct appraisal_perspective *out;
    struct judge_tally *tally;
    const struct announced *announced; /* by the boot rule; NULL: there is none */
    struct reasons *facts;
    struct judge_parts *parts;
    struct standing *standing; /* being made: what IMA entries come to */
    uint32_t enforced;         /* PCRs that some enforced rule covers */
    uint32_t matched;          /* PCRs whose events the boot rule holds against components */
    uint32_t warned;           /* PCRs that only warning rules cover */
    size_t n_blamed;           /* calls of judge_blame() under this policy */
};

/* Blame the round: the reason is the perspective's, at most once; the verdict and the vector are
 * lowered by its row of effect.h. Takes *r as it is. */
void judge_blame(struct judge *j, const struct reason *r, enum policy_effect effect);
/* A reason with all else unset. */
struct reason judge_reason(enum reason_code code);
/* A reason that names a proven event and what its digest was. */
struct reason judge_reason_at(const struct judge *j, enum reason_code code,
                              const struct replay_event *e);
/* A fact of the round, at most once. */
void judge_note(struct judge *j, const struct reason *r);

/* A rule with this effect needs these PCRs: they are covered from here on. */
void judge_cover(struct judge *j, uint32_t pcrs, enum policy_effect effect);
/* Blame what replay found, by what is covered; and every covered PCR that is neither proven nor
 * explained by such a reason. Call after every judge_cover(). */
void judge_found(struct judge *j);
/* How much such a reason counts here. */
enum policy_effect judge_effect_found(const struct judge *j, const struct reason *r);
/* Replay gave a reason of its own for the state of this PCR. */
bool judge_is_explained(const struct judge *j, uint32_t pcr);
/* A bound command line of a PCR that the boot rule matches: elsewhere anybody can have measured
 * one. */
bool judge_line_counts(const struct judge *j, const struct proven_line *line);
/* The PCR is covered, quoted and proven, or at its reset value. */
bool judge_is_proven(const struct judge *j, uint32_t pcr);
