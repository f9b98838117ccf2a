/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: struct quote and the logs; to: struct replay = which events the quoted PCRs prove, PCR by
 * PCR. A PCR is proven when every quoted bank of it replays. Only events of proven PCRs can be read
 * here, so unproven data never reaches the appraiser. Borrows the logs: they must outlive it. Pure.
 * [PFP 1.06 10; architecture 2; appraisal 3; threats 20-33]
 */
#pragma once

#include "evidence/event.h"
#include "evidence/ima.h"
#include "evidence/order_profile.h"
#include "evidence/quote.h"

/* State of a growing log after the last quoted prefix; kept with the boot. [protocol 4] */
struct replay_state {
    uint64_t n_entries;
    size_t n_banks;
    struct replay_bank {
        struct digest pcr;  /* value of PCR 10 after n_entries */
        enum ima_mode mode; /* how the kernel extends this bank */
        bool decided;       /* whether mode is known yet */
    } banks[LIMIT_BANKS];
    bool aggregate_seen; /* a boot_aggregate was checked against this boot */
    bool aggregate_bad;  /* it was of another boot, or was missing: so it stays */
    uint64_t list_first; /* entries before the running kernel's list: kexec left them behind */
};

struct replay_input {
    struct bytes boot_log; /* whole, also when it was sent by reference; empty: none */
    bool boot_log_present;
    struct bytes ima; /* entries after state->n_entries */
    bool ima_present;
    struct bytes userspace_log; /* whole */
    bool userspace_present;
    bool userspace_incomplete; /* the device says so (sticky bit of the file) */
    struct replay_state state; /* zero value: a new boot */
    bool ima_starts_over;   /* ima is another kernel's list: it goes on from the remembered value */
    struct bytes ima_older; /* the entries that earlier rounds of this boot proved, or empty: they
                             * are then not listed again */
};

enum replay_pcr {
    REPLAY_PCR_NOT_QUOTED = 0,
    REPLAY_PCR_PROVEN,     /* events reproduce it in every quoted bank */
    REPLAY_PCR_RESET,      /* at its reset value, no events */
    REPLAY_PCR_MISMATCH,   /* events do not reproduce it: log.pcr-mismatch or ima.pcr-mismatch */
    REPLAY_PCR_UNEXPLAINED /* extended, but no log has events for it: log.pcr-unexplained */
};

#define REPLAY_TYPE_USERSPACE 0xFFFFFFFFu /* type of a record of user space: it has none */

/* An event that the quote proves. */
struct replay_event {
    enum reason_log log;
    uint32_t number;
    uint32_t pcr;
    uint32_t type;                     /* claimed */
    struct digest digest[LIMIT_BANKS]; /* by bank of the quote's selection */
    struct event_meaning meaning;
};

struct replay;

/* *out is always set on STATUS_OK. reasons gets every log.*, ima.* reason found, facts included
 * (separators, order and locality checks of the boot log too). Any other status: ours. */
MUST_CHECK enum status replay_verify(struct hasher *h, const struct quote *quote,
                                     const struct replay_input *input, struct replay **out,
                                     struct reasons *reasons);

/* Some of PCR 0 to 7 are quoted, all of these at reset, and nothing in a log says otherwise: the
 * firmware knows no TPM. [appraisal 2; threats 52] */
bool replay_is_unmeasured(const struct replay *r);
enum replay_pcr replay_pcr_state(const struct replay *r, uint32_t pcr);
/* Proven events in log order, all PCRs; firmware log first, then userspace. */
size_t replay_n_events(const struct replay *r);
const struct replay_event *replay_event_at(const struct replay *r, size_t i);
/* Bank number for replay_event.digest; LIMIT_BANKS when not quoted. */
size_t replay_bank(const struct replay *r, uint16_t alg);
/* Proven IMA entries, those of input->ima_older first. */
size_t replay_n_ima(const struct replay *r);
/* How many of them are older. */
size_t replay_n_ima_older(const struct replay *r);
const struct ima_entry *replay_ima_at(const struct replay *r, size_t i);
/* The platform that the proven events show. */
enum order_profile replay_platform(const struct replay *r);
/* The quirks that the boot log as a whole needed, bit by enum event_quirk. */
uint32_t replay_quirks(const struct replay *r);
/* Entries sent that the quote does not cover yet. */
size_t replay_n_ima_unattested(const struct replay *r);
/* Bytes of input->ima that are proven: what the store keeps as this round's segment. */
size_t replay_ima_size(const struct replay *r);
/* The state that replay began with, and the one to keep with the result. */
const struct replay_state *replay_state_before(const struct replay *r);
const struct replay_state *replay_state_after(const struct replay *r);
/* What systemd extends into PCR 11 after the boot log has ended, in order; NULL past the last. A
 * boot without an initrd begins at REPLAY_PHASE_HOST. [systemd-pcrphase.service(8)] */
#define REPLAY_PHASE_HOST 2u
const char *replay_phase(size_t i);
void replay_free(struct replay *r);
void replay_freep(struct replay **r);

/* The kept form of a state (deterministic CBOR). */
MUST_CHECK enum status replay_state_encode(const struct replay_state *s, struct buffer *out);
MUST_CHECK enum status replay_state_parse(struct bytes in, struct replay_state *out,
                                          struct diag *diag);
