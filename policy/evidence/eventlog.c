/* SPDX-License-Identifier: Apache-2.0 */
/* from: bytes; to: struct eventlog, a table of views; never: believes a type or hashes anything. */
#include "evidence/eventlog.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/reader.h"
#include "evidence/cel.h"
#include "evidence/eventlog_region.h"

#include <stdlib.h>
#include <string.h>

#define SIGNATURE_SIZE    16u /* of the EV_NO_ACTION signatures, NUL included */
#define SPEC_ID_SIGNATURE "Spec ID Event03"
#define LOCALITY_SIZE     17u
#define LOCALITY_TEXT     "StartupLocality"
#define SPEC_MAJOR        2u
#define CCEL_SPEC_ID      1u /* register index of the Spec ID record in a CCEL [UEFI 2.10 38.4] */
#define NO_PCR            0xFFFFFFFFu
#define FIRST_EVENTS      128u
#define FILLER_HEAD       12u /* this much filler is not a record: no type 0 without digests */

struct parser {
    struct reader r;
    struct eventlog *log;
    uint16_t sizes[LIMIT_BANKS]; /* digest sizes by bank */
    size_t n_allocated;
    size_t record; /* where the current record begins */
    bool pcr0_extended;
    struct eventlog_region region;
    enum status status;
    enum reason_code bad;
    const char *why;
};

/* Keep the first thing that is wrong. */
static void
refuse(struct parser *p, enum reason_code code, const char *why)
{
    if (p->bad != REASON_NONE)
        return;
    p->bad = code;
    p->why = why;
}

static bool
is_good(const struct parser *p)
{
    return p->status == STATUS_OK && p->bad == REASON_NONE;
}

/* data begins with a 16-byte signature of EV_NO_ACTION. [PFP 1.06 10.4.5] */
static bool
has_signature(struct bytes data, const char *signature)
{
    return bytes_equal(bytes_slice(data, 0, SIGNATURE_SIZE), bytes_of(signature, SIGNATURE_SIZE));
}

static struct event *
add_event(struct parser *p)
{
    struct eventlog *log = p->log;
    if (log->n_events == LIMIT_BOOT_EVENTS) {
        refuse(p, REASON_LOG_LIMIT, "too many events");
        return NULL;
    }
    if (log->n_events == p->n_allocated) {
        size_t n = p->n_allocated ? 2 * p->n_allocated : FIRST_EVENTS;
        struct event *events = reallocarray(log->events, n, sizeof *events);
        if (!events) {
            p->status = STATUS_NOMEM;
            return NULL;
        }
        log->events = events;
        p->n_allocated = n;
    }
    struct event *e = &log->events[log->n_events];
    memset(e, 0, sizeof *e);
    e->number = (uint32_t)log->n_events++;
    e->offset = p->record;
    return e;
}

/* eventSize and the data. */
static void
read_data(struct parser *p, struct event *e)
{
    size_t size = reader_le32(&p->r);
    if (size > LIMIT_EVENT_DATA) {
        refuse(p, REASON_LOG_LIMIT, "event data larger than permitted");
        return;
    }
    e->data = reader_bytes(&p->r, size);
    if (p->r.failed)
        refuse(p, REASON_LOG_MALFORMED, "record cut short");
}

/* TCG_PCClientPCREvent: the first record, and every record of a SHA-1 log. [PFP 1.06 10.2.1] */
static void
read_sha1_event(struct parser *p, struct event *e)
{
    e->pcr = reader_le32(&p->r);
    e->type = reader_le32(&p->r);
    e->digest[0] = reader_bytes(&p->r, 20);
    read_data(p, e);
}

/* One TPMT_HA of a record. [PFP 1.06 10.2.2] */
static void
read_digest(struct parser *p, struct event *e)
{
    uint16_t alg = reader_le16(&p->r);
    size_t bank = eventlog_bank(p->log, alg);
    if (bank == p->log->n_banks) {
        refuse(p, p->r.failed ? REASON_LOG_MALFORMED : REASON_LOG_ALGORITHM,
               "digest algorithm not listed by the Spec ID event");
        return;
    }
    if (e->digest[bank].size > 0) {
        refuse(p, REASON_LOG_ALGORITHM, "two digests of one algorithm");
        return;
    }
    e->digest[bank] = reader_bytes(&p->r, p->sizes[bank]);
}

