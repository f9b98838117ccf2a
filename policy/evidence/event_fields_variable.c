/* SPDX-License-Identifier: Apache-2.0 */
/* from: an event over an EFI variable; to: its name, GUID and what its value says; never: calls a
 * name bound that the digest leaves out. [PFP 1.06 10.4.2.6; UEFI 2.10 3.1.3, 32.4.1] */
#include "base/cleanup.h"
#include "base/reader.h"
#include "base/text.h"
#include "evidence/der.h"
#include "evidence/device_path.h"
#include "evidence/ek_certificate.h"
#include "evidence/event_fields_work.h"
#include "evidence/signature_list.h"

#include <openssl/x509.h>

#define VALUE_SHOWN 64u
#define GUID_SIZE   16u
#define ITEM_SIZE   (EK_CERTIFICATE_TEXT + 2 * ALG_MAX_SIZE + 32)

enum form { FORM_BYTES, FORM_FLAG, FORM_LISTS, FORM_SIGNATURE, FORM_TEXT, FORM_ORDER, FORM_OPTION };

/* By the claimed name, since a person reads it; what is bound stays what it is. */
static const struct {
    const char *name;
    enum form form;
} forms[] = {
    {"AuditMode", FORM_FLAG},  {"BootOrder", FORM_ORDER},     {"DeployedMode", FORM_FLAG},
    {"KEK", FORM_LISTS},       {"MokDBState", FORM_FLAG},     {"MokList", FORM_LISTS},
    {"MokListRT", FORM_LISTS}, {"MokListTrusted", FORM_FLAG}, {"MokListTrustedRT", FORM_FLAG},
    {"MokListX", FORM_LISTS},  {"MokListXRT", FORM_LISTS},    {"MokSBState", FORM_FLAG},
    {"PK", FORM_LISTS},        {"SbatLevel", FORM_TEXT},      {"SbatLevelRT", FORM_TEXT},
    {"SecureBoot", FORM_FLAG}, {"SetupMode", FORM_FLAG},      {"VendorKeys", FORM_FLAG},
    {"db", FORM_LISTS},        {"dbr", FORM_LISTS},           {"dbt", FORM_LISTS},
    {"dbx", FORM_LISTS},
};

static bool
is_boot_number(const char *name)
{
    uint8_t number[2];
    return text_starts(name, "Boot") && text_parse_hex_exact(name + 4, number, 2) == STATUS_OK;
}

static enum form
form_of(const struct event_fields_work *w)
{
    const char *name = w->meaning->variable.claimed_name;
    if (is_boot_number(name))
        return FORM_OPTION;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (!text_equal(forms[i].name, name))
            continue;
        bool authority = w->event->type == EVENT_EFI_VARIABLE_AUTHORITY;
        return authority && forms[i].form == FORM_LISTS ? FORM_SIGNATURE : forms[i].form;
    }
    return w->event->type == EVENT_EFI_VARIABLE_AUTHORITY ? FORM_SIGNATURE : FORM_BYTES;
}

static void
free_certificate(X509 **x)
{
    X509_free(*x);
}

/* "sha256:... /CN=..."; the name is left out when the bytes are no certificate. */
static void
add_certificate(struct event_fields_work *w, struct bytes der)
{
    const uint8_t *at = der.data;
    char hex[2 * DIGEST_SHA256_SIZE + 1], subject[EK_CERTIFICATE_TEXT] = "";
    char item[ITEM_SIZE];
    uint8_t sha256[DIGEST_SHA256_SIZE];
    if (w->status == STATUS_OK)
        w->status = digest_sha256(w->h, der, sha256);
    if (w->status != STATUS_OK)
        return;
    CLEANUP(free_certificate) X509 *x = d2i_X509(NULL, &at, (long)der.size);
    if (x)
        ek_certificate_name(X509_get_subject_name(x), subject);
    (void)snprintf(item, sizeof item, "sha256:%s%s%s",
                   text_hex(bytes_of(sha256, sizeof sha256), hex, sizeof hex),
                   subject[0] ? " " : "", subject);
    event_fields_add_item(w, "certificate", item);
}

static void
add_digest(struct event_fields_work *w, const char *name, struct bytes digest)
{
    char hex[2 * ALG_MAX_SIZE + 1], item[ITEM_SIZE];
    (void)snprintf(item, sizeof item, "%s:%s",
                   digest.size == 32   ? "sha256"
                   : digest.size == 48 ? "sha384"
                                       : "sha512",
                   text_hex(digest, hex, sizeof hex));
    event_fields_add_item(w, name, item);
}

/* Lists of one name stand together: certificates first, then hashes. */
static bool
is_wanted(enum signature_kind kind, unsigned pass)
{
    bool certificate = kind == SIGNATURE_CERTIFICATE;
    bool image = kind >= SIGNATURE_SHA256 && kind <= SIGNATURE_SHA512;
    return pass == 0 ? certificate : pass == 1 ? image : !certificate && !image;
}

