/* SPDX-License-Identifier: Apache-2.0 */
/* from: a body; to: struct evidence, borrowed views of known members within their limits; never:
 * looks into a member but "offsets", allocates. [RFC 9999; protocol 3] */
#include "evidence/evidence.h"

#include "base/alg.h"
#include "base/cleanup.h"
#include "evidence/dcbor.h"

#include <inttypes.h>
#include <stdio.h>

#define CLAUSE           "RFC 9999, CMW collection"
#define RECORD_SIZE      2u /* [type, value] */
#define RECORD_SIZE_IND  3u /* [type, value, ind] */
#define TREE             "application/vnd.attestd."
#define N_OFFSETS        2u
#define INCOMPLETE       "userspace-incomplete"
#define AFTER_CMWC_T     EVIDENCE_BOOT_LOG /* the member that __cmwc_t sorts before */
#define LIMIT_PCR_VALUES ((size_t)LIMIT_BANKS * LIMIT_PCRS * ALG_MAX_SIZE)

struct row {
    const char *name;
    const char *type;
    size_t limit;
    bool demanded;
};

static const struct row rows[EVIDENCE_N_MEMBERS] = {
    [EVIDENCE_IMA] = {"ima", TREE "ima", LIMIT_IMA_SEGMENT, false},
    [EVIDENCE_PCRS] = {"pcrs", TREE "pcrs", LIMIT_PCR_VALUES, true},
    [EVIDENCE_QUOTE] = {"quote", TREE "quote", LIMIT_TPM_STRUCTURE, true},
    [EVIDENCE_CLAIMS] = {"claims", TREE "claims+json", LIMIT_CLAIMS, false},
    [EVIDENCE_OFFSETS] = {"offsets", TREE "offsets+cbor", LIMIT_MANIFEST, false},
    [EVIDENCE_BOOT_LOG] = {"boot-log", TREE "boot-log", LIMIT_BOOT_LOG, false},
    [EVIDENCE_MANIFEST] = {"manifest", TREE "manifest+cbor", LIMIT_MANIFEST, true},
    [EVIDENCE_SIGNATURE] = {"signature", TREE "signature", LIMIT_TPM_STRUCTURE, true},
    [EVIDENCE_ANNOUNCEMENT] = {"announcement", TREE "announcement+json", LIMIT_ANNOUNCEMENT, false},
    [EVIDENCE_USERSPACE_LOG] = {"userspace-log", TREE "userspace-log+json-seq", LIMIT_USERSPACE_LOG,
                                false},
};

const char *
evidence_member_name(enum evidence_member m)
{
    return rows[m].name;
}

const char *
evidence_member_type(enum evidence_member m)
{
    return rows[m].type;
}

size_t
evidence_member_limit(enum evidence_member m)
{
    return rows[m].limit;
}

enum evidence_member
evidence_member_find(struct bytes name)
{
    size_t m = 0;
    while (m < EVIDENCE_N_MEMBERS && !bytes_equal(name, bytes_of_text(rows[m].name)))
        m++;
    return (enum evidence_member)m;
}

enum status
evidence_refuse(struct reasons *reasons, enum reason_code code, const char *what, const char *found)
{
    struct reason *reason = reasons_add(reasons, code);
    reason_set_what(reason, what);
    reason_set_found(reason, found);
    return code == REASON_EVIDENCE_LIMIT ? STATUS_LIMIT : STATUS_MALFORMED;
}

enum status
evidence_refuse_name(struct reasons *reasons, struct bytes name)
{
    reason_set_found_escaped(reasons_add(reasons, REASON_EVIDENCE_MEMBER_UNKNOWN), name);
    return STATUS_MALFORMED;
}

/* {"ima": n, "userspace-log": n, ? "userspace-incomplete": true} */
static enum status
read_offsets(struct evidence *e)
{
    struct dcbor r = dcbor_of(e->member[EVIDENCE_OFFSETS]);
    size_t n = dcbor_map(&r);
    if (n != N_OFFSETS && n != N_OFFSETS + 1)
        dcbor_fail(&r);
    dcbor_expect_text(&r, rows[EVIDENCE_IMA].name);
    e->ima_offset = dcbor_uint(&r);
    dcbor_expect_text(&r, rows[EVIDENCE_USERSPACE_LOG].name);
    e->userspace_offset = dcbor_uint(&r);
    if (n > N_OFFSETS) {
        dcbor_expect_text(&r, INCOMPLETE);
        e->userspace_incomplete = dcbor_bool(&r);
        if (!e->userspace_incomplete) /* said by its absence alone */
            dcbor_fail(&r);
    }
    if (e->ima_offset > INT64_MAX || e->userspace_offset > INT64_MAX)
        dcbor_fail(&r);
    return dcbor_end(&r, CLAUSE, NULL);
}

enum status
evidence_check(struct evidence *e, struct reasons *reasons)
{
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++) {
        if (e->member[m].size > rows[m].limit)
            return evidence_refuse(reasons, REASON_EVIDENCE_LIMIT, rows[m].name, NULL);
    }
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++) {
        if (rows[m].demanded && !e->present[m])
            return evidence_refuse(reasons, REASON_EVIDENCE_MEMBER_MISSING, rows[m].name, NULL);
    }
    if (e->present[EVIDENCE_OFFSETS] && read_offsets(e) != STATUS_OK)
        return evidence_refuse(reasons, REASON_EVIDENCE_MALFORMED, rows[EVIDENCE_OFFSETS].name,
                               NULL);
    return STATUS_OK;
}

