/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/log_builder.h"

#include "base/cleanup.h"
#include "tests/lib/test.h"

#include <string.h>

#define AGGREGATE_PCRS 10u

static const uint8_t global_guid[16] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                        0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};

void
log_builder_init(struct log_builder *b, struct hasher *h, const uint16_t *banks, size_t n_banks)
{
    *b = (struct log_builder){.h = h, .n_banks = n_banks};
    CLEANUP(buffer_free) struct buffer spec = {0};
    buffer_append(&spec, bytes_of("Spec ID Event03", 16));
    buffer_append_le32(&spec, 0);
    buffer_append(&spec, bytes_of("\0\2\0\2", 4));
    buffer_append_le32(&spec, (uint32_t)n_banks);
    for (size_t i = 0; i < n_banks; i++) {
        b->banks[i] = banks[i];
        buffer_append_le16(&spec, banks[i]);
        buffer_append_le16(&spec, (uint16_t)alg_size(banks[i]));
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++)
            b->pcr[i][pcr] = eventlog_reset(banks[i], pcr);
    }
    buffer_append_u8(&spec, 0);
    static const uint8_t zeros[20];
    buffer_append_le32(&b->log, 0);
    buffer_append_le32(&b->log, EVENT_NO_ACTION);
    buffer_append(&b->log, bytes_of(zeros, sizeof zeros));
    buffer_append_le32(&b->log, (uint32_t)spec.size);
    buffer_append(&b->log, buffer_bytes(&spec));
    b->n_events = 1;
}

void
log_builder_free(struct log_builder *b)
{
    buffer_free(&b->log);
    buffer_free(&b->ima);
}

void
log_builder_extend(struct log_builder *b, uint32_t pcr, struct bytes hashed)
{
    for (size_t i = 0; i < b->n_banks; i++) {
        struct digest d;
        assert_status(STATUS_OK, digest_compute(b->h, b->banks[i], hashed, &d));
        assert_status(STATUS_OK, digest_extend(b->h, &b->pcr[i][pcr], digest_bytes(&d)));
    }
}

uint32_t
log_builder_event(struct log_builder *b, uint32_t pcr, uint32_t type, struct bytes hashed,
                  struct bytes data)
{
    buffer_append_le32(&b->log, pcr);
    buffer_append_le32(&b->log, type);
    buffer_append_le32(&b->log, (uint32_t)b->n_banks);
    for (size_t i = 0; i < b->n_banks; i++) {
        struct digest d = digest_reset(b->banks[i], 0);
        if (type != EVENT_NO_ACTION)
            assert_status(STATUS_OK, digest_compute(b->h, b->banks[i], hashed, &d));
        buffer_append_le16(&b->log, b->banks[i]);
        buffer_append(&b->log, digest_bytes(&d));
    }
    buffer_append_le32(&b->log, (uint32_t)data.size);
    buffer_append(&b->log, data);
    if (type != EVENT_NO_ACTION && pcr < LIMIT_PCRS)
        log_builder_extend(b, pcr, hashed);
    return b->n_events++;
}

uint32_t
log_builder_data(struct log_builder *b, uint32_t pcr, uint32_t type, struct bytes data)
{
    return log_builder_event(b, pcr, type, data, data);
}

uint32_t
log_builder_text(struct log_builder *b, uint32_t pcr, uint32_t type, const char *text)
{
    return log_builder_data(b, pcr, type, bytes_of_text(text));
}

uint32_t
log_builder_variable(struct log_builder *b, uint32_t pcr, uint32_t type, const char *name,
                     struct bytes value)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    size_t n = strlen(name);
    buffer_append(&data, bytes_of(global_guid, sizeof global_guid));
    buffer_append_le32(&data, (uint32_t)n);
    buffer_append_le32(&data, 0);
    buffer_append_le32(&data, (uint32_t)value.size);
    buffer_append_le32(&data, 0);
    for (size_t i = 0; i < n; i++)
        buffer_append_le16(&data, (uint16_t)name[i]);
    buffer_append(&data, value);
    return log_builder_data(b, pcr, type, buffer_bytes(&data));
}

uint32_t
log_builder_grub(struct log_builder *b, const char *prefix, const char *text)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    buffer_append_text(&data, prefix);
    buffer_append_text(&data, text);
    buffer_append_u8(&data, 0);
    return log_builder_event(b, 8, EVENT_IPL, bytes_of_text(text), buffer_bytes(&data));
}

uint32_t
log_builder_separator(struct log_builder *b, uint32_t pcr)
{
    static const uint8_t zero[4];
    return log_builder_data(b, pcr, EVENT_SEPARATOR, bytes_of(zero, sizeof zero));
}

uint32_t
log_builder_locality(struct log_builder *b, uint8_t locality)
{
    uint8_t data[17] = "StartupLocality";
    data[16] = locality;
    for (size_t i = 0; i < b->n_banks; i++)
        b->pcr[i][0] = digest_reset(b->banks[i], locality);
    return log_builder_event(b, 0, EVENT_NO_ACTION, (struct bytes){0}, bytes_of(data, sizeof data));
}