/* TCG_PCR_EVENT2. Fewer digests than banks occur; the others are then not extended. */
static void
read_agile_event(struct parser *p, struct event *e)
{
    e->pcr = reader_le32(&p->r);
    e->type = reader_le32(&p->r);
    size_t n_digests = reader_le32(&p->r);
    if (n_digests > p->log->n_banks)
        refuse(p, REASON_LOG_ALGORITHM, "more digests than the Spec ID event lists");
    if (n_digests == 0 && e->type != EVENT_NO_ACTION)
        refuse(p, REASON_LOG_MALFORMED, "event without a digest");
    for (size_t i = 0; is_good(p) && i < n_digests; i++)
        read_digest(p, e);
    if (is_good(p))
        read_data(p, e);
}

static void
check_locality(struct parser *p, const struct event *e)
{
    struct eventlog *log = p->log;
    const char *why = NULL;
    if (e->pcr != 0 || e->data.size != LOCALITY_SIZE)
        why = "StartupLocality of another PCR or size";
    else if (log->startup_locality >= 0)
        why = "second StartupLocality";
    else if (p->pcr0_extended)
        why = "StartupLocality after PCR 0 was extended";
    if (why) {
        refuse(p, REASON_LOG_LOCALITY, why);
        return;
    }
    uint8_t locality = e->data.data[SIGNATURE_SIZE];
    if (locality != 0 && locality != 3 && locality != 4)
        refuse(p, REASON_LOG_LOCALITY, "StartupLocality is none of 0, 3, 4");
    else
        log->startup_locality = locality;
}

static void
check_no_action(struct parser *p, const struct event *e)
{
    if (e->number > 0 && has_signature(e->data, SPEC_ID_SIGNATURE))
        refuse(p, REASON_LOG_MALFORMED, "second Spec ID event");
    else if (has_signature(e->data, LOCALITY_TEXT))
        check_locality(p, e);
}

/* What a record says of PCR 0's start value, and whether its PCR exists. */
static void
check_event(struct parser *p, const struct event *e)
{
    if (e->type == EVENT_NO_ACTION) {
        if (e->pcr >= LIMIT_PCRS && e->pcr != NO_PCR)
            refuse(p, REASON_LOG_PCR_RANGE, "EV_NO_ACTION names a PCR that does not exist");
        check_no_action(p, e);
        return;
    }
    if (e->pcr >= LIMIT_PCRS) {
        refuse(p, REASON_LOG_PCR_RANGE, "PCR above 23");
        return;
    }
    if (e->pcr == 0 && e->type == EVENT_EFI_HCRTM && !p->pcr0_extended)
        p->log->hcrtm = true;
    if (e->pcr == 0)
        p->pcr0_extended = true;
}

/* One row of the algorithm table: a known algorithm has its own size, an unknown one any. */
static void
read_algorithm(struct parser *p, struct reader *r)
{
    struct eventlog *log = p->log;
    uint16_t alg = reader_le16(r);
    uint16_t size = reader_le16(r);
    size_t known = alg_size(alg);
    if (r->failed)
        refuse(p, REASON_LOG_MALFORMED, "Spec ID event cut short");
    else if (size == 0 || size > ALG_MAX_SIZE || (known > 0 && size != known))
        refuse(p, REASON_LOG_ALGORITHM, "digest size is not the algorithm's");
    else if (eventlog_bank(log, alg) < log->n_banks)
        refuse(p, REASON_LOG_ALGORITHM, "algorithm listed twice");
    if (!is_good(p))
        return;
    p->sizes[log->n_banks] = size;
    log->banks[log->n_banks++] = alg;
}

/* TCG_EfiSpecIdEvent. [PFP 1.06 10.4.5.1] */
static void
read_spec_id(struct parser *p, struct bytes data)
{
    struct reader r = reader_of(data);
    (void)reader_bytes(&r, SIGNATURE_SIZE);
    (void)reader_le32(&r); /* platformClass */
    uint8_t minor = reader_u8(&r);
    uint8_t major = reader_u8(&r);
    (void)reader_u8(&r); /* specErrata */
    (void)reader_u8(&r); /* uintnSize */
    size_t n_algs = reader_le32(&r);
    if (!r.failed && (major != SPEC_MAJOR || minor != 0))
        refuse(p, REASON_LOG_MALFORMED, "Spec ID event of another version than 2.0");
    else if (!r.failed && n_algs == 0)
        refuse(p, REASON_LOG_ALGORITHM, "Spec ID event without an algorithm");
    else if (n_algs > LIMIT_BANKS)
        refuse(p, REASON_LOG_LIMIT, "Spec ID event with too many algorithms");
    for (size_t i = 0; is_good(p) && i < n_algs; i++)
        read_algorithm(p, &r);
    (void)reader_bytes(&r, reader_u8(&r)); /* vendorInfo */
    if (reader_end(&r, "PFP 1.06 10.4.5.1", NULL) != STATUS_OK)
        refuse(p, REASON_LOG_MALFORMED, "Spec ID event is not of its stated size");
}

