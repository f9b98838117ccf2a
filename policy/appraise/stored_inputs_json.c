/* SPDX-License-Identifier: Apache-2.0 */
/* from: the JSON that a store or a round file holds; to: struct stored_inputs; never: takes a
 * member that it does not know, or stands in for one that is missing. */
#include "appraise/shape.h"
#include "appraise/stored_inputs.h"
#include "base/limits.h"
#include "base/text.h"

#include <stddef.h>
#include <string.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))
#define FIELD(key, reader, member)                                                                 \
    {                                                                                              \
        key, true, reader, offsetof(struct stored_inputs, member)                                  \
    }

/* ---- simple values ---- */

static enum status
read_hex_or_null(const struct shape_node *node, void *bytes)
{
    return shape_is_null(node) ? STATUS_OK : shape_hex(node, bytes);
}

/* 16 hex digits. */
static enum status
read_word(const struct shape_node *node, void *number)
{
    uint8_t word[8];
    uint64_t value = 0;
    const char *text = NULL;
    enum status s = shape_borrow_text(node, &text);
    if (s == STATUS_OK && text_parse_hex_exact(text, word, sizeof word) != STATUS_OK)
        s = shape_refuse(node, "must be 16 hex digits");
    for (size_t i = 0; s == STATUS_OK && i < sizeof word; i++)
        value = value << 8 | word[i];
    *(uint64_t *)number = value;
    return s;
}

static enum status
read_sha256(const struct shape_node *node, void *digest)
{
    return shape_digest(node, alg_by_id(ALG_SHA256), digest);
}

#define WORD_READER(name, type, parse)                                                             \
    static enum status name(const struct shape_node *node, void *out)                              \
    {                                                                                              \
        const char *text = NULL;                                                                   \
        enum status s = shape_borrow_text(node, &text);                                            \
        if (s == STATUS_OK && !parse(text, (type *)out))                                           \
            s = shape_refuse(node, "is not one of the known words");                               \
        return s;                                                                                  \
    }

WORD_READER(read_kind, enum document_kind, document_kind_parse)
WORD_READER(read_state, enum life_cycle, life_cycle_parse)
WORD_READER(read_genuine, enum genuine, genuine_parse)
WORD_READER(read_member, enum member_by, member_by_parse)
WORD_READER(read_tpm_kind, enum tpm_kind, tpm_kind_parse)

/* ---- documents ---- */

static enum status
read_document(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"type", true, read_kind, offsetof(struct stored_document, kind)},
        {"id", true, shape_name, offsetof(struct stored_document, id)},
        {"version", true, shape_version, offsetof(struct stored_document, version)},
        {"sha256", true, read_sha256, offsetof(struct stored_document, sha256)},
    };
    return shape_object(node, fields, COUNT_OF(fields), out);
}

static enum status
read_documents(const struct shape_node *node, void *out)
{
    static const struct shape_array many = {sizeof(struct stored_document), 0, LIMIT_DOCUMENTS,
                                            read_document};
    struct stored_inputs *in = out;
    struct shape_list list = {0};
    enum status s = shape_array(node, &many, &list);
    in->listed = list.items;
    in->n_listed = list.n;
    return s;
}

/* ---- the device ---- */

static enum status
read_label(const struct shape_node *node, void *out)
{
    struct label *label = out;
    label->key = arena_copy_text(node->source->arena, node->key);
    return label->key ? shape_any_text(node, &label->value) : STATUS_NOMEM;
}

static enum status
read_labels(const struct shape_node *node, void *out)
{
    static const struct shape_array map = {sizeof(struct label), 0, LIMIT_LABELS, read_label};
    struct subject *subject = out;
    struct shape_list list = {0};
    enum status s = shape_map(node, &map, &list);
    subject->labels = list.items;
    subject->n_labels = list.n;
    return s;
}

static enum status
read_id(const struct shape_node *node, void *number)
{
    uint8_t id[4];
    const char *text = NULL;
    enum status s = shape_borrow_text(node, &text);
    if (s == STATUS_OK && text_parse_hex_exact(text, id, sizeof id) != STATUS_OK)
        s = shape_refuse(node, "must be 8 hex digits");
    if (s == STATUS_OK)
        *(uint32_t *)number =
            (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
    return s;
}

static enum status
read_certificate(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"kind", true, read_tpm_kind, offsetof(struct subject_tpm, kind)},
        {"manufacturer", true, read_id, offsetof(struct subject_tpm, manufacturer)},
        {"model", true, shape_any_text, offsetof(struct subject_tpm, model)},
    };
    struct subject_tpm *tpm = out;
    if (shape_is_null(node))
        return STATUS_OK;
    tpm->certified = true;
    return shape_object(node, fields, COUNT_OF(fields), tpm);
}