void
log_builder_boot(struct log_builder *b)
{
    static const char *const variables[] = {"PK", "KEK", "db", "dbx"};
    static const uint8_t one = 1;
    static const char version[4] = {'1', 0, 0, 0};
    (void)log_builder_data(b, 0, EVENT_S_CRTM_VERSION, bytes_of(version, sizeof version));
    (void)log_builder_event(b, 0, 0x80000008u, bytes_of_text("firmware"), bytes_of_text("blob"));
    (void)log_builder_variable(b, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot",
                               bytes_of(&one, 1));
    for (size_t i = 0; i < 4; i++)
        (void)log_builder_variable(b, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, variables[i],
                                   bytes_of_text(variables[i]));
    (void)log_builder_separator(b, 7);
    (void)log_builder_text(b, 4, EVENT_EFI_ACTION, "Calling EFI Application from Boot Option");
    for (uint32_t pcr = 0; pcr < 7; pcr++)
        (void)log_builder_separator(b, pcr);
    (void)log_builder_variable(b, 7, EVENT_EFI_VARIABLE_AUTHORITY, "db", bytes_of_text("owner"));
    (void)log_builder_event(b, 4, EVENT_EFI_BOOT_APPLICATION, bytes_of_text("shim"),
                            bytes_of_text("path"));
    (void)log_builder_grub(b, "grub_cmd: ", "linux /vmlinuz root=/dev/sda1");
    (void)log_builder_event(b, 9, EVENT_IPL, bytes_of_text("kernel"), bytes_of("/vmlinuz", 9));
    (void)log_builder_grub(b, "kernel_cmdline: ", "/vmlinuz root=/dev/sda1");
    (void)log_builder_text(b, 5, EVENT_EFI_ACTION, "Exit Boot Services Invocation");
    (void)log_builder_text(b, 5, EVENT_EFI_ACTION, "Exit Boot Services Returned with Success");
}

static void
append_u32(const struct log_builder *b, struct buffer *out, size_t v)
{
    if (b->big_endian)
        buffer_append_be32(out, (uint32_t)v);
    else
        buffer_append_le32(out, (uint32_t)v);
}

void
log_builder_ima_field(const struct log_builder *b, struct buffer *out, struct bytes content)
{
    append_u32(b, out, content.size);
    buffer_append(out, content);
}

/* What the kernel extends for template data: natively, padded, or for a violation. */
static void
extend_ima(struct log_builder *b, struct bytes data, const struct digest *listed)
{
    bool violation = listed->data[0] == 0 && listed->data[1] == 0;
    for (size_t i = 0; i < b->n_banks; i++) {
        struct digest value = digest_reset(b->banks[i], 0);
        if (violation)
            memset(value.data, 0xFF, value.size);
        else if (b->is_padded[i] || b->banks[i] == ALG_SHA1)
            memcpy(value.data, listed->data, listed->size);
        else
            assert_status(STATUS_OK, digest_compute(b->h, b->banks[i], data, &value));
        assert_status(STATUS_OK, digest_extend(b->h, &b->pcr[i][10], digest_bytes(&value)));
    }
}

void
log_builder_ima_raw(struct log_builder *b, const char *template_name, struct bytes data,
                    const struct digest *listed)
{
    struct digest sha1;
    assert_status(STATUS_OK, digest_compute(b->h, ALG_SHA1, data, &sha1));
    const struct digest *d = listed ? listed : &sha1;
    append_u32(b, &b->ima, 10);
    buffer_append(&b->ima, digest_bytes(d));
    log_builder_ima_field(b, &b->ima, bytes_of_text(template_name));
    log_builder_ima_field(b, &b->ima, data);
    extend_ima(b, data, d);
}

static void
append_ng(const struct log_builder *b, struct buffer *data, const struct digest *file,
          const char *path)
{
    CLEANUP(buffer_free) struct buffer field = {0};
    buffer_append_format(&field, "%s:", alg_name(file->alg));
    buffer_append_u8(&field, 0);
    buffer_append(&field, digest_bytes(file));
    log_builder_ima_field(b, data, buffer_bytes(&field));
    log_builder_ima_field(b, data, bytes_of(path, strlen(path) + 1));
}

void
log_builder_ima(struct log_builder *b, const char *path, const char *content)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    struct digest file;
    assert_status(STATUS_OK, digest_compute(b->h, ALG_SHA256, bytes_of_text(content), &file));
    append_ng(b, &data, &file, path);
    log_builder_ima_raw(b, "ima-ng", buffer_bytes(&data), NULL);
}

void
log_builder_ima_violation(struct log_builder *b, const char *path)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    struct digest zero = digest_reset(ALG_SHA256, 0);
    struct digest listed = digest_reset(ALG_SHA1, 0);
    append_ng(b, &data, &zero, path);
    log_builder_ima_raw(b, "ima-ng", buffer_bytes(&data), &listed);
}

void
log_builder_ima_aggregate(struct log_builder *b, uint16_t alg)
{
    size_t bank = 0;
    while (bank < b->n_banks && b->banks[bank] != alg)
        bank++;
    struct bytes parts[AGGREGATE_PCRS];
    for (size_t pcr = 0; pcr < AGGREGATE_PCRS; pcr++)
        parts[pcr] = digest_bytes(&b->pcr[bank][pcr]);
    struct digest aggregate;
    assert_status(STATUS_OK, digest_compute_parts(b->h, alg, parts, AGGREGATE_PCRS, &aggregate));
    CLEANUP(buffer_free) struct buffer data = {0};
    append_ng(b, &data, &aggregate, "boot_aggregate");
    log_builder_ima_raw(b, "ima-ng", buffer_bytes(&data), NULL);
}
