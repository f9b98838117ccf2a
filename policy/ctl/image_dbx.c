/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-dbx: from: a revocation list that a person has; to: what a machine's dbx
 * must hold at least; never: fetches one, passes over what it does not know in silence. */
#include "base/cleanup.h"
#include "ctl/image.h"
#include "evidence/signature_list.h"

#define CLAUSE          "UEFI 2.10 32.4.1"
#define TIME_SIZE       16u /* EFI_TIME, before the certificate of an authenticated variable */
#define REVISION        0x0200u
#define TYPE_GUID       0x0EF1u /* WIN_CERT_TYPE_EFI_GUID */
#define ATTRIBUTES_SIZE 4u      /* before a variable in efivarfs */
#define GUID_SIZE       16u

/* Owner of entries that hold the least version of a Windows boot program instead of a hash:
 * 9d132b6c-59d5-4388-ab1c-185cfcb2eb92 */
static const uint8_t version_owner[GUID_SIZE] = {0x6c, 0x2b, 0x13, 0x9d, 0xd5, 0x59, 0x88, 0x43,
                                                 0xab, 0x1c, 0x18, 0x5c, 0xfc, 0xb2, 0xeb, 0x92};

struct dbx_work {
    struct image_work w;
    size_t n_versions;
    size_t n_unknown;
};

static bool
is_well_formed(struct bytes lists)
{
    struct signature_list l = signature_list_of(lists);
    struct signature_entry entry;
    enum status s = signature_list_next(&l, &entry);
    while (s == STATUS_OK)
        s = signature_list_next(&l, &entry);
    return s == STATUS_NOT_FOUND && l.n_read > 0;
}

/* EFI_VARIABLE_AUTHENTICATION_2: a time, then a WIN_CERTIFICATE that says its own size. [UEFI 2.10
 * 8.2.6] */
static bool
skip_authentication(struct bytes file, struct bytes *lists)
{
    struct reader r = reader_of(file);
    (void)reader_bytes(&r, TIME_SIZE);
    size_t start = r.offset;
    size_t size = reader_le32(&r);
    bool signed_update = reader_le16(&r) == REVISION && reader_le16(&r) == TYPE_GUID;
    if (r.failed || !signed_update || size > file.size - start)
        return false;
    *lists = bytes_slice(file, start + size, file.size - start - size);
    return true;
}

/* Which of the three forms it is in. */
static enum status
find_lists(struct dbx_work *d, struct bytes file, struct bytes *lists)
{
    struct bytes inner = {0};
    *lists = file;
    if (skip_authentication(file, &inner))
        *lists = inner;
    else if (!is_well_formed(file) && file.size > ATTRIBUTES_SIZE)
        *lists = bytes_slice(file, ATTRIBUTES_SIZE, file.size - ATTRIBUTES_SIZE);
    if (is_well_formed(*lists))
        return STATUS_OK;
    return diag_set(&d->w.diag, STATUS_MALFORMED, CLAUSE, 0,
                    "neither signature lists, nor a variable or an update that holds them");
}

static enum status
add_entry(struct dbx_work *d, const struct signature_entry *entry)
{
    static const uint16_t algs[] = {
        [SIGNATURE_SHA256] = ALG_SHA256,
        [SIGNATURE_SHA384] = ALG_SHA384,
        [SIGNATURE_SHA512] = ALG_SHA512,
        [SIGNATURE_CERTIFICATE_SHA256] = ALG_SHA256,
        [SIGNATURE_CERTIFICATE_SHA384] = ALG_SHA384,
        [SIGNATURE_CERTIFICATE_SHA512] = ALG_SHA512,
    };
    struct digest item;
    enum status s = STATUS_OK;
    if (bytes_equal(entry->owner, bytes_of(version_owner, GUID_SIZE))) {
        d->n_versions++;
        return STATUS_OK;
    }
    if (entry->kind == SIGNATURE_OTHER) {
        d->n_unknown++;
        return STATUS_OK;
    }
    if (entry->kind == SIGNATURE_CERTIFICATE)
        s = digest_compute(d->w.h, ALG_SHA256, entry->data, &item);
    else
        s = digest_from(algs[entry->kind], entry->data, &item);
    return s == STATUS_OK ? set_add_dbx(d->w.set, &item) : s;
}

static enum status
add_file(struct dbx_work *d, const char *path)
{
    CLEANUP(buffer_free) struct buffer file = {0};
    struct bytes lists = {0};
    struct signature_entry entry;
    enum status s = image_load(&d->w, path, &file);
    if (s == STATUS_OK)
        s = find_lists(d, buffer_bytes(&file), &lists);
    if (s != STATUS_OK)
        return s;
    struct signature_list l = signature_list_of(lists);
    while (s == STATUS_OK && signature_list_next(&l, &entry) == STATUS_OK)
        s = add_entry(d, &entry);
    return s;
}

static enum status
tell(struct dbx_work *d)
{
    enum status s = STATUS_OK;
    if (d->n_versions > 0)
        s = set_tell(d->w.set, "%zu entries are versions of Windows boot programs: left out",
                     d->n_versions);
    if (s == STATUS_OK && d->n_unknown > 0)
        s = set_tell(d->w.set, "%zu entries are of a type that is not known: left out",
                     d->n_unknown);
    return s;
}

int
image_from_dbx(struct context *c)
{
    struct dbx_work d = {0};
    const char *path = NULL;
    enum status s = image_begin(c, NULL, &d.w);
    for (size_t i = 0; s == STATUS_OK && i < c->n_arguments; i++) {
        path = c->arguments[i];
        s = add_file(&d, path);
    }
    if (s == STATUS_OK)
        s = tell(&d);
    return image_end(&d.w, s, path);
}
