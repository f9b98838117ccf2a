/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-...: the table, and what its commands share. */
#include "ctl/image.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

enum status
image_begin(struct context *c, const char *platform, struct image_work *w)
{
    *w = (struct image_work){.c = c};
    enum status s = hasher_new(&w->h);
    return s == STATUS_OK ? set_open(c, platform, &w->set, &w->diag) : s;
}

static int
tell_failure(const struct image_work *w, enum status s, const char *path)
{
    if (!path || w->unread) {
        (void)command_fail(s, &w->diag);
        return EXIT_USAGE;
    }
    CLEANUP(buffer_free) struct buffer room = {0};
    char where[48] = "";
    if (!w->by_line || w->diag.offset > 0)
        (void)snprintf(where, sizeof where, "at %s %llu: ", w->by_line ? "line" : "byte",
                       (unsigned long long)w->diag.offset);
    (void)fprintf(stderr, "attestctl: %s: %s%s: %s\n", path, where,
                  w->diag.clause ? w->diag.clause : "image",
                  command_plain(w->diag.text[0] ? w->diag.text : status_name(s), &room));
    return EXIT_USAGE;
}

int
image_end(struct image_work *w, enum status s, const char *path)
{
    if (s == STATUS_OK) {
        path = NULL;
        s = set_add(w->set, &w->list, &w->diag);
    }
    int rc = s == STATUS_OK ? set_write(w->set) : tell_failure(w, s, path);
    measurements_free(&w->list);
    set_free(w->set);
    hasher_free(w->h);
    return rc;
}

enum status
image_load(struct image_work *w, const char *path, struct buffer *out)
{
    enum status s = file_load(path, LIMIT_IMAGE, out, &w->diag);
    w->unread = s != STATUS_OK;
    return s;
}

enum status
image_number(struct image_work *w, const char *option, uint64_t max, uint64_t *value)
{
    const char *text = command_option(w->c, option);
    if (!text || text_parse_u64(text, max, value) == STATUS_OK)
        return STATUS_OK;
    return diag_set(&w->diag, STATUS_INVALID, "reference", 0, "--%s is a number up to %llu", option,
                    (unsigned long long)max);
}

const char *
image_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const struct command image_commands[] = {
    {"reference", "from-efi", "FILE... " SET_ARGUMENTS, 1, 64,
     "expect PE images (shim, GRUB, kernel, drivers) by their Authenticode digests", image_from_efi,
     SET_OPTIONS "role pcr count options"},
    {"reference", "from-uki", "FILE " SET_ARGUMENTS, 1, 1,
     "expect a unified kernel image: itself, its sections, its phases", image_from_uki,
     SET_OPTIONS "stub-version options loader"},
    {"reference", "from-grub", "--root DEVICE=DIR " SET_ARGUMENTS, 0, 0,
     "expect the commands and files of a boot through GRUB", image_from_grub,
     SET_OPTIONS "root prefix begin entry volume set"},
    {"reference", "from-fit", "FILE " SET_ARGUMENTS, 1, 1,
     "expect a FIT that U-Boot boots: kernel and ramdisk", image_from_fit,
     SET_OPTIONS "configuration bootargs"},
    {"reference", "from-bootargs", "TEXT " SET_ARGUMENTS, 1, 1,
     "expect the boot arguments that U-Boot passes on", image_from_bootargs, SET_OPTIONS},
    {"reference", "from-files", "PATH... " SET_ARGUMENTS, 1, 4096,
     "allow files, and those in folders, for IMA; or expect them in a PCR", image_from_files,
     SET_OPTIONS "hash pcr role"},
    {"reference", "from-deb", "FILE... " SET_ARGUMENTS, 1, 4096,
     "allow the files of Debian packages for IMA", image_from_deb, SET_OPTIONS "hash images"},
    {"reference", "from-sums", "FILE... " SET_ARGUMENTS, 1, 4096,
     "allow the files of checksum lists (sha256sum) for IMA", image_from_sums, SET_OPTIONS},
    {"reference", "from-pcrlock", "FILE... " SET_ARGUMENTS, 1, 4096,
     "take over components of systemd-pcrlock; variants of one folder are alternatives",
     image_from_pcrlock, SET_OPTIONS},
    {"reference", "from-keylime", "FILE " SET_ARGUMENTS, 1, 1,
     "take over Keylime's runtime policy, or with --boot its measured-boot reference state",
     image_from_keylime, SET_OPTIONS "boot"},
    {"reference", "from-bundle", "PATH " SET_ARGUMENTS, 1, 1,
     "expect what a RAUC bundle or a SWUpdate image installs", image_from_bundle,
     SET_OPTIONS "unpacked keyring stub-version"},
    {"reference", "from-corim", "FILE " SET_ARGUMENTS, 1, 1,
     "take over the reference values of a CoRIM, signed or not", image_from_corim,
     SET_OPTIONS "signer environment pcr policy perspective label"},
    {"reference", "from-dbx", "FILE... " SET_ARGUMENTS, 1, 64,
     "name what a machine's dbx must hold at least", image_from_dbx, SET_OPTIONS},
};
const size_t image_n_commands = sizeof image_commands / sizeof *image_commands;