/* A CMW record: [type, value] or [type, value, ind]. */
static void
read_record(struct dcbor *r, enum evidence_member m, struct evidence *e)
{
    size_t n = dcbor_array(r);
    if (n != RECORD_SIZE && n != RECORD_SIZE_IND)
        dcbor_fail(r);
    dcbor_expect_text(r, rows[m].type);
    e->member[m] = dcbor_bytes(r);
    e->present[m] = true;
    if (n == RECORD_SIZE_IND && dcbor_uint(r) != EVIDENCE_IND)
        dcbor_fail(r);
}

/* The cursor failed, or is not at the end of one whole collection: say where. */
static enum status
refuse_frame(const struct dcbor *r, const char *what, struct reasons *reasons)
{
    struct diag diag = {0};
    char found[sizeof diag.text];
    bool limited = dcbor_end(r, CLAUSE, &diag) == STATUS_LIMIT;
    (void)snprintf(found, sizeof found, "%.100s at byte %" PRIu64, diag.text, diag.offset);
    return evidence_refuse(reasons, limited ? REASON_EVIDENCE_LIMIT : REASON_EVIDENCE_MALFORMED,
                           what, found);
}

/* One pair of the collection. */
static enum status
read_pair(struct dcbor *r, struct evidence *e, bool *typed, struct reasons *reasons)
{
    struct bytes name = dcbor_key(r);
    if (r->failed)
        return refuse_frame(r, NULL, reasons);
    if (bytes_equal(name, bytes_of_text(EVIDENCE_CMWC_T))) {
        dcbor_expect_text(r, EVIDENCE_PROFILE);
        *typed = true;
        return r->failed ? refuse_frame(r, EVIDENCE_CMWC_T, reasons) : STATUS_OK;
    }
    enum evidence_member m = evidence_member_find(name);
    if (m == EVIDENCE_N_MEMBERS)
        return evidence_refuse_name(reasons, name);
    read_record(r, m, e);
    return r->failed ? refuse_frame(r, rows[m].name, reasons) : STATUS_OK;
}

static enum status
read_collection(struct bytes body, struct evidence *e, struct reasons *reasons)
{
    struct dcbor r = dcbor_of(body);
    bool typed = false;
    size_t n = dcbor_map(&r);
    for (size_t i = 0; i < n; i++) {
        enum status s = read_pair(&r, e, &typed, reasons);
        if (s != STATUS_OK)
            return s;
    }
    if (dcbor_end(&r, CLAUSE, NULL) != STATUS_OK)
        return refuse_frame(&r, NULL, reasons);
    if (!typed)
        return evidence_refuse(reasons, REASON_EVIDENCE_MALFORMED, EVIDENCE_CMWC_T, "missing");
    return STATUS_OK;
}

enum status
evidence_parse(struct bytes body, struct evidence *out, struct reasons *reasons)
{
    *out = (struct evidence){0};
    if (body.size > LIMIT_BODY_LARGE)
        return evidence_refuse(reasons, REASON_EVIDENCE_LIMIT, "body", NULL);
    struct evidence e = {0};
    enum status s = read_collection(body, &e, reasons);
    if (s == STATUS_OK)
        s = evidence_check(&e, reasons);
    if (s == STATUS_OK)
        *out = e;
    return s;
}

enum status
evidence_with_offsets(const struct evidence *e, struct buffer *owner, struct evidence *out)
{
    dcbor_put_map(owner, N_OFFSETS + e->userspace_incomplete);
    dcbor_put_text(owner, rows[EVIDENCE_IMA].name);
    dcbor_put_uint(owner, e->ima_offset);
    dcbor_put_text(owner, rows[EVIDENCE_USERSPACE_LOG].name);
    dcbor_put_uint(owner, e->userspace_offset);
    if (e->userspace_incomplete) {
        dcbor_put_text(owner, INCOMPLETE);
        dcbor_put_bool(owner, true);
    }
    *out = *e;
    out->member[EVIDENCE_OFFSETS] = buffer_bytes(owner);
    return buffer_check(owner);
}

static void
put_cmwc_t(struct buffer *out)
{
    dcbor_put_text(out, EVIDENCE_CMWC_T);
    dcbor_put_text(out, EVIDENCE_PROFILE);
}

static void
put_record(struct buffer *out, enum evidence_member m, struct bytes content)
{
    dcbor_put_text(out, rows[m].name);
    dcbor_put_array(out, RECORD_SIZE);
    dcbor_put_text(out, rows[m].type);
    dcbor_put_bytes(out, content);
}

enum status
evidence_encode(const struct evidence *e, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer offsets = {0};
    struct evidence whole;
    enum status s = evidence_with_offsets(e, &offsets, &whole);
    if (s != STATUS_OK)
        return s;
    size_t n = 1;
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++)
        n += e->present[m];
    dcbor_put_map(out, n);
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++) {
        if (m == AFTER_CMWC_T)
            put_cmwc_t(out);
        if (e->present[m])
            put_record(out, (enum evidence_member)m, whole.member[m]);
    }
    return buffer_check(out);
}
