/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of replay: what its parts hand to one another while one round is replayed. Inside
 * evidence/replay*.c only. Pure.
 */
#pragma once

#include "evidence/replay.h"
#include "evidence/userspace.h"

#define REPLAY_N_PHASES 6u

struct replay {
    size_t n_banks; /* of the quote's selection, in its order */
    uint16_t banks[LIMIT_BANKS];
    enum replay_pcr pcrs[LIMIT_PCRS];
    struct eventlog *log;        /* NULL when there is none that counts */
    struct userspace *userspace; /* as log */
    enum order_profile platform;
    size_t overlap_first, n_overlap; /* events that final events repeat, and that count once */
    size_t n_events;
    struct replay_event *events;
    size_t n_ima;
    size_t n_ima_older; /* of them, before this round's */
    struct ima_entry *ima;
    size_t n_ima_unattested;
    size_t ima_size;
    struct replay_state before, after;
};

struct replay_work {
    struct hasher *h;
    const struct quote *quote;
    const struct replay_input *in;
    struct reasons *reasons;
    struct replay *out;
    bool log_refused; /* there is a boot log, and a reason says why it does not count */
    /* By bank of the quote and PCR: after the boot log, and whether it extended it at all. */
    struct digest boot[LIMIT_BANKS][LIMIT_PCRS];
    bool extended[LIMIT_BANKS][LIMIT_PCRS];
    size_t log_bank[LIMIT_BANKS];  /* of the boot log; its n_banks when missing there */
    bool bank_blamed[LIMIT_BANKS]; /* one reason names the bank; no more for its PCRs */
    size_t
        userspace_end[LIMIT_PCRS];  /* records before this one are proven, if they are the PCR's */
    uint32_t pcr_banks[LIMIT_PCRS]; /* boot log's banks in which the PCR is quoted, as bits */
};

/* The quoted value, NULL when that PCR is not quoted in that bank (of the quote). */
const struct digest *replay_quoted(const struct replay_work *w, size_t bank, uint32_t pcr);
/* The PCR was never extended, as far as the quote says: every quoted bank at reset. */
bool replay_is_reset(const struct replay_work *w, uint32_t pcr);
/* A reason about a PCR with the value that the logs give and the quoted one. */
void replay_blame_pcr(struct replay_work *w, enum reason_code code, size_t bank, uint32_t pcr);

extern const char *const replay_phases[REPLAY_N_PHASES];
/* Extend what the phase model permits after the boot log; true when the quoted PCR 11 is then
 * reached. */
MUST_CHECK enum status replay_phase_match(struct replay_work *w, bool *agrees);
/* The fact boot.phase. */
void replay_note_phase(struct replay_work *w, const char *phase);
/* The first records of user space, after the boot log, that give the quoted value in every bank. */
MUST_CHECK enum status replay_userspace_match(struct replay_work *w, uint32_t pcr, bool *agrees);

/* The steps of that: extend one record into every quoted bank of its PCR that it has a digest for;
 * whether every quoted bank was extended and has its quoted value. */
MUST_CHECK enum status replay_userspace_extend(struct replay_work *w,
                                               const struct userspace_record *r, struct digest *pcr,
                                               bool *extended);
bool replay_userspace_is_reached(const struct replay_work *w, uint32_t pcr,
                                 const struct digest *values, const bool *extended);
/* Where systemd caps what the firmware measured, and with what. [systemd os-separator] */
#define REPLAY_OS_SEPARATOR_PCRS 0x72FFu
extern const char replay_os_separator[];
/* One well-known record of user space that is not in its log explains the PCR: log.record-missing
 * names it. The PCR stays unproven. */
MUST_CHECK enum status replay_missing_name(struct replay_work *w, uint32_t pcr, bool *named);

/* The parts, in order. Each fills what the next needs; a bad log is a reason. */
MUST_CHECK enum status replay_boot_log(struct replay_work *w);
MUST_CHECK enum status replay_overlap(struct replay_work *w);
MUST_CHECK enum status replay_userspace_load(struct replay_work *w);
MUST_CHECK enum status replay_boot_pcrs(struct replay_work *w);
MUST_CHECK enum status replay_boot_events(struct replay_work *w);
MUST_CHECK enum status replay_userspace_events(struct replay_work *w);
MUST_CHECK enum status replay_ima_list(struct replay_work *w);
/* A boot_aggregate is of this boot, else a reason. */
MUST_CHECK enum status replay_aggregate_check(struct replay_work *w, const struct ima_entry *e,
                                              bool *good);
