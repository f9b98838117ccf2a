/* SPDX-License-Identifier: Apache-2.0 */
/* from: bytes of a list; to: one entry at a time; never: keeps an entry, believes a path. */
#include "evidence/ima.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/reader.h"
#include "evidence/ima_fields.h"

#include <string.h>

#define CLAUSE "kernel ima binary list"

static const size_t digest_sizes[] = {20, 32, 48, 64};
static const uint8_t zeros[IMA_LEGACY_NAME];

static uint32_t
read_u32(struct reader *r, enum ima_format format)
{
    return format == IMA_BINARY_BE ? reader_be32(r) : reader_le32(r);
}

/* Template "ima" has no length of its own: digest, length, path. */
static struct bytes
read_legacy_data(struct reader *r, enum ima_format format)
{
    size_t start = r->offset;
    (void)reader_bytes(r, IMA_SHA1_SIZE);
    (void)reader_bytes(r, read_u32(r, format));
    return r->failed ? (struct bytes){0} : bytes_slice(r->in, start, r->offset - start);
}

static bool
is_legacy(struct bytes name)
{
    return name.size == 3 && bytes_equal(name, bytes_of("ima", 3));
}

/* Frame of a binary entry: pcr, digest, name, data. */
static void
read_frame(struct reader *r, enum ima_format format, size_t digest_size, struct ima_entry *e)
{
    e->pcr = read_u32(r, format);
    e->digest = reader_bytes(r, digest_size);
    size_t n_name = read_u32(r, format);
    if (e->pcr >= LIMIT_PCRS || n_name == 0 || n_name > IMA_NAME_MAX)
        reader_fail(r);
    e->name = reader_bytes(r, n_name);
    if (is_legacy(e->name))
        e->data = read_legacy_data(r, format);
    else
        e->data = reader_bytes(r, read_u32(r, format));
}

static bool
is_printable(struct bytes in)
{
    for (size_t i = 0; i < in.size; i++) {
        if (in.data[i] <= 0x20 || in.data[i] >= 0x7F)
            return false;
    }
    return in.size > 0;
}

/* How many of the first two entries fit this byte order and digest size; the end counts as one. */
static unsigned
probe(struct bytes in, enum ima_format format, size_t digest_size)
{
    struct reader r = reader_of(in);
    unsigned n_good = 0;
    while (n_good < 2 && reader_left(&r) > 0) {
        struct ima_entry e = {0};
        read_frame(&r, format, digest_size, &e);
        if (r.failed || !is_printable(e.name))
            return n_good;
        n_good++;
    }
    return 2;
}

static bool
looks_ascii(struct bytes in)
{
    return in.data[0] == ' ' || (in.data[0] >= '0' && in.data[0] <= '9');
}

enum status
ima_open(struct bytes in, uint64_t first, struct ima_reader *out, struct diag *diag)
{
    *out = (struct ima_reader){
        .in = in, .next = first, .limit = first + LIMIT_IMA_ENTRIES, .digest_size = IMA_SHA1_SIZE};
    if (in.size > LIMIT_IMA_SEGMENT)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "list larger than permitted");
    if (in.size == 0)
        return STATUS_OK;
    if (looks_ascii(in)) { /* no PCR number of a binary list looks like that */
        out->format = IMA_ASCII;
        return STATUS_OK;
    }
    unsigned best = 0;
    for (size_t i = 0; best < 2 && i < 2 * sizeof digest_sizes / sizeof digest_sizes[0]; i++) {
        enum ima_format format = i % 2 ? IMA_BINARY_BE : IMA_BINARY_LE;
        unsigned n_good = probe(in, format, digest_sizes[i / 2]);
        if (n_good > best) {
            best = n_good;
            out->format = format;
            out->digest_size = digest_sizes[i / 2];
        }
    }
    if (best == 0)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "not an IMA list");
    return STATUS_OK;
}

enum status
ima_open_joined(struct bytes in, struct ima_reader *out)
{
    size_t n = in.size < LIMIT_IMA_SEGMENT ? in.size : LIMIT_IMA_SEGMENT;
    enum status s = ima_open(bytes_slice(in, 0, n), 0, out, NULL);
    out->in = in;
    out->limit = UINT64_MAX;
    return s == STATUS_OK && out->format == IMA_ASCII ? STATUS_MALFORMED : s;
}

/* All zero: the file was open for writing, or changed between measurement and use. */
static bool
is_violation(struct bytes digest)
{
    return bytes_equal(digest, bytes_of(zeros, digest.size));
}

static enum status
next_binary(struct ima_reader *r, struct ima_entry *out, struct diag *diag)
{
    struct reader in = reader_of(r->in);
    in.offset = r->offset;
    read_frame(&in, r->format, r->digest_size, out);
    if (in.failed)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, r->offset,
                        "entry cut short or out of range");
    if (!ima_fields_read(out, r->format == IMA_BINARY_BE))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, r->offset,
                        "template data does not have its template's form");
    r->offset = in.offset;
    return STATUS_OK;
}

