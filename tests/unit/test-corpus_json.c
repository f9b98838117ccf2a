/* SPDX-License-Identifier: Apache-2.0 */
/* Every boot log and IMA list of the corpus gives the values that were computed for it elsewhere.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/certificate_name.h"
#include "evidence/ima.h"
#include "evidence/inspect.h"
#include "evidence/signature_list.h"
#include "tests/lib/test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct row {
    char *path;
    char *kind;
    char *expected;
};

static unsigned n_checked;
static unsigned n_keys;
static unsigned n_named;

static void
free_json(json_t **j)
{
    json_decref(*j);
}

static json_t *
load_json(const char *path)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    test_corpus(path, &text);
    json_t *j = json_loadb((const char *)text.data, text.size, 0, NULL);
    assert_non_null(j);
    return j;
}

static void
check_digest(const char *file, const char *bank, const char *pcr, const char *expected,
             const struct digest *actual)
{
    char hex[2 * ALG_MAX_SIZE + 1];
    text_hex(digest_bytes(actual), hex, sizeof hex);
    if (!text_equal(expected, hex))
        fail_msg("%s: %s PCR %s is %s, not %s", file, bank, pcr, hex, expected);
    n_checked++;
}

static void
check_log_pcrs(const char *file, const struct eventlog *log, json_t *expected)
{
    struct eventlog_pcrs *actual = calloc(1, sizeof *actual);
    assert_non_null(actual);
    assert_status(STATUS_OK, eventlog_replay(test_hasher, log, actual));
    const char *bank;
    const char *pcr;
    json_t *pcrs;
    json_t *value;
    json_object_foreach(expected, bank, pcrs)
    {
        const struct alg *alg = alg_by_name(bank);
        assert_non_null(alg);
        size_t i = eventlog_bank(log, alg->id);
        assert_true(i < log->n_banks);
        json_object_foreach(pcrs, pcr, value)
        {
            size_t n = strtoul(pcr, NULL, 10);
            assert_true(n < LIMIT_PCRS && actual->used[n]);
            check_digest(file, bank, pcr, json_string_value(value), &actual->pcr[i][n]);
        }
    }
    free(actual);
}

/* What order finds in the real logs: partial ones, and one that holds two boots. */
static const struct exception {
    const char *path;
    enum reason_code code;
} exceptions[] = {
    {"intel-secl+intel-secl/uefi_event_log_invalid.bin", REASON_LOG_DIGEST},
    {"kgoldman+ibmtss/amd635.log", REASON_LOG_SEPARATOR},
    {"nsacyber+HIRS/laptop_varOsInstall_var.1.rimel", REASON_LOG_BANK_UNCAPPED},
    {"nsacyber+HIRS/laptop_varOsInstall_var.1.rimel", REASON_LOG_ORDER},
    {"tpm2-software+tpm2-tools/event.bin", REASON_LOG_BANK_UNCAPPED},
};

static bool
is_excepted(const char *path, const struct reason *r)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (text_equal(exceptions[i].path, path) && exceptions[i].code == r->code)
            return true;
    }
    return reason_code_kind(r->code) != REASON_KIND_REASON;
}

/* Every Secure Boot variable of a real machine reads to its end. */
static void
read_keys(const struct row *row, const struct event_meaning *m)
{
    static const char *const names[] = {"PK", "KEK", "db", "dbx", "dbt"};
    bool holds_keys = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        holds_keys = holds_keys || text_equal(names[i], m->variable.name);
    struct signature_list s = signature_list_of(m->variable.value);
    struct signature_entry e;
    enum status status = STATUS_OK;
    while (holds_keys && (status = signature_list_next(&s, &e)) == STATUS_OK) {
        n_keys++;
        n_named += e.kind == SIGNATURE_CERTIFICATE && certificate_name(e.data).size > 0;
    }
    if (status == STATUS_MALFORMED)
        fail_msg("%s: %s", row->path, m->variable.name);
}

