/* SPDX-License-Identifier: Apache-2.0 */
/* from: an IMA list's file; to: PCR values, entries and what is wrong, printed; never: compares it
 * with a quote. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/inspect.h"
#include "evidence/cel.h"
#include "evidence/ima.h"

#include <stdlib.h>
#include <string.h>

#define NAMED_MAX 16u /* entries named one by one for each code */
#define N_BANKS   (sizeof banks / sizeof banks[0])

/* Key of "pcrs": a bank that the kernel hashes for, or one that it fills with SHA-1 digests. */
static const struct bank {
    const char *key;
    uint16_t alg;
    enum ima_mode mode;
} banks[] = {
    {"sha1", ALG_SHA1, IMA_NATIVE},
    {"sha256", ALG_SHA256, IMA_NATIVE},
    {"sha384", ALG_SHA384, IMA_NATIVE},
    {"sha512", ALG_SHA512, IMA_NATIVE},
    {"sha256_padded_sha1", ALG_SHA256, IMA_PADDED},
    {"sha384_padded_sha1", ALG_SHA384, IMA_PADDED},
    {"sha512_padded_sha1", ALG_SHA512, IMA_PADDED},
};

struct view {
    struct hasher *h;
    struct bytes list;
    bool readable; /* all of it */
    enum ima_format format;
    uint64_t n_entries;
    uint64_t n_violations;
    unsigned n_named[REASON_COUNT];
    char aggregate[16 + 2 * ALG_MAX_SIZE]; /* "sha256:..." of the first one; "" when none */
    struct ima_pcrs pcrs[N_BANKS];
    struct reasons reasons;
    struct buffer entries; /* with --entries: JSON text or lines */
};

static void
free_view(struct view **v)
{
    if (!*v)
        return;
    hasher_free((*v)->h);
    reasons_free(&(*v)->reasons);
    buffer_free(&(*v)->entries);
    free(*v);
}

static void
name_entry(struct view *v, enum reason_code code, const struct ima_entry *e)
{
    if (++v->n_named[code] > NAMED_MAX)
        return;
    struct reason *r =
        reasons_add_at(&v->reasons, code, REASON_LOG_IMA, (int32_t)e->pcr, (int64_t)e->number);
    reason_set_found_escaped(r, code == REASON_IMA_TEMPLATE ? e->name : e->path);
}

/* Whether the listed digest is that of the data, by an algorithm of its size: nothing in a list
 * says which one its kernel used. */
static enum status
check_digest(struct view *v, struct ima_entry *e)
{
    bool known = false;
    for (size_t i = 0; !e->violation && i < ALG_COUNT; i++) {
        struct digest computed;
        if (alg_at(i)->size != e->digest.size)
            continue;
        enum status s = ima_template_digest(v->h, alg_at(i)->id, e, &computed);
        if (s == STATUS_UNSUPPORTED)
            continue;
        if (s != STATUS_OK && s != STATUS_MALFORMED)
            return s;
        known = true;
        if (s == STATUS_OK && bytes_equal(digest_bytes(&computed), e->digest))
            return STATUS_OK;
    }
    e->digest_bad = known;
    return STATUS_OK;
}

static void
note_aggregate(struct view *v, const struct ima_entry *e)
{
    char hex[2 * ALG_MAX_SIZE + 1];
    if (v->aggregate[0] != '\0' || !ima_is_aggregate(e) || e->digest_bad)
        return;
    (void)snprintf(v->aggregate, sizeof v->aggregate, "%s:%s", alg_name(e->file_alg),
                   text_hex(e->file_digest, hex, sizeof hex));
}

static void
emit_bytes_or_null(struct emit *j, const char *name, struct bytes value)
{
    emit_key(j, name);
    if (value.size > 0)
        emit_hex(j, value);
    else
        emit_null(j);
}

