/* SPDX-License-Identifier: Apache-2.0 */
/* from: a file; to: its sections and its Authenticode digest; never: trusts an offset. */
#include "image/pe.h"

#include "base/reader.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define CLAUSE            "PE/COFF 3"
#define HEADER_POINTER_AT 0x3Cu
#define SIGNATURE         0x00004550u /* "PE\0\0" */
#define COFF_SIZE         20u
#define MAGIC_PE32        0x10Bu
#define MAGIC_PE32_PLUS   0x20Bu
#define CHECKSUM_AT       64u /* of the optional header, in both forms */
#define CERTIFICATE_ENTRY 4u
#define MAX_DIRECTORIES   16u
#define ENTRY_SIZE        8u
#define SECTION_SIZE      40u
#define N_PARTS           (LIMIT_PE_SECTIONS + 4u)

struct layout {
    size_t optional_at;
    size_t optional_size;
    size_t n_sections;
};

static struct reader
reader_at(struct bytes file, size_t at)
{
    struct reader r = reader_of(file);
    (void)reader_bytes(&r, at);
    return r;
}

bool
pe_is(struct bytes file)
{
    struct reader r = reader_of(file);
    if (reader_le16(&r) != 0x5A4D)
        return false;
    r = reader_at(file, HEADER_POINTER_AT);
    r = reader_at(file, reader_le32(&r));
    return reader_le32(&r) == SIGNATURE && !r.failed;
}

static enum status
read_coff(struct pe *pe, struct layout *l, struct diag *diag)
{
    if (!pe_is(pe->file))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "not a PE image");
    struct reader r = reader_at(pe->file, HEADER_POINTER_AT);
    size_t at = reader_le32(&r);
    r = reader_at(pe->file, at + 4);
    pe->machine = reader_le16(&r);
    l->n_sections = reader_le16(&r);
    (void)reader_bytes(&r, 12);
    l->optional_size = reader_le16(&r);
    (void)reader_le16(&r);
    l->optional_at = at + 4 + COFF_SIZE;
    if (r.failed)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, at, "the file ends in the COFF header");
    if (l->n_sections > LIMIT_PE_SECTIONS)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, at, "%zu sections; at most %u", l->n_sections,
                        LIMIT_PE_SECTIONS);
    return STATUS_OK;
}

/* The data directories' entry for certificates: position and size, checked against the file's end.
 */
static enum status
read_certificates(struct pe *pe, size_t at, struct diag *diag)
{
    struct reader r = reader_at(pe->file, at);
    uint32_t offset = reader_le32(&r);
    pe->certificates_size = reader_le32(&r);
    pe->directory_at = at;
    if (pe->certificates_size == 0)
        return STATUS_OK;
    if ((uint64_t)offset + pe->certificates_size != pe->file.size)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, at,
                        "the certificate table does not end where the file ends");
    return STATUS_OK;
}

static enum status
read_optional(struct pe *pe, const struct layout *l, struct diag *diag)
{
    struct bytes header = bytes_slice(pe->file, l->optional_at, l->optional_size);
    struct reader r = reader_of(header);
    uint16_t magic = reader_le16(&r);
    if (header.size != l->optional_size || r.failed)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, l->optional_at,
                        "the file ends in the optional header");
    if (magic != MAGIC_PE32 && magic != MAGIC_PE32_PLUS)
        return diag_set(diag, STATUS_UNSUPPORTED, CLAUSE, l->optional_at,
                        "an optional header of type 0x%x", magic);
    pe->plus = magic == MAGIC_PE32_PLUS;
    r = reader_at(header, CHECKSUM_AT - 4);
    pe->headers_size = reader_le32(&r);
    pe->checksum_at = l->optional_at + CHECKSUM_AT;
    size_t count_at = pe->plus ? 108 : 92;
    r = reader_at(header, count_at);
    uint32_t n = reader_le32(&r);
    size_t entries_at = count_at + 4;
    if (r.failed || n > MAX_DIRECTORIES || entries_at + n * ENTRY_SIZE > header.size)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, l->optional_at,
                        "the data directories do not fit into the optional header");
    if (n <= CERTIFICATE_ENTRY)
        return STATUS_OK;
    return read_certificates(pe, l->optional_at + entries_at + CERTIFICATE_ENTRY * ENTRY_SIZE,
                             diag);
}

