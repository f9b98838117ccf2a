/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot log as bytes say it: TCG crypto-agile log (PFP 1.06 10), the SHA-1-only log and CCEL for
 * inspection. Parsed is not believed: only replay.h says which events a quote proves. Views borrow
 * from the input. No recursion, no cast of bytes to structs; caps of base/limits.h. Pure.
 */
#pragma once

#include "base/digest.h"
#include "evidence/reason.h"

#define EVENT_NO_ACTION                  0x00000003u
#define EVENT_SEPARATOR                  0x00000004u
#define EVENT_ACTION                     0x00000005u
#define EVENT_TAG                        0x00000006u
#define EVENT_S_CRTM_CONTENTS            0x00000007u
#define EVENT_S_CRTM_VERSION             0x00000008u
#define EVENT_PLATFORM_CONFIG_FLAGS      0x0000000Au
#define EVENT_TABLE_OF_DEVICES           0x0000000Bu
#define EVENT_COMPACT_HASH               0x0000000Cu
#define EVENT_IPL                        0x0000000Du
#define EVENT_EFI_VARIABLE_DRIVER_CONFIG 0x80000001u
#define EVENT_EFI_VARIABLE_BOOT          0x80000002u
#define EVENT_EFI_BOOT_APPLICATION       0x80000003u
#define EVENT_EFI_BOOT_DRIVER            0x80000004u
#define EVENT_EFI_RUNTIME_DRIVER         0x80000005u
#define EVENT_EFI_GPT                    0x80000006u
#define EVENT_EFI_ACTION                 0x80000007u
#define EVENT_EFI_HANDOFF_TABLES         0x80000009u
#define EVENT_EFI_VARIABLE_BOOT2         0x8000000Cu
#define EVENT_EFI_HCRTM                  0x80000010u
#define EVENT_EFI_VARIABLE_AUTHORITY     0x800000E0u

enum eventlog_format { EVENTLOG_CRYPTO_AGILE, EVENTLOG_SHA1, EVENTLOG_CCEL };

struct event {
    uint32_t number; /* from 0, the Spec ID record included */
    uint32_t pcr;    /* below 24, or any for EV_NO_ACTION; the register index for CCEL */
    uint32_t type;
    size_t offset;                    /* of the record in the log */
    struct bytes digest[LIMIT_BANKS]; /* by bank of the log; empty where the event has none */
    struct bytes data;
};

struct eventlog {
    enum eventlog_format format;
    size_t n_banks;
    uint16_t banks[LIMIT_BANKS]; /* TPM algorithm identifiers in the order of the Spec ID event */
    int startup_locality;        /* -1: none said */
    bool hcrtm;                  /* an EV_EFI_HCRTM_EVENT precedes all extends of PCR 0 */
    bool uboot_fit; /* claimed: U-Boot without EFI made it, and closed it with its separators */
    size_t n_events;
    struct event *events;
    size_t size; /* bytes used; what follows was filler, or the tail */
    size_t tail; /* quirk region-tail: bytes after U-Boot's last event that are no filler */
};

/* STATUS_OK and *out NULL: bad, reasons has log.malformed, log.limit, log.algorithm, log.pcr-range,
 * log.unsupported (a CEL) or log.locality with the event's number. STATUS_NOMEM. */
MUST_CHECK enum status eventlog_parse(struct bytes in, struct eventlog **out,
                                      struct reasons *reasons);
/* Bank number of a TPM algorithm in this log; n_banks when absent. */
size_t eventlog_bank(const struct eventlog *log, uint16_t alg);
/* "EV_SEPARATOR"; "0x12345678" style text for an unknown one is left to the caller: NULL. */
const char *event_type_name(uint32_t type);
/* Replay alone, without a quote (for inspection): pcrs[bank][pcr], used[pcr] when any event
 * extended it. Start values by locality and H-CRTM; DRTM PCRs 17-22 start at zero when extended. */
struct eventlog_pcrs {
    struct digest pcr[LIMIT_BANKS][LIMIT_PCRS];
    bool used[LIMIT_PCRS];
};
MUST_CHECK enum status eventlog_replay(struct hasher *h, const struct eventlog *log,
                                       struct eventlog_pcrs *out);
/* What PCR 0 starts from: StartupLocality where the log has it, else 4 after an H-CRTM event, else
 * 0. [PFP 1.06 10.4.5.3] */
uint8_t eventlog_locality(const struct eventlog *log);
/* The pieces of it: the value a PCR starts from in this log (locality, H-CRTM, zero for DRTM), the
 * value of a PCR that nothing extended (17 to 22 all ones), and whether an event extends its PCR.
 */
struct digest eventlog_start(const struct eventlog *log, uint16_t alg, uint32_t pcr);
struct digest eventlog_reset(uint16_t alg, uint32_t pcr);
bool eventlog_is_extend(const struct event *e);
void eventlog_free(struct eventlog *log);
void eventlog_freep(struct eventlog **log);
