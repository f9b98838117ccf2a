/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl verify quote. from: files and what the quote must answer; to: a verified quote and what
 * it proves of the logs, printed; never: prints good without a signature that verifies. */
#include "ctl/verify.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/ima.h"
#include "evidence/pem.h"

#include <sys/stat.h>

#define LIMIT_KEY_FILE (64u * 1024u)
#define CLAUSE         "verify quote"
#define DER_SEQUENCE   0x30

static const struct file_spec {
    const char *option;
    size_t max;
    enum reason_code too_large;
    bool demanded;
} file_specs[VERIFY_N_FILES] = {
    [VERIFY_ATTEST] = {"attest", LIMIT_TPM_STRUCTURE, REASON_QUOTE_MALFORMED, true},
    [VERIFY_SIGNATURE] = {"signature", LIMIT_TPM_STRUCTURE, REASON_QUOTE_MALFORMED, true},
    [VERIFY_KEY] = {"key", LIMIT_KEY_FILE, REASON_AK_MALFORMED, true},
    [VERIFY_PCRS] = {"pcrs", LIMIT_BODY_SMALL, REASON_QUOTE_COMPOSITE, false},
    [VERIFY_LOG] = {"log", LIMIT_BOOT_LOG, REASON_LOG_LIMIT, false},
    [VERIFY_IMA] = {"ima", LIMIT_IMA_SEGMENT, REASON_LOG_LIMIT, false},
    [VERIFY_USERSPACE] = {"userspace", LIMIT_USERSPACE_LOG, REASON_LOG_LIMIT, false},
};

static void
clear_view(struct verify_view *v)
{
    replay_free(v->replay);
    quote_free(v->quote);
    freshness_free(v->freshness);
    ak_free(v->ak);
    for (size_t i = 0; i < VERIFY_N_FILES; i++)
        buffer_free(&v->file[i]);
    hasher_free(v->h);
    reasons_free(&v->reasons);
}

bool
verify_has_log(const struct verify_view *v)
{
    return v->given[VERIFY_LOG] || v->given[VERIFY_IMA] || v->given[VERIFY_USERSPACE];
}

/* systemd's own word that records are missing: the file's sticky bit. */
static bool
is_incomplete(const char *path)
{
    struct stat st;
    return path && stat(path, &st) == 0 && (st.st_mode & S_ISVTX) != 0;
}

static enum status
load_files(struct context *c, struct verify_view *v, struct diag *diag)
{
    for (size_t i = 0; i < VERIFY_N_FILES; i++) {
        const char *path = command_option(c, file_specs[i].option);
        if (!path && file_specs[i].demanded)
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--%s is missing",
                            file_specs[i].option);
        v->given[i] = path != NULL;
        if (!path)
            continue;
        enum status s = report_load(path, file_specs[i].max, file_specs[i].too_large, &v->file[i],
                                    &v->reasons, diag);
        if (s != STATUS_OK)
            return s;
    }
    v->userspace_incomplete = is_incomplete(command_option(c, "userspace"));
    return STATUS_OK;
}

/* What the quote must answer. */
static enum status
read_terms(struct context *c, struct verify_view *v, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    const char *hex = command_option(c, "qualifying-data");
    const char *select = command_option(c, "select");
    if (!hex || !select)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--%s is missing",
                        hex ? "select" : "qualifying-data");
    enum status s = selection_parse_text(select, &v->selection, diag);
    if (s != STATUS_OK)
        return s;
    if (text_parse_hex(hex, &data) != STATUS_OK)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--qualifying-data is not hex");
    s = freshness_given(buffer_bytes(&data), &v->selection, &v->freshness);
    return s == STATUS_LIMIT
               ? diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--qualifying-data is too long")
               : s;
}

static bool
is_spki(struct bytes key)
{
    return pem_is(key) || (key.size > 0 && key.data[0] == DER_SEQUENCE);
}

static enum status
read_key(struct verify_view *v, struct diag *diag)
{
    struct bytes key = buffer_bytes(&v->file[VERIFY_KEY]);
    if (!is_spki(key))
        return ak_parse(v->h, key, &v->ak, &v->reasons);
    enum status s = ak_parse_spki(key, &v->ak, diag);
    if (s == STATUS_MALFORMED || s == STATUS_UNSUPPORTED)
        reason_set_found(reasons_add(&v->reasons, s == STATUS_MALFORMED ? REASON_AK_MALFORMED
                                                                        : REASON_AK_UNSUPPORTED),
                         diag->text);
    else
        return s;
    return STATUS_OK;
}

static enum status
check_quote(struct verify_view *v)
{
    struct evidence e = {0};
    static const struct {
        enum verify_file file;
        enum evidence_member member;
    } members[] = {
        {VERIFY_ATTEST, EVIDENCE_QUOTE},
        {VERIFY_SIGNATURE, EVIDENCE_SIGNATURE},
        {VERIFY_PCRS, EVIDENCE_PCRS},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        e.present[members[i].member] = v->given[members[i].file];
        e.member[members[i].member] = buffer_bytes(&v->file[members[i].file]);
    }
    return quote_verify(v->h, &e, v->ak, v->freshness, &v->quote, &v->reasons);
}