static enum status
read_sections(struct pe *pe, const struct layout *l, struct diag *diag)
{
    size_t at = l->optional_at + l->optional_size;
    struct reader r = reader_at(pe->file, at);
    for (size_t i = 0; i < l->n_sections; i++) {
        struct pe_section *s = &pe->sections[i];
        struct bytes name = reader_bytes(&r, PE_NAME_SIZE - 1);
        if (name.size > 0)
            memcpy(s->name, name.data, name.size);
        s->virtual_size = reader_le32(&r);
        s->virtual_address = reader_le32(&r);
        s->raw_size = reader_le32(&r);
        s->raw_offset = reader_le32(&r);
        (void)reader_bytes(&r, SECTION_SIZE - 24);
    }
    if (r.failed)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, at, "the file ends in the section table");
    pe->n_sections = l->n_sections;
    if (pe->headers_size < r.offset || pe->headers_size > pe->file.size)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, l->optional_at,
                        "the size of the headers does not hold the section table, or is beyond "
                        "the file");
    return STATUS_OK;
}

static int
order_sections(const void *a, const void *b)
{
    const struct pe_section *x = *(const struct pe_section *const *)a;
    const struct pe_section *y = *(const struct pe_section *const *)b;
    return (x->raw_offset > y->raw_offset) - (x->raw_offset < y->raw_offset);
}

/* Those with bytes in the file, in its order. */
static size_t
sort_sections(const struct pe *pe, const struct pe_section *out[static LIMIT_PE_SECTIONS])
{
    size_t n = 0;
    for (size_t i = 0; i < pe->n_sections; i++) {
        if (pe->sections[i].raw_size > 0)
            out[n++] = &pe->sections[i];
    }
    if (n > 1)
        qsort(out, n, sizeof *out, order_sections);
    return n;
}

/* Headers, sections and certificates do not overlap, so each byte is hashed at most once. */
static enum status
check_sections(const struct pe *pe, struct diag *diag)
{
    const struct pe_section *sorted[LIMIT_PE_SECTIONS];
    size_t n = sort_sections(pe, sorted);
    uint64_t end = pe->headers_size;
    uint64_t limit = pe->file.size - pe->certificates_size;
    for (size_t i = 0; i < n; i++) {
        char name[4 * PE_NAME_SIZE];
        (void)text_escape(bytes_of_text(sorted[i]->name), name, sizeof name);
        if (sorted[i]->raw_offset < end)
            return diag_set(diag, STATUS_MALFORMED, CLAUSE, sorted[i]->raw_offset,
                            "section %s overlaps what lies before it", name);
        end = (uint64_t)sorted[i]->raw_offset + sorted[i]->raw_size;
        if (end > limit)
            return diag_set(diag, STATUS_MALFORMED, CLAUSE, sorted[i]->raw_offset,
                            "section %s ends behind the file or in its certificates", name);
    }
    if (pe->headers_size > limit)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "the headers overlap the certificates");
    return STATUS_OK;
}

enum status
pe_parse(struct bytes file, struct pe *out, struct diag *diag)
{
    struct layout l = {0};
    *out = (struct pe){.file = file};
    enum status s = read_coff(out, &l, diag);
    if (s == STATUS_OK)
        s = read_optional(out, &l, diag);
    if (s == STATUS_OK)
        s = read_sections(out, &l, diag);
    return s == STATUS_OK ? check_sections(out, diag) : s;
}

/* As firmware does: the headers but for checksum and certificate entry, the sections by their place
 * in the file, then what lies behind as many bytes as were hashed so far, up to the certificates.
 */
enum status
pe_digest(struct hasher *h, const struct pe *pe, uint16_t alg, struct digest *out)
{
    struct bytes parts[N_PARTS];
    const struct pe_section *sorted[LIMIT_PE_SECTIONS];
    size_t n = 0;
    size_t after = pe->checksum_at + 4;
    parts[n++] = bytes_slice(pe->file, 0, pe->checksum_at);
    if (pe->directory_at > 0) {
        parts[n++] = bytes_slice(pe->file, after, pe->directory_at - after);
        after = pe->directory_at + ENTRY_SIZE;
    }
    parts[n++] = bytes_slice(pe->file, after, pe->headers_size - after);
    size_t hashed = pe->headers_size;
    size_t n_sorted = sort_sections(pe, sorted);
    for (size_t i = 0; i < n_sorted; i++) {
        parts[n++] = bytes_slice(pe->file, sorted[i]->raw_offset, sorted[i]->raw_size);
        hashed += sorted[i]->raw_size;
    }
    size_t end = pe->file.size - pe->certificates_size;
    if (hashed < end)
        parts[n++] = bytes_slice(pe->file, hashed, end - hashed);
    return digest_compute_parts(h, alg, parts, n, out);
}

const struct pe_section *
pe_find(const struct pe *pe, const char *name)
{
    for (size_t i = 0; i < pe->n_sections; i++) {
        if (text_equal(pe->sections[i].name, name))
            return &pe->sections[i];
    }
    return NULL;
}

struct bytes
pe_data(const struct pe *pe, const struct pe_section *section)
{
    uint32_t size =
        section->virtual_size < section->raw_size ? section->virtual_size : section->raw_size;
    return bytes_slice(pe->file, section->raw_offset, size);
}
