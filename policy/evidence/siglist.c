/* SPDX-License-Identifier: Apache-2.0 */
/* from: EFI signature lists; to: signatures; never: adds two sizes before it has bounded them. */
#include "evidence/siglist.h"

#include "evidence/der.h"

#define GUID_SIZE   16u
#define HEADER_SIZE 28u /* type, list size, header size, signature size */

static const struct type {
    uint8_t guid[GUID_SIZE];
    enum siglist_type type;
    uint32_t data_size; /* 0: any */
} types[] = {
    {{0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0,
      0x72},
     SIGLIST_X509,
     0},
    {{0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43,
      0x28},
     SIGLIST_SHA256,
     32},
    {{0x12, 0xa5, 0x6c, 0x82, 0x10, 0xcf, 0xc9, 0x4a, 0xb1, 0x87, 0xbe, 0x01, 0x49, 0x66, 0x31,
      0xbd},
     SIGLIST_SHA1,
     20},
    {{0x33, 0x52, 0x6e, 0x0b, 0x5c, 0xa6, 0xc9, 0x44, 0x94, 0x07, 0xd9, 0xab, 0x83, 0xbf, 0xc8,
      0xbd},
     SIGLIST_SHA224,
     28},
    {{0x07, 0x53, 0x3e, 0xff, 0xd0, 0x9f, 0xc9, 0x48, 0x85, 0xf1, 0x8a, 0xd5, 0x6c, 0x70, 0x1e,
      0x01},
     SIGLIST_SHA384,
     48},
    {{0xae, 0x0f, 0x3e, 0x09, 0xc4, 0xa6, 0x50, 0x4f, 0x9f, 0x1b, 0xd4, 0x1e, 0x2b, 0x89, 0xc1,
      0x9a},
     SIGLIST_SHA512,
     64},
    {{0xe8, 0x66, 0x57, 0x3c, 0x9c, 0x26, 0x34, 0x4e, 0xaa, 0x14, 0xed, 0x77, 0x6e, 0x85, 0xb3,
      0xb6},
     SIGLIST_RSA2048,
     256},
    {{0x92, 0xa4, 0xd2, 0x3b, 0xc0, 0x96, 0x79, 0x40, 0xb4, 0x20, 0xfc, 0xf9, 0x8e, 0xf1, 0x03,
      0xed},
     SIGLIST_X509_HASH,
     48},
    {{0x6e, 0x87, 0x76, 0x70, 0xc2, 0x80, 0xe6, 0x4e, 0xaa, 0xd2, 0x28, 0xb3, 0x49, 0xa6, 0x86,
      0x5b},
     SIGLIST_X509_HASH,
     64},
    {{0x63, 0xbf, 0x6d, 0x44, 0x02, 0x25, 0xda, 0x4c, 0xbc, 0xfa, 0x24, 0x65, 0xd2, 0xb0, 0xfe,
      0x9d},
     SIGLIST_X509_HASH,
     80},
};

static const char *const type_names[SIGLIST_N_TYPES] = {
    "unknown", "x509", "sha1", "sha224", "sha256", "sha384", "sha512", "rsa2048", "x509-hash",
};

static const struct type *
find_type(struct bytes guid)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (bytes_equal(guid, bytes_of(types[i].guid, GUID_SIZE)))
            return &types[i];
    }
    return NULL;
}

struct siglist
siglist_of(struct bytes in)
{
    return (struct siglist){.lists = reader_of(in)};
}

/* EFI_SIGNATURE_LIST: the sizes against one another before anything is cut out. */
static bool
open_list(struct siglist *s)
{
    struct reader *r = &s->lists;
    s->guid = reader_bytes(r, GUID_SIZE);
    uint64_t list_size = reader_le32(r);
    uint64_t header_size = reader_le32(r);
    uint64_t entry_size = reader_le32(r);
    if (r->failed || list_size < HEADER_SIZE || list_size - HEADER_SIZE > reader_left(r))
        return false;
    uint64_t body = list_size - HEADER_SIZE;
    if (header_size > body || entry_size <= GUID_SIZE || (body - header_size) % entry_size != 0)
        return false;
    const struct type *type = find_type(s->guid);
    if (type && type->data_size > 0 && entry_size - GUID_SIZE != type->data_size)
        return false;
    (void)reader_bytes(r, (size_t)header_size);
    s->entries = reader_of(reader_bytes(r, (size_t)(body - header_size)));
    s->entry_size = (size_t)entry_size;
    s->type = type ? type->type : SIGLIST_UNKNOWN;
    return !r->failed;
}

enum status
siglist_next(struct siglist *s, struct siglist_entry *out)
{
    while (reader_left(&s->entries) == 0) {
        if (!s->lists.failed && reader_left(&s->lists) == 0)
            return STATUS_NOT_FOUND;
        if (!open_list(s))
            return STATUS_MALFORMED;
    }
    if (s->n_entries == SIGLIST_ENTRIES_MAX)
        return STATUS_LIMIT;
    s->n_entries++;
    out->type = s->type;
    out->guid = s->guid;
    out->owner = reader_bytes(&s->entries, GUID_SIZE);
    out->data = reader_bytes(&s->entries, s->entry_size - GUID_SIZE);
    return STATUS_OK;
}

const char *
siglist_type_name(enum siglist_type type)
{
    return type < SIGLIST_N_TYPES ? type_names[type] : type_names[SIGLIST_UNKNOWN];
}

bool
siglist_authority(struct bytes value, struct siglist_entry *out)
{
    struct bytes data = bytes_slice(value, GUID_SIZE, value.size - GUID_SIZE);
    struct bytes owner = bytes_slice(value, 0, GUID_SIZE);
    if (value.size > GUID_SIZE && der_outer(data).size == data.size && data.size > 0) {
        *out = (struct siglist_entry){.type = SIGLIST_X509, .owner = owner, .data = data};
        return true;
    }
    if (value.size > 0 && der_outer(value).size == value.size) { /* shim leaves the owner out */
        *out = (struct siglist_entry){.type = SIGLIST_X509, .data = value};
        return true;
    }
    return false;
}