/* The replay reads what agents send, a binary list: an ASCII one becomes that first. Of one that
 * breaks off the entries before the break are replayed, beside the reason. */
static enum status
convert_ima(struct verify_view *v)
{
    CLEANUP(buffer_free) struct buffer binary = {0};
    struct bytes list = buffer_bytes(&v->file[VERIFY_IMA]);
    struct ima_reader r;
    struct diag diag = {0};
    uint64_t n = 0;
    if (ima_open(list, 0, &r, NULL) != STATUS_OK || r.format != IMA_ASCII)
        return STATUS_OK;
    enum status s = ima_ascii_to_binary(list, &binary, &n, &diag);
    if (s == STATUS_MALFORMED || s == STATUS_LIMIT) {
        enum reason_code code = s == STATUS_LIMIT ? REASON_LOG_LIMIT : REASON_IMA_MALFORMED;
        reason_set_found(
            reasons_add_at(&v->reasons, code, REASON_LOG_IMA, REASON_NO_PCR, (int64_t)n),
            diag.text);
    } else if (s != STATUS_OK) {
        return s;
    }
    buffer_free(&v->file[VERIFY_IMA]);
    v->file[VERIFY_IMA] = binary;
    binary = (struct buffer){0};
    return STATUS_OK;
}

static enum status
check_logs(struct verify_view *v)
{
    const struct replay_input in = {
        .boot_log = buffer_bytes(&v->file[VERIFY_LOG]),
        .boot_log_present = v->given[VERIFY_LOG],
        .ima = buffer_bytes(&v->file[VERIFY_IMA]),
        .ima_present = v->given[VERIFY_IMA],
        .userspace_log = buffer_bytes(&v->file[VERIFY_USERSPACE]),
        .userspace_present = v->given[VERIFY_USERSPACE],
        .userspace_incomplete = v->userspace_incomplete,
    };
    return replay_verify(v->h, v->quote, &in, &v->replay, &v->reasons);
}

/* Logs without PCR values: the quote's digest is all that is known of the PCRs. */
static enum status
find_values(struct verify_view *v)
{
    enum status s = verify_values_find(v, &v->file[VERIFY_PCRS], &v->values_found);
    if (s != STATUS_OK)
        return s;
    if (!v->values_found) {
        reason_set_found(reasons_add(&v->reasons, REASON_LOG_PCR_MISMATCH),
                         "no values that the logs give have the quoted digest; --pcrs tells which "
                         "PCR it is");
        return STATUS_OK;
    }
    v->given[VERIFY_PCRS] = true;
    quote_free(v->quote);
    v->quote = NULL;
    return check_quote(v);
}

static enum status
check_all(struct context *c, struct verify_view *v, struct diag *diag)
{
    enum status s = hasher_new(&v->h);
    if (s == STATUS_OK)
        s = load_files(c, v, diag);
    if (s == STATUS_OK)
        s = read_terms(c, v, diag);
    if (s == STATUS_OK && v->given[VERIFY_PCRS])
        s = verify_values_flatten(&v->selection, &v->file[VERIFY_PCRS], diag);
    if (s != STATUS_OK || v->reasons.n_items > 0)
        return s;
    s = read_key(v, diag);
    if (s == STATUS_OK && v->ak)
        s = check_quote(v);
    if (s == STATUS_OK && v->quote)
        s = convert_ima(v);
    if (s == STATUS_OK && v->quote && !v->given[VERIFY_PCRS] && verify_has_log(v))
        s = find_values(v);
    if (s == STATUS_OK && v->quote && v->given[VERIFY_PCRS] && verify_has_log(v))
        s = check_logs(v);
    return s;
}

static int
run_quote(struct context *c)
{
    CLEANUP(clear_view) struct verify_view v = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    struct diag diag = {0};
    enum status s = check_all(c, &v, &diag);
    if (s == STATUS_OK)
        s = c->json ? verify_emit(&v, &out) : verify_append(&v, &out);
    if (s == STATUS_OK && !v.quote && !report_is_bad(&v.reasons))
        s = diag_set(&diag, STATUS_CRYPTO, CLAUSE, 0, "no quote and no reason");
    return s == STATUS_OK ? report_print(&out, &v.reasons) : report_fail(s, &diag);
}

const struct command verify_commands[] = {
    {"verify", "quote",
     "--attest FILE --signature FILE --key FILE --qualifying-data HEX --select BANK:PCRS "
     "[--pcrs FILE] [--log FILE] [--ima FILE] [--userspace FILE] [--json]",
     0, 0, "verify a quote, and by its PCR values the logs", run_quote,
     "attest signature key qualifying-data select pcrs log ima userspace json"},
};
const size_t verify_n_commands = sizeof verify_commands / sizeof *verify_commands;