static void
inspect_log(const struct row *row, const struct eventlog *log)
{
    CLEANUP(inspect_freep) struct inspect *i = NULL;
    struct reasons reasons = {0};
    assert_status(STATUS_OK, inspect_new(test_hasher, log, &i, &reasons));
    for (size_t k = 0; k < i->n_events; k++) {
        if (i->events[k].type == EVENT_EFI_VARIABLE_DRIVER_CONFIG)
            read_keys(row, &i->events[k].meaning);
        CLEANUP(buffer_free) struct buffer text = {0};
        assert_status(STATUS_OK, event_text(&i->events[k].meaning, &text));
        assert_true(text_is_printable(buffer_bytes(&text)));
    }
    for (size_t k = 0; k < reasons.n_items; k++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        reason_append_text(&reasons.items[k], &text);
        if (!is_excepted(row->path, &reasons.items[k]))
            fail_msg("%s: %s", row->path, buffer_text(&text));
    }
    reasons_free(&reasons);
}

static void
check_valid_log(const struct row *row, const struct eventlog *log, json_t *expected)
{
    if ((json_int_t)log->n_events != json_integer_value(json_object_get(expected, "events")))
        fail_msg("%s: %zu events", row->path, log->n_events);
    assert_int_equal(json_integer_value(json_object_get(expected, "startup_locality")),
                     eventlog_locality(log));
    json_t *secure = json_object_get(expected, "secure_boot");
    int said = json_is_true(secure) ? 1 : json_is_false(secure) ? 0 : -1;
    if (said != event_claimed_secure_boot(log))
        fail_msg("%s: Secure Boot %d", row->path, event_claimed_secure_boot(log));
    check_log_pcrs(row->path, log, json_object_get(expected, "pcrs"));
}

static void
check_log(const struct row *row, struct bytes in, json_t *expected)
{
    struct reasons reasons = {0};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    assert_status(STATUS_OK, eventlog_parse(in, &log, &reasons));
    bool valid = json_is_true(json_object_get(expected, "valid"));
    bool contested = json_is_string(json_object_get(expected, "contested"));
    if (log)
        inspect_log(row, log);
    if (!log)
        assert_int_equal(1, reasons.n_items);
    if (!contested && valid != (log != NULL))
        fail_msg("%s: valid %d but %s", row->path, valid,
                 log ? "parsed" : reason_code_name(reasons.items[0].code));
    if (!contested && valid)
        check_valid_log(row, log, expected);
    reasons_free(&reasons);
}

/* "sha256" or "sha256_padded_sha1". */
static void
check_ima_bank(const struct row *row, struct bytes in, const char *key, json_t *pcrs)
{
    char bank[32];
    assert_true(text_copy(bank, sizeof bank, key));
    char *suffix = strchr(bank, '_');
    enum ima_mode mode = IMA_NATIVE;
    if (suffix && text_equal(suffix, "_padded_sha1")) {
        *suffix = '\0';
        mode = IMA_PADDED;
    }
    const struct alg *alg = alg_by_name(bank);
    assert_non_null(alg);
    struct ima_pcrs actual;
    assert_status(STATUS_OK, ima_replay(test_hasher, in, alg->id, mode, &actual, NULL));
    /* These values leave violations out; a TPM says otherwise (measured-boots/E2/after-violation).
     */
    if (mode == IMA_PADDED && actual.n_violations > 0)
        return;
    const char *pcr;
    json_t *value;
    json_object_foreach(pcrs, pcr, value)
    {
        size_t n = strtoul(pcr, NULL, 10);
        assert_true(n < LIMIT_PCRS && actual.used[n]);
        check_digest(row->path, key, pcr, json_string_value(value), &actual.pcr[n]);
    }
}

