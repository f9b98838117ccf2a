/* SPDX-License-Identifier: Apache-2.0 */
/* from: bytes of a device path; to: text; never: follows what a path names. */
#include "evidence/device_path.h"

#include "base/cleanup.h"
#include "base/reader.h"
#include "base/text.h"
#include "evidence/event_bind.h"
#include "evidence/event_fields.h"

#define NODE_HEADER 4u
#define NODE_END    0x7Fu
#define EISA_PCI    0x0A0341D0u /* PNP0A03 */
#define EISA_PCIE   0x0A0841D0u /* PNP0A08 */

typedef void (*node_function)(struct reader *r, struct buffer *out);

static void
put_guid(struct reader *r, struct buffer *out)
{
    char text[EVENT_GUID_SIZE];
    event_guid_text(reader_bytes(r, 16), text);
    buffer_append_text(out, text);
}

static void
put_pci(struct reader *r, struct buffer *out)
{
    unsigned function = reader_u8(r);
    unsigned device = reader_u8(r);
    buffer_append_format(out, "Pci(0x%x,0x%x)", device, function);
}

static void
put_memory(struct reader *r, struct buffer *out)
{
    (void)reader_le32(r);
    uint64_t first = reader_le64(r);
    uint64_t last = reader_le64(r);
    buffer_append_format(out, "Memory(0x%llx,0x%llx)", (unsigned long long)first,
                         (unsigned long long)last);
}

static void
put_vendor(struct reader *r, struct buffer *out)
{
    buffer_append_text(out, "Vendor(");
    put_guid(r, out);
    buffer_append_text(out, ")");
    (void)reader_rest(r);
}

static void
put_acpi(struct reader *r, struct buffer *out)
{
    uint32_t hid = reader_le32(r);
    uint32_t uid = reader_le32(r);
    if (hid == EISA_PCI || hid == EISA_PCIE)
        buffer_append_format(out, "PciRoot(0x%x)", uid);
    else
        buffer_append_format(out, "Acpi(0x%08x,0x%x)", hid, uid);
    (void)reader_rest(r);
}

static void
put_scsi(struct reader *r, struct buffer *out)
{
    unsigned target = reader_le16(r);
    unsigned lun = reader_le16(r);
    buffer_append_format(out, "Scsi(0x%x,0x%x)", target, lun);
}

static void
put_usb(struct reader *r, struct buffer *out)
{
    unsigned port = reader_u8(r);
    unsigned interface = reader_u8(r);
    buffer_append_format(out, "USB(0x%x,0x%x)", port, interface);
}

static void
put_mac(struct reader *r, struct buffer *out)
{
    char mac[13];
    text_hex(reader_bytes(r, 6), mac, sizeof mac);
    buffer_append_format(out, "MAC(%s)", mac);
    (void)reader_rest(r);
}

static void
put_sata(struct reader *r, struct buffer *out)
{
    unsigned port = reader_le16(r);
    unsigned multiplier = reader_le16(r);
    unsigned lun = reader_le16(r);
    buffer_append_format(out, "Sata(0x%x,0x%x,0x%x)", port, multiplier, lun);
}

static void
put_nvme(struct reader *r, struct buffer *out)
{
    unsigned space = reader_le32(r);
    char eui[17];
    text_hex(reader_bytes(r, 8), eui, sizeof eui);
    buffer_append_format(out, "NVMe(0x%x,%s)", space, eui);
}

/* UTF-8 as it stands but for control characters: a backslash is a path's own. */
static void
put_plain(struct bytes text, struct buffer *out)
{
    bool utf8 = text_is_utf8(text);
    for (size_t i = 0; i < text.size && text.data[i] != 0; i++) {
        uint8_t c = text.data[i];
        if (c < 0x20 || c == 0x7F || (c >= 0x80 && !utf8))
            buffer_append_format(out, "\\x%02x", c);
        else
            buffer_append_u8(out, c);
    }
}

static void
put_uri(struct reader *r, struct buffer *out)
{
    buffer_append_text(out, "Uri(");
    put_plain(reader_rest(r), out);
    buffer_append_text(out, ")");
}

