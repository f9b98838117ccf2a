/* SPDX-License-Identifier: Apache-2.0 */
/* from: a quote's file; to: what it says, printed; never: believes a signature, which it does not
 * see. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/inspect.h"
#include "evidence/tpm_wire.h"

struct view {
    bool sized; /* TPM2B_ATTEST: with its size before it */
    bool parsed;
    struct tpm_attest attest;
    struct reasons reasons;
};

static void
clear_view(struct view *v)
{
    reasons_free(&v->reasons);
}

/* A size field that fits, and the magic behind it. */
static struct bytes
without_size(struct bytes in, bool *sized)
{
    struct reader r = reader_of(in);
    uint16_t size = reader_be16(&r);
    uint32_t magic = reader_be32(&r);
    *sized = !r.failed && size == in.size - 2 && magic == TPM_GENERATED_VALUE;
    return *sized ? bytes_of(in.data + 2, in.size - 2) : in;
}

static void
blame(struct view *v, enum reason_code code, const char *expected, const char *found)
{
    struct reason *r = reasons_add(&v->reasons, code);
    reason_set_expected(r, expected);
    reason_set_found(r, found);
}

static void
judge(struct view *v, enum status s, const struct diag *diag)
{
    char found[16];
    v->parsed = s == STATUS_OK;
    if (s != STATUS_OK) {
        blame(v, REASON_QUOTE_MALFORMED, NULL, diag->text);
        return;
    }
    (void)snprintf(found, sizeof found, "%08x", v->attest.magic);
    if (v->attest.magic != TPM_GENERATED_VALUE)
        blame(v, REASON_QUOTE_MAGIC, "ff544347", found);
    (void)snprintf(found, sizeof found, "%04x", v->attest.type);
    if (v->attest.type != TPM_ST_ATTEST_QUOTE)
        blame(v, REASON_QUOTE_TYPE, "8018", found);
    v->parsed = v->reasons.n_items == 0;
    if (v->parsed && selection_count(&v->attest.selection) == 0)
        blame(v, REASON_QUOTE_SELECTION, NULL, "no PCR"); /* it says nothing of any boot */
}

static enum status
emit_view(const struct view *v, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer selection = {0};
    const struct tpm_attest *a = &v->attest;
    char version[20];
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_text_member(&e, "format", v->parsed ? (v->sized ? "TPM2B_ATTEST" : "TPMS_ATTEST") : NULL);
    emit_key(&e, "quote");
    if (!v->parsed) {
        emit_null(&e);
    } else {
        selection_append_text(&a->selection, &selection);
        (void)snprintf(version, sizeof version, "%016llx", (unsigned long long)a->firmware_version);
        emit_object(&e);
        emit_hex_member(&e, "qualified_signer", a->qualified_signer);
        emit_hex_member(&e, "extra_data", a->extra_data);
        emit_uint_member(&e, "clock_ms", a->clock_ms);
        emit_uint_member(&e, "reset_count", a->reset_count);
        emit_uint_member(&e, "restart_count", a->restart_count);
        emit_bool_member(&e, "safe", a->safe);
        emit_text_member(&e, "firmware_version", version);
        emit_text_member(&e, "selection", buffer_text(&selection));
        emit_hex_member(&e, "pcr_digest", a->pcr_digest);
        emit_end_object(&e);
    }
    report_emit(&e, &v->reasons);
    emit_end_object(&e);
    return emit_check(&e);
}

static void
append_hex(struct buffer *out, const char *name, struct bytes value)
{
    buffer_append_format(out, "  %-18s ", name);
    text_append_hex(out, value);
    buffer_append_text(out, value.size > 0 ? "\n" : "none\n");
}

static enum status
append_view(const struct view *v, struct buffer *out)
{
    const struct tpm_attest *a = &v->attest;
    report_append(out, &v->reasons);
    if (!v->parsed)
        return buffer_check(out);
    buffer_append_format(out, "quote (%s), its signature not verified\n  selection          ",
                         v->sized ? "TPM2B_ATTEST" : "TPMS_ATTEST");
    selection_append_text(&a->selection, out);
    buffer_append_text(out, "\n");
    append_hex(out, "PCR digest", a->pcr_digest);
    append_hex(out, "qualifying data", a->extra_data);
    append_hex(out, "qualified signer", a->qualified_signer);
    buffer_append_format(out,
                         "  TPM clock          %llu ms%s\n"
                         "  resets, restarts   %u, %u\n"
                         "  TPM firmware       %016llx\n",
                         (unsigned long long)a->clock_ms,
                         a->safe ? "" : " (not safe: power was lost)", a->reset_count,
                         a->restart_count, (unsigned long long)a->firmware_version);
    return buffer_check(out);
}

int
inspect_quote(struct context *c)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    CLEANUP(clear_view) struct view v = {0};
    struct diag diag = {0};
    enum status s = report_load(c->arguments[0], LIMIT_TPM_STRUCTURE, REASON_QUOTE_MALFORMED, &in,
                                &v.reasons, &diag);
    if (s == STATUS_OK && v.reasons.n_items == 0) {
        struct bytes attest = without_size(buffer_bytes(&in), &v.sized);
        judge(&v, tpm_attest_parse(attest, &v.attest, &diag), &diag);
    }
    if (s == STATUS_OK)
        s = c->json ? emit_view(&v, &out) : append_view(&v, &out);
    return s == STATUS_OK ? report_print(&out, &v.reasons) : report_fail(s, &diag);
}