static void
add_signature(struct event_fields_work *w, const struct signature_entry *s)
{
    char guid[EVENT_GUID_SIZE];
    switch (s->kind) {
    case SIGNATURE_CERTIFICATE:
        add_certificate(w, s->data);
        break;
    case SIGNATURE_SHA256:
    case SIGNATURE_SHA384:
    case SIGNATURE_SHA512:
        add_digest(w, "hash", s->data);
        break;
    case SIGNATURE_CERTIFICATE_SHA256:
    case SIGNATURE_CERTIFICATE_SHA384:
    case SIGNATURE_CERTIFICATE_SHA512:
        add_digest(w, "other_signature", s->data);
        break;
    case SIGNATURE_OTHER:
        event_guid_text(s->type, guid);
        event_fields_add_item(w, "other_signature", guid);
        break;
    }
}

static void
add_lists(struct event_fields_work *w)
{
    for (unsigned pass = 0; pass < 3; pass++) {
        struct signature_list l = signature_list_of(w->meaning->variable.value);
        struct signature_entry s;
        enum status status = signature_list_next(&l, &s);
        for (; status == STATUS_OK; status = signature_list_next(&l, &s)) {
            if (is_wanted(s.kind, pass))
                add_signature(w, &s);
        }
        if (status != STATUS_NOT_FOUND && pass == 2)
            event_fields_add_bool(w, "malformed", true);
    }
}

static bool
is_certificate(struct bytes in)
{
    return in.size > 0 && in.data[0] == 0x30 && der_outer(in).size == in.size;
}

/* The EFI_SIGNATURE_DATA that an image was verified with. Shim leaves the owner out, and measures
 * with the same type what it has of its own: whole lists, and values of other kinds. */
static void
add_authority(struct event_fields_work *w)
{
    struct bytes value = w->meaning->variable.value;
    size_t n_owner = value.size > GUID_SIZE ? GUID_SIZE : value.size;
    struct bytes content = bytes_slice(value, n_owner, value.size - n_owner);
    if (is_certificate(value))
        add_certificate(w, value);
    else if (signature_list_is_whole(value))
        add_lists(w);
    if (is_certificate(value) || !is_certificate(content))
        return;
    event_fields_add_guid(w, "owner", bytes_slice(value, 0, GUID_SIZE));
    add_certificate(w, content);
}

static void
add_order(struct event_fields_work *w)
{
    struct reader r = reader_of(w->meaning->variable.value);
    while (reader_left(&r) >= 2) {
        char item[16];
        (void)snprintf(item, sizeof item, "Boot%04X", reader_le16(&r));
        event_fields_add_item(w, "order", item);
    }
}

/* UTF-16LE up to its NUL, which is consumed. */
static struct bytes
read_text16(struct reader *r)
{
    size_t start = r->offset;
    while (reader_left(r) >= 2 && reader_le16(r) != 0)
        continue;
    return bytes_slice(r->in, start, r->offset - start);
}

/* EFI_LOAD_OPTION. [UEFI 2.10 3.1.3] */
static void
add_option(struct event_fields_work *w)
{
    struct reader r = reader_of(w->meaning->variable.value);
    uint32_t attributes = reader_le32(&r);
    size_t path_size = reader_le16(&r);
    struct bytes description = read_text16(&r);
    struct bytes path = reader_bytes(&r, path_size);
    if (r.failed)
        return;
    event_fields_add_bool(w, "active", (attributes & 1u) != 0);
    event_fields_add_utf16(w, "description", description);
    event_fields_add_path(w, path);
    struct bytes data = reader_rest(&r);
    if (data.size > 0)
        event_fields_add_uint(w, "optional_data_size", data.size);
}

static void
add_flag(struct event_fields_work *w)
{
    struct bytes value = w->meaning->variable.value;
    event_fields_add_bool(w, "enabled", value.size > 0 && value.data[0] != 0);
}

void
event_fields_variable(struct event_fields_work *w)
{
    const struct event_variable *v = &w->meaning->variable;
    w->bound = w->meaning->bound && w->meaning->quirk != EVENT_QUIRK_VARIABLE_VALUE;
    event_fields_add_text(w, "variable", bytes_of_text(v->claimed_name));
    event_fields_add_guid(w, "guid", bytes_slice(w->event->data, 0, GUID_SIZE));
    w->bound = w->meaning->bound;
    event_fields_add_uint(w, "value_size", v->value.size);
    if (v->value.size > 0 && v->value.size <= VALUE_SHOWN)
        event_fields_add_hex(w, "value", v->value);
    switch (form_of(w)) {
    case FORM_BYTES:
        break;
    case FORM_FLAG:
        add_flag(w);
        break;
    case FORM_LISTS:
        add_lists(w);
        break;
    case FORM_SIGNATURE:
        add_authority(w);
        break;
    case FORM_TEXT:
        event_fields_add_text(w, "text", v->value);
        break;
    case FORM_ORDER:
        add_order(w);
        break;
    case FORM_OPTION:
        add_option(w);
        break;
    }
}
