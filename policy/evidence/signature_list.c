/* SPDX-License-Identifier: Apache-2.0 */
/* from: a variable's bytes; to: its signatures; never: takes a list's header for a signature. */
#include "evidence/signature_list.h"

#define GUID_SIZE   16u
#define HEADER_SIZE 28u

/* By the GUID that a list begins with, as it stands in memory. [UEFI 2.10 32.4.1] */
static const struct row {
    uint8_t type[GUID_SIZE];
    enum signature_kind kind;
    size_t size; /* of the data without the owner; 0: any */
    size_t digest_size;
} rows[] = {
    {{0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0,
      0x72},
     SIGNATURE_CERTIFICATE,
     0,
     0},
    {{0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43,
      0x28},
     SIGNATURE_SHA256,
     32,
     32},
    {{0x07, 0x53, 0x3e, 0xff, 0xd0, 0x9f, 0xc9, 0x48, 0x85, 0xf1, 0x8a, 0xd5, 0x6c, 0x70, 0x1e,
      0x01},
     SIGNATURE_SHA384,
     48,
     48},
    {{0xae, 0x0f, 0x3e, 0x09, 0xc4, 0xa6, 0x50, 0x4f, 0x9f, 0x1b, 0xd4, 0x1e, 0x2b, 0x89, 0xc1,
      0x9a},
     SIGNATURE_SHA512,
     64,
     64},
    {{0x92, 0xa4, 0xd2, 0x3b, 0xc0, 0x96, 0x79, 0x40, 0xb4, 0x20, 0xfc, 0xf9, 0x8e, 0xf1, 0x03,
      0xed},
     SIGNATURE_CERTIFICATE_SHA256,
     48,
     32},
    {{0x6e, 0x87, 0x76, 0x70, 0xc2, 0x80, 0xe6, 0x4e, 0xaa, 0xd2, 0x28, 0xb3, 0x49, 0xa6, 0x86,
      0x5b},
     SIGNATURE_CERTIFICATE_SHA384,
     64,
     48},
    {{0x63, 0xbf, 0x6d, 0x44, 0x02, 0x25, 0xda, 0x4c, 0xbc, 0xfa, 0x24, 0x65, 0xd2, 0xb0, 0xfe,
      0x9d},
     SIGNATURE_CERTIFICATE_SHA512,
     80,
     64},
};

struct signature_list
signature_list_of(struct bytes in)
{
    return (struct signature_list){.r = reader_of(in), .entries = reader_of((struct bytes){0})};
}

static const struct row *
find_row(struct bytes type)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (bytes_equal(type, bytes_of(rows[i].type, GUID_SIZE)))
            return &rows[i];
    }
    return NULL;
}

/* EFI_SIGNATURE_LIST up to its signatures. False when its sizes contradict one another. */
static bool
open_list(struct signature_list *l)
{
    l->type = reader_bytes(&l->r, GUID_SIZE);
    size_t list_size = reader_le32(&l->r);
    size_t header_size = reader_le32(&l->r);
    size_t entry_size = reader_le32(&l->r);
    if (l->r.failed || list_size < HEADER_SIZE || header_size > list_size - HEADER_SIZE)
        return false;
    size_t entries_size = list_size - HEADER_SIZE - header_size;
    (void)reader_bytes(&l->r, header_size);
    struct bytes entries = reader_bytes(&l->r, entries_size);
    const struct row *row = find_row(l->type);
    if (l->r.failed || entry_size <= GUID_SIZE || entries_size % entry_size != 0)
        return false;
    if (row && row->size > 0 && entry_size != GUID_SIZE + row->size)
        return false;
    l->kind = row ? row->kind : SIGNATURE_OTHER;
    l->entry_size = entry_size;
    l->entries = reader_of(entries);
    return true;
}

enum status
signature_list_next(struct signature_list *l, struct signature_entry *out)
{
    while (reader_left(&l->entries) == 0) {
        if (reader_left(&l->r) == 0)
            return l->r.failed ? STATUS_MALFORMED : STATUS_NOT_FOUND;
        if (!open_list(l)) {
            reader_fail(&l->r);
            return STATUS_MALFORMED;
        }
    }
    if (l->n_read++ == SIGNATURE_LIST_MAX)
        return STATUS_LIMIT;
    const struct row *row = find_row(l->type);
    struct bytes data;
    out->kind = l->kind;
    out->type = l->type;
    out->owner = reader_bytes(&l->entries, GUID_SIZE);
    data = reader_bytes(&l->entries, l->entry_size - GUID_SIZE);
    out->data = row && row->digest_size > 0 ? bytes_slice(data, 0, row->digest_size) : data;
    return STATUS_OK;
}

bool
signature_list_is_whole(struct bytes in)
{
    struct signature_list l = signature_list_of(in);
    struct signature_entry entry;
    size_t n = 0;
    enum status s = signature_list_next(&l, &entry);
    for (; s == STATUS_OK; s = signature_list_next(&l, &entry))
        n++;
    return n > 0 && s == STATUS_NOT_FOUND;
}