static enum status
read_ledger(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"clock_ms", true, read_word, offsetof(struct subject_counters, clock_ms)},
        {"reset_count", true, shape_u32, offsetof(struct subject_counters, reset_count)},
        {"restart_count", true, shape_u32, offsetof(struct subject_counters, restart_count)},
        {"safe", true, shape_bool, offsetof(struct subject_counters, safe)},
        {"firmware_version", true, read_word, offsetof(struct subject_counters, firmware_version)},
    };
    struct subject_counters *counters = out;
    if (shape_is_null(node))
        return STATUS_OK;
    counters->present = true;
    return shape_object(node, fields, COUNT_OF(fields), counters);
}

struct one_pcr {
    uint32_t pcr;
    struct digest value;
};

/* The bank is the name of the object around it. */
static enum status
read_pcr(const struct shape_node *node, void *out)
{
    struct one_pcr *one = out;
    uint64_t pcr = 0;
    if (text_parse_u64(node->key, LIMIT_PCRS - 1, &pcr) != STATUS_OK)
        return shape_refuse(node, "is not a PCR");
    one->pcr = (uint32_t)pcr;
    return shape_digest(node, alg_by_name(node->parent->key), &one->value);
}

static enum status
read_bank(const struct shape_node *node, void *out)
{
    static const struct shape_array map = {sizeof(struct one_pcr), 0, LIMIT_PCRS, read_pcr};
    struct subject_pcrs *good = out;
    const struct alg *alg = alg_by_name(node->key);
    if (!alg)
        return shape_refuse(node, "is no bank");
    struct shape_list list = {0};
    enum status s = shape_map(node, &map, &list);
    const struct one_pcr *values = list.items;
    good->alg = alg->id;
    for (size_t i = 0; s == STATUS_OK && i < list.n; i++) {
        good->pcr[values[i].pcr] = values[i].value;
        good->present |= 1u << values[i].pcr;
    }
    return s;
}

static enum status
read_last_good(const struct shape_node *node, void *out)
{
    static const struct shape_array map = {sizeof(struct subject_pcrs), 1, 1, read_bank};
    struct stored_inputs *in = out;
    struct shape_list list = {0};
    if (shape_is_null(node))
        return STATUS_OK;
    enum status s = shape_map(node, &map, &list);
    if (s != STATUS_OK)
        return s;
    in->last_good = *(const struct subject_pcrs *)list.items;
    in->subject.last_good = &in->last_good;
    return STATUS_OK;
}

/* ---- what it announced ---- */

static enum status
read_announcement(const struct shape_node *node, void *out)
{
    struct stored_inputs *in = out;
    if (shape_is_null(node))
        return STATUS_OK;
    in->announcement = &in->announced;
    return announcement_read(node, &in->announced);
}

/* ---- logs ---- */

static enum status
read_logs(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        FIELD("boot", shape_bool, boot_log_present),
        FIELD("ima", shape_bool, ima_present),
        FIELD("userspace", shape_bool, userspace_present),
        FIELD("userspace_incomplete", shape_bool, userspace_incomplete),
        FIELD("ima_starts_over", shape_bool, ima_starts_over),
        FIELD("ima_bytes_before", shape_number, ima_older_size),
    };
    return shape_object(node, fields, COUNT_OF(fields), out);
}

static enum status
read_replay_state(const struct shape_node *node, void *state)
{
    struct bytes cbor = {0};
    enum status s = shape_base64url(node, &cbor);
    if (s == STATUS_OK && replay_state_parse(cbor, state, NULL) != STATUS_OK)
        s = shape_refuse(node, "is no replay state");
    return s;
}

/* ---- reasons ---- */

static enum status
read_code(const struct shape_node *node, void *code)
{
    const char *text = NULL;
    enum status s = shape_borrow_text(node, &text);
    enum reason_code value = s == STATUS_OK ? reason_code_parse(text) : REASON_NONE;
    if (s == STATUS_OK && value == REASON_NONE)
        s = shape_refuse(node, "is no reason code");
    *(enum reason_code *)code = value;
    return s;
}

static enum status
read_log(const struct shape_node *node, void *out)
{
    static const char *const words[] = {"none", "boot", "ima", "userspace"};
    size_t i = 0;
    enum status s = shape_is_null(node) ? STATUS_OK : shape_word(node, words, COUNT_OF(words), &i);
    *(enum reason_log *)out = (enum reason_log)i;
    return s;
}

static enum status
read_pcr_or_null(const struct shape_node *node, void *out)
{
    uint64_t pcr = 0;
    enum status s = shape_is_null(node) ? STATUS_OK : shape_integer(node, 0, INT32_MAX, &pcr);
    *(int32_t *)out = shape_is_null(node) ? REASON_NO_PCR : (int32_t)pcr;
    return s;
}

static enum status
read_event_or_null(const struct shape_node *node, void *out)
{
    uint64_t event = 0;
    enum status s = shape_is_null(node) ? STATUS_OK : shape_integer(node, 0, INT64_MAX, &event);
    *(int64_t *)out = shape_is_null(node) ? REASON_NO_EVENT : (int64_t)event;
    return s;
}

