/* SPDX-License-Identifier: Apache-2.0 */
/* from: tpm2-tools' serialized PCR file; to: the values alone, in the order of the selection;
 * never: takes values of another selection. */
#include "base/cleanup.h"
#include "base/reader.h"
#include "ctl/verify.h"

#define CLAUSE     "PCR values"
#define BANKS      16u /* places in a TPML_PCR_SELECTION */
#define MASK_BYTES 4u
#define LISTED     8u /* places in a TPML_DIGEST */
#define PLACE      64u
#define HEAD_SIZE  (4u + BANKS * 8u + 4u)
#define LIST_SIZE  (4u + LISTED * (2u + PLACE))

/* TPML_PCR_SELECTION as a little-endian C structure. */
static void
read_selection(struct reader *r, struct selection *out)
{
    size_t n = reader_le32(r);
    *out = (struct selection){0};
    if (n > LIMIT_BANKS)
        reader_fail(r);
    for (size_t i = 0; i < BANKS; i++) {
        uint16_t alg = reader_le16(r);
        uint8_t size = reader_u8(r);
        uint32_t mask = reader_le32(r);
        (void)reader_u8(r); /* padding */
        if (r->failed || i >= n)
            continue;
        out->banks[i].alg = alg;
        out->banks[i].mask = size >= MASK_BYTES ? mask : mask & ((1u << 8 * size) - 1);
        out->n_banks++;
    }
}

static void
read_digests(struct reader *r, struct buffer *values)
{
    size_t n_lists = reader_le32(r);
    for (size_t i = 0; i < n_lists && !r->failed; i++) {
        size_t n = reader_le32(r);
        if (n > LISTED)
            reader_fail(r);
        for (size_t k = 0; k < LISTED; k++) {
            size_t size = reader_le16(r);
            struct bytes place = reader_bytes(r, PLACE);
            if (size > PLACE)
                reader_fail(r);
            if (!r->failed && k < n)
                buffer_append(values, bytes_slice(place, 0, size));
        }
    }
}

static size_t
plain_size(const struct selection *s)
{
    size_t size = 0;
    for (size_t i = 0; i < s->n_banks; i++)
        size += selection_bank_count(&s->banks[i]) * alg_size(s->banks[i].alg);
    return size;
}

enum status
verify_values_flatten(const struct selection *s, struct buffer *values, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer plain = {0};
    struct selection found;
    struct reader r = reader_of(buffer_bytes(values));
    bool shaped = values->size > HEAD_SIZE && (values->size - HEAD_SIZE) % LIST_SIZE == 0;
    if (values->size == plain_size(s) || !shaped)
        return STATUS_OK;
    read_selection(&r, &found);
    read_digests(&r, &plain);
    if (reader_end(&r, CLAUSE, NULL) != STATUS_OK)
        return STATUS_OK; /* not that form: the quote judges the bytes as they stand */
    if (!selection_equal(&found, s))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "the PCR file is of another selection than --select");
    buffer_reset(values);
    buffer_append(values, buffer_bytes(&plain));
    return buffer_check(values);
}