static void
parse_first(struct parser *p)
{
    struct event *e = add_event(p);
    if (!e)
        return;
    read_sha1_event(p, e);
    if (!is_good(p))
        return;
    struct eventlog *log = p->log;
    if (e->type == EVENT_NO_ACTION && has_signature(e->data, SPEC_ID_SIGNATURE)) {
        log->format = e->pcr == CCEL_SPEC_ID ? EVENTLOG_CCEL : EVENTLOG_CRYPTO_AGILE;
        e->digest[0] = (struct bytes){0}; /* that record has no digest */
        read_spec_id(p, e->data);
        return;
    }
    log->format = EVENTLOG_SHA1;
    log->n_banks = 1;
    log->banks[0] = ALG_SHA1;
    p->sizes[0] = 20;
    check_event(p, e);
}

/* Nothing is left, or only filler: 0x00 or 0xFF to the end. Looks at the whole rest only when its
 * head cannot be a record, so once. */
static bool
at_end(struct parser *p)
{
    size_t n_left = reader_left(&p->r);
    if (n_left == 0)
        return true;
    const uint8_t *rest = p->r.in.data + p->r.offset;
    if (rest[0] != 0x00 && rest[0] != 0xFF)
        return false;
    size_t n = 1;
    while (n < n_left && rest[n] == rest[0])
        n++;
    if (n < n_left && n >= FILLER_HEAD && p->log->n_events > 0)
        refuse(p, REASON_LOG_MALFORMED, "bytes after the filler");
    return n == n_left || !is_good(p);
}

static void
parse_next(struct parser *p)
{
    p->record = p->r.offset;
    struct event *e = add_event(p);
    if (!e)
        return;
    if (p->log->format == EVENTLOG_SHA1)
        read_sha1_event(p, e);
    else
        read_agile_event(p, e);
    if (!is_good(p))
        return;
    check_event(p, e);
    eventlog_region_step(&p->region, e);
}

/* The region that U-Boot keeps its log in is larger than the log: what follows the event that
 * closes it is what the memory held before, filler or not. Not silently: see quirk region-tail. */
static bool
at_region_end(struct parser *p)
{
    if (!eventlog_region_is_closed(&p->region))
        return false;
    p->log->uboot_fit = true;
    if (!eventlog_region_is_filler(bytes_slice(p->r.in, p->r.offset, reader_left(&p->r))))
        p->log->tail = reader_left(&p->r);
    return true;
}

static void
parse_all(struct parser *p)
{
    if (p->r.in.size > LIMIT_BOOT_LOG)
        refuse(p, REASON_LOG_LIMIT, "log larger than permitted");
    const char *other = cel_encoding_name(cel_encoding_of(p->r.in));
    if (other)
        refuse(p, REASON_LOG_UNSUPPORTED, other);
    else if (p->r.in.size > 0 && at_end(p))
        refuse(p, REASON_LOG_MALFORMED, "filler without a record");
    if (is_good(p))
        parse_first(p);
    while (is_good(p) && !at_region_end(p) && !at_end(p))
        parse_next(p);
    p->log->size = p->r.offset;
}

enum status
eventlog_parse(struct bytes in, struct eventlog **out, struct reasons *reasons)
{
    *out = NULL;
    CLEANUP(eventlog_freep) struct eventlog *log = calloc(1, sizeof *log);
    if (!log)
        return STATUS_NOMEM;
    log->startup_locality = -1;
    struct parser p = {.r = reader_of(in), .log = log};
    parse_all(&p);
    if (p.status != STATUS_OK)
        return p.status;
    if (p.bad != REASON_NONE) {
        int64_t number = log->n_events > 0 ? (int64_t)log->n_events - 1 : 0;
        struct reason *r = reasons_add_at(reasons, p.bad, REASON_LOG_BOOT, REASON_NO_PCR, number);
        reason_set_found(r, p.why);
        return STATUS_OK;
    }
    *out = log;
    log = NULL;
    return STATUS_OK;
}

size_t
eventlog_bank(const struct eventlog *log, uint16_t alg)
{
    size_t i = 0;
    while (i < log->n_banks && log->banks[i] != alg)
        i++;
    return i;
}

void
eventlog_free(struct eventlog *log)
{
    if (!log)
        return;
    free(log->events);
    free(log);
}

void
eventlog_freep(struct eventlog **log)
{
    eventlog_free(*log);
}