enum status
ima_next(struct ima_reader *r, struct buffer *scratch, struct ima_entry *out, struct diag *diag)
{
    if (r->offset == r->in.size)
        return STATUS_NOT_FOUND;
    if (r->next >= r->limit)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, r->offset, "too many entries");
    *out = (struct ima_entry){.number = r->next};
    enum status s =
        r->format == IMA_ASCII ? ima_ascii_next(r, scratch, out, diag) : next_binary(r, out, diag);
    if (s != STATUS_OK)
        return s;
    out->end = r->offset;
    out->violation = is_violation(out->digest);
    r->next++;
    return STATUS_OK;
}

enum status
ima_template_digest(struct hasher *h, uint16_t alg, const struct ima_entry *e, struct digest *out)
{
    if (!is_legacy(e->name))
        return digest_compute(h, alg, e->data, out);
    if (e->path.size > IMA_LEGACY_NAME)
        return STATUS_MALFORMED;
    const struct bytes parts[] = {e->file_digest, e->path,
                                  bytes_of(zeros, IMA_LEGACY_NAME - e->path.size)};
    return digest_compute_parts(h, alg, parts, 3, out);
}

uint16_t
ima_list_alg(const struct ima_entry *e)
{
    for (size_t i = 0; i < ALG_COUNT; i++) {
        if (alg_at(i)->size == e->digest.size)
            return alg_at(i)->id;
    }
    return 0;
}

/* The SHA-1 template digest with zeros after it, as kernels extend a bank they cannot hash for. */
static enum status
padded_value(struct hasher *h, uint16_t alg, const struct ima_entry *e, struct digest *out)
{
    struct digest sha1;
    enum status s = STATUS_OK;
    if (ima_list_alg(e) == ALG_SHA1)
        s = digest_from(ALG_SHA1, e->digest, &sha1);
    else
        s = ima_template_digest(h, ALG_SHA1, e, &sha1);
    if (s != STATUS_OK)
        return s;
    *out = digest_reset(alg, 0);
    if (out->size < sha1.size)
        return STATUS_UNSUPPORTED;
    memcpy(out->data, sha1.data, sha1.size);
    return STATUS_OK;
}

static enum status
violation_value(uint16_t alg, enum ima_mode mode, struct digest *out)
{
    *out = digest_reset(alg, 0);
    size_t n = mode == IMA_PADDED_OLD && out->size > IMA_SHA1_SIZE ? IMA_SHA1_SIZE : out->size;
    memset(out->data, 0xFF, n);
    return n > 0 ? STATUS_OK : STATUS_UNSUPPORTED;
}

enum status
ima_extend_value(struct hasher *h, uint16_t alg, enum ima_mode mode, const struct ima_entry *e,
                 struct digest *out)
{
    if (e->violation)
        return violation_value(alg, mode, out);
    if (ima_list_alg(e) == alg)
        return digest_from(alg, e->digest, out);
    if (mode == IMA_NATIVE)
        return ima_template_digest(h, alg, e, out);
    return padded_value(h, alg, e, out);
}

bool
ima_is_aggregate(const struct ima_entry *e)
{
    static const char name[] = "boot_aggregate";
    return e->path.size == sizeof name - 1 && bytes_equal(e->path, bytes_of(name, sizeof name - 1));
}

unsigned
ima_odd(const struct ima_entry *e, enum reason_code out[static IMA_ODD_MAX])
{
    unsigned n = 0;
    if (e->pcr != IMA_PCR)
        out[n++] = REASON_IMA_PCR;
    else if (e->violation)
        out[n++] = REASON_IMA_VIOLATION;
    if (e->digest_bad)
        out[n++] = REASON_IMA_DIGEST;
    if (!e->template_known)
        out[n++] = REASON_IMA_TEMPLATE;
    return n;
}

struct reason
ima_reason(enum reason_code code, const struct ima_entry *e)
{
    struct reason r = {.code = code,
                       .log = REASON_LOG_IMA,
                       .pcr = (int32_t)IMA_PCR,
                       .event = (int64_t)e->number,
                       .bound = !e->digest_bad};
    reason_set_found_escaped(&r, code == REASON_IMA_TEMPLATE ? e->name : e->path);
    return r;
}

enum status
ima_replay(struct hasher *h, struct bytes in, uint16_t alg, enum ima_mode mode,
           struct ima_pcrs *out, struct diag *diag)
{
    *out = (struct ima_pcrs){0};
    struct ima_reader r;
    enum status s = ima_open(in, 0, &r, diag);
    if (s != STATUS_OK)
        return s;
    CLEANUP(buffer_free) struct buffer scratch = {0};
    struct ima_entry e;
    while ((s = ima_next(&r, &scratch, &e, diag)) == STATUS_OK) {
        struct digest *pcr = &out->pcr[e.pcr];
        if (!out->used[e.pcr])
            *pcr = digest_reset(alg, 0);
        out->used[e.pcr] = true;
        out->n_entries++;
        out->n_violations += e.violation;
        struct digest value;
        s = ima_extend_value(h, alg, mode, &e, &value);
        if (s == STATUS_OK)
            s = digest_extend(h, pcr, digest_bytes(&value));
        if (s != STATUS_OK)
            return s;
    }
    return s == STATUS_NOT_FOUND ? STATUS_OK : s;
}
