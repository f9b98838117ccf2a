/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/boot_case.h"

#include "appraise/profile.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <jansson.h>
#include <stdlib.h>

#define SELECTION "sha256:0-9,11-15+sha384:0-9,11-15"
#define BOOT(name)                                                                                 \
    {                                                                                              \
        name, "tests/vectors/boots/" name "/boot-log", "tests/vectors/boots/" name "/pcrs.json",   \
            NULL                                                                                   \
    }
#define FIT "tests/vectors/logs/uboot-fit/"

const struct boot_case boot_cases[] = {
    BOOT("plain"),
    BOOT("secure"),
    BOOT("uki"),
    BOOT("uboot-efi"),
    {"uboot-fit", FIT "boot-log", FIT "pcrs.json", "boot-log"},
};

static const char policy[] =
    "{\"type\":\"policy\",\"id\":\"recorded\",\"version\":1,\"perspective\":\"owner\","
    "\"select\":{\"all\":true},"
    "\"quote\":{\"sha256\":[0,1,2,3,4,5,6,7,8,9,11,12,13,14,15],"
    "\"sha384\":[0,1,2,3,4,5,6,7,8,9,11,12,13,14,15]},"
    "\"boot\":{\"references\":[\"approved\"]}}";

static void
load_bank(const struct boot_case *b, const char *bank, struct digest out[LIMIT_PCRS])
{
    CLEANUP(buffer_free) struct buffer text = {0};
    test_source(b->pcrs, &text);
    json_auto_t *all = json_loadb((const char *)text.data, text.size, 0, NULL);
    const json_t *boot = b->pcrs_key ? json_object_get(all, b->pcrs_key) : all;
    const json_t *values = json_object_get(boot, bank);
    const struct alg *alg = alg_by_name(bank);
    for (uint32_t pcr = 0; pcr < 16; pcr++) {
        char key[4];
        (void)snprintf(key, sizeof key, "%u", pcr);
        const char *hex = json_string_value(json_object_get(values, key));
        assert_non_null(hex);
        out[pcr] = (struct digest){.alg = alg->id, .size = alg->size};
        assert_status(STATUS_OK, text_parse_hex_exact(hex, out[pcr].data, alg->size));
    }
}

static void
load_tpm(struct appraise_case *c, const struct boot_case *b)
{
    load_bank(b, "sha256", c->tpm->pcrs[alg_index(ALG_SHA256)]);
    load_bank(b, "sha384", c->tpm->pcrs[alg_index(ALG_SHA384)]);
}

/* The set that is made of this log and of what the TPM holds. */
static void
approve(struct appraise_case *c, const struct buffer *log)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct subject_pcrs pcrs = {.alg = ALG_SHA256, .present = 0xFFFF};
    for (uint32_t pcr = 0; pcr < 16; pcr++)
        pcrs.pcr[pcr] = c->tpm->pcrs[alg_index(ALG_SHA256)][pcr];
    const struct profile_source source = {.boot_log = buffer_bytes(log), .pcrs = &pcrs};
    const struct profile_options options = {.id = "approved", .version = 1};
    struct diag diag = {0};
    assert_status(STATUS_OK,
                  profile_from_log(c->h, &source, &options, &reasons, &c->documents[1], &diag));
    assert_int_equal(0, reasons.n_items);
    buffer_append_text(&c->documents[0], policy);
}

const struct boot_case *
boot_case_find(const char *name)
{
    for (size_t i = 0; i < sizeof boot_cases / sizeof boot_cases[0]; i++) {
        if (text_equal(boot_cases[i].name, name))
            return &boot_cases[i];
    }
    fail_msg("no boot %s", name);
    return NULL;
}

void
boot_case_follow(struct appraise_case *c, const struct buffer *log)
{
    struct reasons none = {0};
    CLEANUP(eventlog_freep) struct eventlog *parsed = NULL;
    struct eventlog_pcrs *pcrs = calloc(1, sizeof *pcrs);
    assert_non_null(pcrs);
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(log), &parsed, &none));
    assert_non_null(parsed);
    assert_status(STATUS_OK, eventlog_replay(c->h, parsed, pcrs));
    for (uint32_t pcr = 0; pcr < 16; pcr++) {
        for (size_t bank = 0; bank < parsed->n_banks; bank++)
            c->tpm->pcrs[alg_index(parsed->banks[bank])][pcr] = pcrs->pcr[bank][pcr];
    }
    free(pcrs);
}

struct appraise_case *
boot_case_start(const struct boot_case *b, void (*change)(struct buffer *log), struct buffer *log)
{
    struct appraise_case *c = appraise_case_new();
    test_source(b->log, log);
    load_tpm(c, b);
    if (change) {
        change(log);
        boot_case_follow(c, log);
    }
    approve(c, log);
    c->pcrs_taken = true;
    c->replaced = true;
    c->selection = SELECTION;
    return c;
}

void
boot_case_run(struct appraise_case *c, const struct buffer *log)
{
    c->in = (struct replay_input){.boot_log = buffer_bytes(log), .boot_log_present = true};
    appraise_case_run(c);
}

void
boot_case_list(struct appraise_case *c, struct buffer *out)
{
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    char last[80] = "";
    buffer_append_text(out, "");
    for (size_t i = 0; i < p->reasons.n_items; i++) {
        const struct reason *r = &p->reasons.items[i];
        char item[80];
        (void)snprintf(item, sizeof item, "%s:%d", reason_code_name(r->code), r->pcr);
        if (text_equal(item, last))
            continue;
        buffer_append_format(out, "%s%s", out->size > 0 ? " " : "", item);
        (void)text_copy(last, sizeof last, item);
    }
}

void
boot_case_print(struct appraise_case *c)
{
    const struct reasons *all = &appraise_case_perspective(c)->reasons;
    for (size_t i = 0; i < all->n_items; i++) {
        CLEANUP(buffer_free) struct buffer line = {0};
        reason_append_text(&all->items[i], &line);
        print_error("    %s\n", buffer_text(&line));
    }
}