static void
check_ima(const struct row *row, struct bytes in, json_t *expected)
{
    struct ima_pcrs actual;
    struct diag diag = {0};
    enum status s = ima_replay(test_hasher, in, ALG_SHA1, IMA_NATIVE, &actual, &diag);
    if (json_is_string(json_object_get(expected, "contested")))
        return;
    bool valid = json_is_true(json_object_get(expected, "valid"));
    if (valid != (s == STATUS_OK))
        fail_msg("%s: %s %s", row->path, status_name(s), diag.text);
    if (!valid)
        return;
    if (json_integer_value(json_object_get(expected, "entries")) != (json_int_t)actual.n_entries)
        fail_msg("%s: %llu entries", row->path, (unsigned long long)actual.n_entries);
    const char *key;
    json_t *pcrs;
    json_object_foreach(json_object_get(expected, "pcrs"), key, pcrs)
        check_ima_bank(row, in, key, pcrs);
}

static void
check_row(const struct row *row)
{
    bool is_log = text_equal(row->kind, "uefi-log") || text_equal(row->kind, "ccel");
    if (!is_log && !text_starts(row->kind, "ima-"))
        return;
    CLEANUP(free_json) json_t *expected = load_json(row->expected);
    CLEANUP(buffer_free) struct buffer in = {0};
    test_corpus(row->path, &in);
    if (is_log)
        check_log(row, buffer_bytes(&in), expected);
    else
        check_ima(row, buffer_bytes(&in), expected);
}

static void
every_log_and_list_gives_its_expected_values(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer manifest = {0};
    test_corpus("MANIFEST.tsv", &manifest);
    char *rest = buffer_text(&manifest);
    char *line;
    unsigned n_rows = 0;
    while ((line = strsep(&rest, "\n")) && rest) {
        char *path = strsep(&line, "\t");
        char *kind = strsep(&line, "\t");
        for (unsigned i = 0; i < 3; i++)
            (void)strsep(&line, "\t");
        char *expected = strsep(&line, "\t");
        if (expected && expected[0])
            check_row(&(struct row){.path = path, .kind = kind, .expected = expected});
        n_rows++;
    }
    print_message("%u rows, %u PCR values, %u keys, %u with a name\n", n_rows, n_checked, n_keys,
                  n_named);
    assert_true(n_rows > 0);
}

static void
check_boot(const char *boot)
{
    char path[128];
    (void)snprintf(path, sizeof path, "measured-boots/%s/pcrs.json", boot);
    CLEANUP(free_json) json_t *expected = load_json(path);
    (void)snprintf(path, sizeof path, "measured-boots/%s/binary_bios_measurements", boot);
    CLEANUP(buffer_free) struct buffer in = {0};
    test_corpus(path, &in);
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    struct reasons reasons = {0};
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&in), &log, &reasons));
    assert_non_null(log);
    struct eventlog_pcrs *actual = calloc(1, sizeof *actual);
    assert_non_null(actual);
    assert_status(STATUS_OK, eventlog_replay(test_hasher, log, actual));
    for (size_t bank = 0; bank < log->n_banks; bank++) {
        const char *name = alg_name(log->banks[bank]);
        for (size_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            bool has_phases = text_equal(boot, "E2") && pcr == 11;
            if (!actual->used[pcr] || has_phases)
                continue;
            char index[4];
            (void)snprintf(index, sizeof index, "%zu", pcr);
            json_t *value = json_object_get(json_object_get(expected, name), index);
            check_digest(boot, name, index, json_string_value(value), &actual->pcr[bank][pcr]);
        }
    }
    free(actual);
}

static void
measured_boots_replay_to_what_their_tpm_said(void **state)
{
    (void)state;
    static const char *const boots[] = {"A", "B", "C", "D1", "E2", "K"};
    for (size_t i = 0; i < sizeof boots / sizeof boots[0]; i++)
        check_boot(boots[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_log_and_list_gives_its_expected_values),
        cmocka_unit_test(measured_boots_replay_to_what_their_tpm_said),
    };
    return cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
}