static void
emit_entry(struct emit *j, const struct ima_entry *e)
{
    emit_object(j);
    emit_uint_member(j, "number", e->number);
    emit_uint_member(j, "pcr", e->pcr);
    emit_hex_member(j, "template_digest", e->digest);
    emit_key(j, "template");
    emit_utf8(j, e->name);
    emit_bool_member(j, "violation", e->violation);
    emit_bool_member(j, "bound", !e->digest_bad && !e->violation);
    emit_text_member(j, "file_alg", e->file_alg ? alg_name(e->file_alg) : NULL);
    emit_bytes_or_null(j, "file_digest", e->file_digest);
    emit_bool_member(j, "verity", e->verity);
    emit_key(j, "path");
    if (e->path.size > 0)
        emit_utf8(j, e->path);
    else
        emit_null(j);
    emit_bytes_or_null(j, "signature", e->signature);
    emit_bytes_or_null(j, "buffer", e->buffer);
    emit_end_object(j);
}

static void
append_entry(struct buffer *out, const struct ima_entry *e)
{
    char path[512];
    buffer_append_format(out, "%6llu  %2u  ", (unsigned long long)e->number, e->pcr);
    if (e->violation)
        buffer_append_text(out, "violation");
    else if (e->file_digest.size > 0)
        buffer_append_format(out, "%s:", e->file_alg ? alg_name(e->file_alg) : "unknown");
    if (!e->violation)
        text_append_hex(out, e->file_digest.size > 0 ? e->file_digest : e->digest);
    buffer_append_format(out, "  %s%s%s%s\n", text_escape(e->path, path, sizeof path),
                         e->signature.size > 0 ? "  [signature]" : "",
                         e->buffer.size > 0 ? "  [buffer]" : "",
                         e->digest_bad ? "  !! digest is not that of the data" : "");
}

static enum status
take_entry(struct view *v, struct ima_entry *e, struct emit *j, bool listed)
{
    enum status s = check_digest(v, e);
    if (s != STATUS_OK)
        return s;
    v->n_entries++;
    v->n_violations += e->violation;
    note_aggregate(v, e);
    if (e->violation)
        name_entry(v, REASON_IMA_VIOLATION, e);
    if (e->digest_bad)
        name_entry(v, REASON_IMA_DIGEST, e);
    if (!e->template_known)
        name_entry(v, REASON_IMA_TEMPLATE, e);
    if (listed && j)
        emit_entry(j, e);
    else if (listed)
        append_entry(&v->entries, e);
    return STATUS_OK;
}

static void
blame_list(struct view *v, enum status s, const struct diag *diag)
{
    struct reason *r =
        reasons_add_at(&v->reasons, s == STATUS_LIMIT ? REASON_LOG_LIMIT : REASON_IMA_MALFORMED,
                       REASON_LOG_IMA, REASON_NO_PCR, (int64_t)v->n_entries);
    reason_set_found(r, diag->text);
}

static void
blame_encoding(struct view *v)
{
    struct reason *r = reasons_add_at(&v->reasons, REASON_LOG_UNSUPPORTED, REASON_LOG_IMA,
                                      REASON_NO_PCR, REASON_NO_EVENT);
    reason_set_found(r, cel_encoding_name(cel_encoding_of(v->list)));
}

/* Every entry once. A list that breaks off is a reason, with what stands before the break. */
static enum status
read_entries(struct view *v, bool listed, bool json)
{
    CLEANUP(buffer_free) struct buffer scratch = {0};
    struct emit j = emit_of(&v->entries);
    struct ima_reader r;
    struct ima_entry e;
    struct diag diag = {0};
    emit_array(&j);
    if (!json)
        buffer_reset(&v->entries);
    enum status s = ima_open(v->list, 0, &r, &diag);
    if (s == STATUS_OK)
        v->format = r.format;
    while (s == STATUS_OK) {
        s = ima_next(&r, &scratch, &e, &diag);
        if (s == STATUS_OK)
            s = take_entry(v, &e, json ? &j : NULL, listed);
    }
    emit_end_array(&j);
    if (s == STATUS_MALFORMED && cel_encoding_of(v->list) != CEL_NONE) {
        blame_encoding(v);
        return buffer_check(&v->entries);
    }
    v->readable = s == STATUS_NOT_FOUND;
    if (s == STATUS_MALFORMED || s == STATUS_LIMIT)
        blame_list(v, s, &diag);
    else if (s != STATUS_NOT_FOUND)
        return s;
    return buffer_check(&v->entries);
}