static enum status
read_alg_or_null(const struct shape_node *node, void *out)
{
    const char *text = NULL;
    if (shape_is_null(node))
        return STATUS_OK;
    enum status s = shape_borrow_text(node, &text);
    const struct alg *alg = s == STATUS_OK ? alg_by_name(text) : NULL;
    if (s == STATUS_OK && !alg)
        s = shape_refuse(node, "is no algorithm");
    *(uint16_t *)out = alg ? alg->id : 0;
    return s;
}

/* Texts of a reason have one size a member; a longer one was not made by us. */
static enum status
read_into(const struct shape_node *node, char *out, size_t out_size)
{
    const char *text = NULL;
    if (shape_is_null(node))
        return STATUS_OK;
    enum status s = shape_borrow_text(node, &text);
    if (s == STATUS_OK && !text_copy(out, out_size, text))
        s = shape_refuse(node, "is too long");
    return s;
}

static enum status
read_what(const struct shape_node *node, void *out)
{
    return read_into(node, out, sizeof((struct reason *)NULL)->what);
}

static enum status
read_found(const struct shape_node *node, void *out)
{
    return read_into(node, out, sizeof((struct reason *)NULL)->found);
}

static enum status
read_reason(const struct shape_node *node, void *out)
{
    static const struct shape_field fields[] = {
        {"code", true, read_code, offsetof(struct reason, code)},
        {"log", true, read_log, offsetof(struct reason, log)},
        {"pcr", true, read_pcr_or_null, offsetof(struct reason, pcr)},
        {"event", true, read_event_or_null, offsetof(struct reason, event)},
        {"bank", true, read_alg_or_null, offsetof(struct reason, bank)},
        {"bound", true, shape_bool, offsetof(struct reason, bound)},
        {"what", true, read_what, offsetof(struct reason, what)},
        {"expected", true, read_found, offsetof(struct reason, expected)},
        {"found", true, read_found, offsetof(struct reason, found)},
        {"sentence", true, shape_skip, 0},
    };
    return shape_object(node, fields, COUNT_OF(fields), out);
}

static enum status
read_tpm(const struct shape_node *node, void *out)
{
    static const struct shape_array many = {sizeof(struct reason), 0, LIMIT_REASONS, read_reason};
    struct reasons *tpm = out;
    struct shape_list list = {0};
    enum status s = shape_array(node, &many, &list);
    const struct reason *items = list.items;
    for (size_t i = 0; s == STATUS_OK && i < list.n; i++)
        *reasons_add(tpm, items[i].code) = items[i];
    return s == STATUS_OK && tpm->failed ? STATUS_NOMEM : s;
}

/* ---- the whole ---- */

static const struct shape_field members[] = {
    FIELD("program", shape_any_text, program),
    FIELD("quirk_table", shape_number, quirk_table),
    FIELD("now", shape_number, now_s),
    {"documents_generation", true, shape_skip, 0},
    {"documents_digest", true, shape_skip, 0},
    {"documents", true, read_documents, 0},
    FIELD("device", shape_any_text, subject.device_id),
    FIELD("name", shape_text_or_null, subject.name),
    FIELD("labels", read_labels, subject),
    FIELD("state", read_state, subject.state),
    FIELD("genuine", read_genuine, subject.genuine),
    /* Rounds that were stored before there was a rule about it do not have it. */
    {"tpm_certificate", false, read_certificate, offsetof(struct stored_inputs, subject.tpm)},
    FIELD("member_by", read_member, subject.member_by),
    FIELD("continues_boot", shape_bool, subject.continues_boot),
    FIELD("boot_since", shape_number, subject.boot_since_s),
    FIELD("last_generation", shape_text_or_null, subject.last_generation),
    FIELD("ledger_before", read_ledger, subject.last),
    {"last_good", true, read_last_good, 0},
    {"announcement", true, read_announcement, 0},
    FIELD("device_version", shape_number, device_version),
    FIELD("ak_name", shape_hex, ak_name),
    FIELD("ak_serial", shape_number, ak_serial),
    FIELD("spent_before_ms", shape_number, spent_before_ms),
    FIELD("boot", shape_number, boot),
    FIELD("challenge", shape_base64url, challenge),
    FIELD("origin", shape_any_text, origin),
    FIELD("exporter", read_hex_or_null, exporter),
    FIELD("replay_state_before", read_replay_state, state),
    {"logs", true, read_logs, 0},
    FIELD("ek_trust", shape_hex, ek_trust),
    FIELD("tpm", read_tpm, tpm),
};

static enum status
read_inputs(const struct shape_node *root, void *out)
{
    return shape_object(root, members, COUNT_OF(members), out);
}

enum status
stored_inputs_parse(struct bytes json, struct stored_inputs *out, struct diag *diag)
{
    *out = (struct stored_inputs){0};
    return shape_read(json, &out->arena, read_inputs, out, diag);
}