static void
put_hard_drive(struct reader *r, struct buffer *out)
{
    unsigned partition = reader_le32(r);
    uint64_t start = reader_le64(r);
    uint64_t size = reader_le64(r);
    struct bytes signature = reader_bytes(r, 16);
    unsigned format = reader_u8(r);
    unsigned type = reader_u8(r);
    char guid[EVENT_GUID_SIZE];
    event_guid_text(signature, guid);
    buffer_append_format(out, "HD(%u,%s,", partition, format == 2 ? "GPT" : "MBR");
    if (type == 2)
        buffer_append_text(out, guid);
    else
        text_append_hex(out, bytes_slice(signature, 0, 4));
    buffer_append_format(out, ",0x%llx,0x%llx)", (unsigned long long)start,
                         (unsigned long long)size);
}

static void
put_cd(struct reader *r, struct buffer *out)
{
    buffer_append_format(out, "CDROM(0x%x)", reader_le32(r));
    (void)reader_rest(r);
}

static void
put_file(struct reader *r, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer utf8 = {0};
    event_append_utf16(&utf8, reader_rest(r));
    out->failed = out->failed || buffer_check(&utf8) != STATUS_OK;
    put_plain(buffer_bytes(&utf8), out);
}

static void
put_volume_file(struct reader *r, struct buffer *out)
{
    buffer_append_text(out, "FvFile(");
    put_guid(r, out);
    buffer_append_text(out, ")");
}

static void
put_volume(struct reader *r, struct buffer *out)
{
    buffer_append_text(out, "Fv(");
    put_guid(r, out);
    buffer_append_text(out, ")");
}

static void
put_offset(struct reader *r, struct buffer *out)
{
    (void)reader_le32(r);
    uint64_t first = reader_le64(r);
    uint64_t last = reader_le64(r);
    buffer_append_format(out, "Offset(0x%llx,0x%llx)", (unsigned long long)first,
                         (unsigned long long)last);
}

static const struct node {
    uint8_t type, subtype;
    node_function put;
} nodes[] = {
    {1, 1, put_pci},    {1, 3, put_memory}, {1, 4, put_vendor},  {2, 1, put_acpi},
    {3, 2, put_scsi},   {3, 5, put_usb},    {3, 10, put_vendor}, {3, 11, put_mac},
    {3, 18, put_sata},  {3, 23, put_nvme},  {3, 24, put_uri},    {4, 1, put_hard_drive},
    {4, 2, put_cd},     {4, 3, put_vendor}, {4, 4, put_file},    {4, 6, put_volume_file},
    {4, 7, put_volume}, {4, 8, put_offset},
};

/* A node by number, where it is not known or not of its form. */
static void
put_unknown(uint8_t type, uint8_t subtype, struct bytes data, struct buffer *out)
{
    buffer_append_format(out, "Path(%u,%u", type, subtype);
    if (data.size > 0) {
        buffer_append_text(out, ",");
        text_append_hex(out, bytes_slice(data, 0, data.size < 32 ? data.size : 32));
    }
    buffer_append_text(out, ")");
}

static void
put_node(uint8_t type, uint8_t subtype, struct bytes data, struct buffer *out)
{
    size_t before = out->size;
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        if (nodes[i].type != type || nodes[i].subtype != subtype)
            continue;
        struct reader r = reader_of(data);
        nodes[i].put(&r, out);
        if (reader_end(&r, "UEFI 2.10 10.3", NULL) == STATUS_OK || out->failed)
            return;
        out->size = before;
    }
    put_unknown(type, subtype, data, out);
}

enum status
device_path_append(struct bytes path, struct buffer *out)
{
    struct reader r = reader_of(path);
    bool first = true;
    for (unsigned i = 0; reader_left(&r) > 0; i++) {
        uint8_t type = reader_u8(&r);
        uint8_t subtype = reader_u8(&r);
        size_t size = reader_le16(&r);
        struct bytes data = reader_bytes(&r, size < NODE_HEADER ? SIZE_MAX : size - NODE_HEADER);
        if (!r.failed && type == NODE_END)
            break;
        if (!first)
            buffer_append_text(out, "/");
        first = false;
        if (r.failed || i == DEVICE_PATH_NODES) {
            buffer_append_text(out, r.failed ? "?" : "...");
            break;
        }
        put_node(type, subtype, data, out);
    }
    return buffer_check(out);
}