static enum status
replay_banks(struct view *v)
{
    for (size_t i = 0; v->readable && i < N_BANKS; i++) {
        enum status s = ima_replay(v->h, v->list, banks[i].alg, banks[i].mode, &v->pcrs[i], NULL);
        if (s != STATUS_OK && s != STATUS_UNSUPPORTED)
            return s;
    }
    return STATUS_OK;
}

static const char *
format_name(const struct view *v)
{
    static const char *const names[] = {
        [IMA_BINARY_LE] = "binary-le", [IMA_BINARY_BE] = "binary-be", [IMA_ASCII] = "ascii"};
    return v->n_entries > 0 || v->readable ? names[v->format] : NULL;
}

static void
emit_pcrs(struct emit *j, const struct view *v)
{
    char index[8];
    emit_key(j, "pcrs");
    emit_object(j);
    for (size_t i = 0; v->n_entries > 0 && v->readable && i < N_BANKS; i++) {
        emit_key(j, banks[i].key);
        emit_object(j);
        for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            (void)snprintf(index, sizeof index, "%u", pcr);
            if (v->pcrs[i].used[pcr])
                emit_hex_member(j, index, digest_bytes(&v->pcrs[i].pcr[pcr]));
        }
        emit_end_object(j);
    }
    emit_end_object(j);
}

static enum status
emit_view(const struct view *v, bool listed, struct buffer *out)
{
    struct emit j = emit_of(out);
    emit_object(&j);
    emit_text_member(&j, "format", format_name(v));
    emit_uint_member(&j, "entry_count", v->n_entries);
    emit_uint_member(&j, "violations", v->n_violations);
    emit_text_member(&j, "boot_aggregate", v->aggregate[0] ? v->aggregate : NULL);
    emit_pcrs(&j, v);
    if (listed) {
        emit_key(&j, "entries");
        emit_raw(&j, buffer_bytes(&v->entries));
    }
    report_emit(&j, &v->reasons);
    emit_end_object(&j);
    return emit_check(&j);
}

static enum status
append_view(const struct view *v, bool listed, struct buffer *out)
{
    const char *format = format_name(v);
    report_append(out, &v->reasons);
    buffer_append_format(out, "IMA list, %s, %llu entries, %llu violations\n",
                         format ? format : "unknown format", (unsigned long long)v->n_entries,
                         (unsigned long long)v->n_violations);
    buffer_append_format(out, "  boot_aggregate     %s\n", v->aggregate[0] ? v->aggregate : "none");
    buffer_append_text(out, "  Nothing of this is proven without a quote: attestctl verify quote "
                            "--ima.\n");
    for (size_t i = 0; v->readable && i < N_BANKS; i++) {
        for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            if (!v->pcrs[i].used[pcr])
                continue;
            buffer_append_format(out, "  PCR %2u %-18s  ", pcr, banks[i].key);
            text_append_hex(out, digest_bytes(&v->pcrs[i].pcr[pcr]));
            buffer_append_text(out, "\n");
        }
    }
    if (listed) {
        buffer_append_text(out, "entries (number, PCR, digest, path)\n");
        buffer_append(out, buffer_bytes(&v->entries));
    }
    return buffer_check(out);
}

int
inspect_ima(struct context *c)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    CLEANUP(free_view) struct view *v = calloc(1, sizeof *v);
    struct diag diag = {0};
    bool listed = command_option(c, "entries") != NULL;
    enum status s = v ? hasher_new(&v->h) : STATUS_NOMEM;
    if (s == STATUS_OK)
        s = report_load(c->arguments[0], LIMIT_IMA_SEGMENT, REASON_LOG_LIMIT, &in, &v->reasons,
                        &diag);
    if (s == STATUS_OK && v->reasons.n_items == 0) {
        v->list = buffer_bytes(&in);
        s = read_entries(v, listed, c->json);
    }
    if (s == STATUS_OK)
        s = replay_banks(v);
    if (s == STATUS_OK)
        s = c->json ? emit_view(v, listed, &out) : append_view(v, listed, &out);
    return s == STATUS_OK ? report_print(&out, &v->reasons) : report_fail(s, &diag);
}
