/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/profile_case.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <string.h>

static void
append_value(struct appraise_case *c, struct buffer *out, const char *content, size_t size)
{
    struct digest d;
    if (size == 1 && content[0] == '*') {
        buffer_append_text(out, "{\"any\":true}");
        return;
    }
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of(content, size), &d));
    buffer_append_text(out, "{\"sha256\":\"");
    text_append_hex(out, digest_bytes(&d));
    buffer_append_text(out, "\"}");
}

static void
append_part(struct appraise_case *c, struct buffer *out, const struct profile_part *p)
{
    buffer_append_format(out, "{\"role\":\"%s\",\"pcr\":%u,\"count\":[%u,%u],", p->role, p->pcr,
                         p->min, p->max);
    if (p->unordered)
        buffer_append_text(out, "\"ordered\":false,");
    if (p->bundle)
        buffer_append_format(out, "\"bundle\":\"%s\",", p->bundle);
    buffer_append_text(out, "\"values\":[");
    for (const char *at = p->values; *at;) {
        size_t size = strcspn(at, "|");
        append_value(c, out, at, size);
        at += size;
        if (*at == '|') {
            buffer_append_text(out, ",");
            at++;
        }
    }
    buffer_append_text(out, "]}");
}

void
profile_case_put(struct appraise_case *c, size_t i, const struct profile_part *parts, size_t n)
{
    struct buffer *out = &c->documents[i];
    buffer_reset(out);
    buffer_append_format(out,
                         "{\"type\":\"reference\",\"id\":\"%c\",\"version\":1,"
                         "\"generation\":\"gen-%c\",\"components\":[",
                         (char)('a' + i - 1), (char)('a' + i - 1));
    for (size_t k = 0; k < n; k++) {
        if (k > 0)
            buffer_append_text(out, ",");
        append_part(c, out, &parts[k]);
    }
    buffer_append_text(out, "]}");
}

static void
measure(struct appraise_case *c, uint32_t pcr, const char *events)
{
    while (*events) {
        size_t size = strcspn(events, " ");
        (void)log_builder_event(&c->log, pcr, EVENT_EFI_BOOT_APPLICATION, bytes_of(events, size),
                                bytes_of_text("path"));
        events += size + (events[size] == ' ');
    }
}

void
profile_case_boot(struct appraise_case *c, const char *pcr_4, const char *pcr_5)
{
    static const uint16_t banks[] = {ALG_SHA256};
    struct buffer *policy = &c->documents[0];
    buffer_reset(policy);
    buffer_append_text(policy, "{\"type\":\"policy\",\"id\":\"p\",\"version\":1,\"perspective\":"
                               "\"owner\",\"select\":{\"all\":true},\"boot\":{\"references\":[");
    for (size_t i = 1; i < 4 && c->documents[i].size > 0; i++)
        buffer_append_format(policy, "%s\"%c\"", i > 1 ? "," : "", (char)('a' + i - 1));
    buffer_append_text(policy, "],\"coverage\":{\"enforce\":[4,5]}}}");
    log_builder_free(&c->log);
    log_builder_init(&c->log, c->h, banks, 1);
    for (uint32_t pcr = 0; pcr < 8; pcr++)
        (void)log_builder_separator(&c->log, pcr);
    measure(c, 4, pcr_4);
    measure(c, 5, pcr_5);
    appraise_case_run(c);
}

/* The contents that a digest may be of. */
static const char *
content_of(struct appraise_case *c, const char *hex)
{
    static const char *const known[] = {"a",       "b",      "c",       "d",
                                        "shim",    "grub",   "evil",    "kernel",
                                        "kernel2", "initrd", "initrd2", "memtest"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct digest d;
        char text[2 * ALG_MAX_SIZE + 1];
        assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text(known[i]), &d));
        if (text_equal(hex, text_hex(digest_bytes(&d), text, sizeof text)))
            return known[i];
    }
    return hex[0] ? "?" : "";
}

void
profile_case_claim(struct appraise_case *c, const char *expected)
{
    CLEANUP(buffer_free) struct buffer out = {0};
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    for (size_t i = 0; i < p->reasons.n_items; i++) {
        const struct reason *r = &p->reasons.items[i];
        buffer_append_format(
            &out, "%s%s=%s/%s", i > 0 ? " " : "", strchr(reason_code_name(r->code), '.') + 1,
            r->code == REASON_BOOT_SURPLUS ? "" : r->what, content_of(c, r->found));
    }
    assert_string_equal(expected, buffer_text(&out));
    assert_int_equal(expected[0] ? VERDICT_UNTRUSTED : VERDICT_TRUSTED, p->verdict);
}
