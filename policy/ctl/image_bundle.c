/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-bundle: what the files of an update bundle measure once they are
 * installed. A file that is not what the manifest states ends it. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/image.h"
#include "image/cms.h"
#include "image/fit.h"
#include "image/members.h"
#include "image/raucm.h"
#include "image/squash.h"
#include "image/swdescription.h"
#include "image/uki.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define CLAUSE      "bundle"
#define PCR_IMAGE   4u
#define MAX_KEYRING (1024u * 1024u)
#define MAX_HASH    128u /* hex digits of a root hash, with what is around them */
#define MANIFEST    "manifest.raucm"
#define DESCRIPTION "sw-description"
#define SIGNATURE   "sw-description.sig"

struct bundle_work {
    struct image_work w;
    struct artifacts *list;
    struct leftovers leftovers;
    bool must_state; /* the signature covers the manifest alone: its digests bind the files */
    char at[ARTIFACT_NAME_SIZE]; /* the file that is looked into; "": none */
};

static enum status
refuse(struct bundle_work *b, const char *what)
{
    return diag_set(&b->w.diag, STATUS_INVALID, CLAUSE, 0, "%s", what);
}

/* ---- who signed ---- */

/* content.data NULL: what is signed stands in the signature. */
static enum status
check_signature(struct bundle_work *b, struct bytes cms, struct bytes content)
{
    CLEANUP(buffer_free) struct buffer keyring = {0};
    const char *path = command_option(b->w.c, "keyring");
    bool valid = false;
    if (!path)
        return set_tell(b->w.set, "THE SIGNATURE WAS NOT CHECKED: --keyring names certificates");
    enum status s = file_load(path, MAX_KEYRING, &keyring, &b->w.diag);
    b->w.unread = s != STATUS_OK;
    if (s == STATUS_OK)
        s = cms_verify(cms, content, buffer_bytes(&keyring), (int64_t)time(NULL), &valid,
                       &b->w.diag);
    if (s == STATUS_OK && !valid)
        return STATUS_INVALID; /* diag says why */
    return s == STATUS_OK ? set_tell(b->w.set, "signed by a certificate that leads to %s", path)
                          : s;
}

static enum status
check_unsigned(struct bundle_work *b)
{
    if (command_option(b->w.c, "keyring"))
        return refuse(b, "it is not signed, and --keyring asks for a signature");
    return set_tell(b->w.set, "it is not signed: whose word it is, only you know");
}

/* ---- what a file measures ---- */

static enum status
add_pe(struct bundle_work *b, const struct pe *pe, const char *name)
{
    struct measurement m = measurement_of(PCR_IMAGE, image_role(name), bytes_of_text(name));
    enum status s = set_platform(b->w.set, "pc");
    for (size_t i = 0; s == STATUS_OK && i < MEASUREMENT_N_ALGS; i++)
        s = pe_digest(b->w.h, pe, measurement_alg(i), &m.digests[i]);
    return s == STATUS_OK ? measurements_add(&b->w.list, &m) : s;
}

static enum status
add_uki(struct bundle_work *b, struct bytes content, const char *name)
{
    struct uki_options options = {0};
    struct uki_notes notes = {0};
    uint64_t version = 0;
    size_t before = b->w.list.n;
    enum status s = image_number(&b->w, "stub-version", 9999, &version);
    options.stub_version = (unsigned)version;
    if (s == STATUS_OK)
        s = uki_measure(b->w.h, content, &options, &b->w.list, &notes, &b->w.diag);
    if (s == STATUS_UNSUPPORTED) {
        b->w.list.n = before;
        leftovers_add(&b->leftovers, "%s: a unified kernel image that cannot be followed: %s", name,
                      b->w.diag.text);
        return STATUS_OK;
    }
    if (s == STATUS_OK)
        s = set_platform(b->w.set, "pc");
    return s == STATUS_OK ? image_tell_uki(&b->w, &notes) : s;
}

static enum status
add_image(struct bundle_work *b, struct bytes content, const char *name)
{
    struct pe pe;
    enum status s = pe_parse(content, &pe, &b->w.diag);
    if (s != STATUS_OK)
        return s;
    return pe_find(&pe, ".linux") ? add_uki(b, content, name) : add_pe(b, &pe, name);
}

static bool
is_fit(struct bytes content)
{
    return bytes_equal(bytes_slice(content, 0, 4), bytes_of("\xd0\x0d\xfe\xed", 4));
}

static enum status
add_fit(struct bundle_work *b, struct bytes content)
{
    struct fit_found found = {0};
    enum status s = fit_measure(b->w.h, content, NULL, &b->w.list, &found, &b->w.diag);
    if (s == STATUS_OK)
        s = set_platform(b->w.set, "uboot-fit");
    return s == STATUS_OK ? image_tell_fit(&b->w, &found) : s;
}

/* The root hash of a dm-verity tree, as veritysetup and systemd-repart write it beside an image. */
static bool
is_root_hash(const char *name, struct bytes content, char out[static MAX_HASH + 1])
{
    CLEANUP(buffer_free) struct buffer value = {0};
    const char *dot = strrchr(name, '.');
    if (!dot || !text_equal(dot, ".roothash") || content.size == 0 || content.size > MAX_HASH)
        return false;
    memcpy(out, content.data, content.size);
    out[content.size] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return out[0] != '\0' && text_parse_hex(out, &value) == STATUS_OK;
}

static enum status
look_into(struct bundle_work *b, const struct artifact *a, struct bytes content)
{
    char root_hash[MAX_HASH + 1];
    if (pe_is(content))
        return add_image(b, content, a->name);
    if (is_fit(content))
        return add_fit(b, content);
    if (is_root_hash(a->name, content, root_hash))
        return set_tell(b->w.set, "%s: root hash for the rule verity of a policy: %s", a->name,
                        root_hash);
    if (!a->is_file)
        leftovers_add(&b->leftovers, "%s: no PE image and no FIT: what is in it was not looked at",
                      a->name);
    return STATUS_OK;
}

/* A file that is installed as it is may be measured by IMA. */
static enum status
add_file(struct bundle_work *b, const struct artifact *a, const struct digest *digest)
{
    char hex[2 * ALG_MAX_SIZE + 1];
    enum status s =
        set_tell(b->w.set, "%s (%s): sha256:%s, %s", a->name, a->role,
                 text_hex(digest_bytes(digest), hex, sizeof hex),
                 a->stated.size > 0 ? "as the manifest states" : "the manifest states none");
    return s == STATUS_OK && a->is_file ? set_add_file(b->w.set, digest) : s;
}

static const struct artifact *
find(const struct artifacts *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++) {
        if (text_equal(list->items[i].name, name))
            return &list->items[i];
    }
    return NULL;
}

/* Every entry of this name states its digest. */
static bool
all_stated(const struct artifacts *list, const char *name)
{
    bool all = true;
    for (size_t i = 0; i < list->n; i++)
        all = all && (!text_equal(list->items[i].name, name) || list->items[i].stated.size > 0);
    return all;
}

static enum status
visit(struct bundle_work *b, const char *name, struct bytes content)
{
    struct digest digest;
    size_t n = 0;
    const struct artifact *a = find(b->list, name);
    char shown[ARTIFACT_NAME_SIZE];
    if (!a) {
        leftovers_add(&b->leftovers, "%s: a file that the manifest does not name",
                      text_escape(bytes_of_text(name), shown, sizeof shown));
        return STATUS_OK;
    }
    if (a->seen)
        return refuse(b, "a file stands in it twice");
    if (b->must_state && !all_stated(b->list, name))
        return diag_set(&b->w.diag, STATUS_INVALID, CLAUSE, 0,
                        "%s: the signed manifest states no sha256, so nothing binds it", name);
    enum status s = artifacts_compare(b->list, b->w.h, name, content, &n, &b->w.diag);
    if (s == STATUS_OK)
        s = digest_compute(b->w.h, ALG_SHA256, content, &digest);
    for (size_t i = 0; s == STATUS_OK && i < b->list->n; i++) {
        if (text_equal(b->list->items[i].name, name))
            s = add_file(b, &b->list->items[i], &digest);
    }
    if (s != STATUS_OK)
        return s;
    (void)text_copy(b->at, sizeof b->at, name);
    s = look_into(b, a, content);
    if (s == STATUS_OK)
        b->at[0] = '\0';
    return s;
}

static enum status
check_all_seen(struct bundle_work *b)
{
    for (size_t i = 0; i < b->list->n; i++) {
        if (!b->list->items[i].seen)
            return diag_set(&b->w.diag, STATUS_INVALID, CLAUSE, 0,
                            "%s: the manifest names it, and it is not there",
                            b->list->items[i].name);
    }
    return STATUS_OK;
}

/* ---- RAUC ---- */

/* Where the files of a bundle are. */
struct source {
    const char *directory; /* NULL: in the squashfs */
    struct squash *squash;
};

static enum status
load_in(struct bundle_work *b, const struct source *from, const char *name, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    if (!from->directory)
        return squash_read(from->squash, name, out, &b->w.diag);
    buffer_append_format(&path, "%s/%s", from->directory, name);
    const char *text = buffer_text(&path);
    return text ? image_load(&b->w, text, out) : STATUS_NOMEM;
}

static void
leave_other(struct bundle_work *b, const char *name)
{
    char shown[ARTIFACT_NAME_SIZE];
    if (!text_equal(name, MANIFEST) && !find(b->list, name))
        leftovers_add(&b->leftovers, "%s: a file that the manifest does not name",
                      text_escape(bytes_of_text(name), shown, sizeof shown));
}

static int
is_entry(const struct dirent *e)
{
    return !text_equal(e->d_name, ".") && !text_equal(e->d_name, "..");
}

static enum status
leave_others(struct bundle_work *b, const struct source *from)
{
    struct dirent **names = NULL;
    char name[SQUASH_NAME_SIZE];
    bool more = !from->directory;
    enum status s = STATUS_OK;
    int n = from->directory ? scandir(from->directory, &names, is_entry, alphasort) : 0;
    for (int i = 0; i < n; i++) {
        leave_other(b, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    if (n < 0)
        return diag_set(&b->w.diag, STATUS_IO, CLAUSE, 0, "--unpacked is no folder");
    while (more) {
        s = squash_next(from->squash, name, &more, &b->w.diag);
        if (s != STATUS_OK)
            return s;
        if (more)
            leave_other(b, name);
    }
    return s;
}

static enum status
read_images(struct bundle_work *b, const struct source *from)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < b->list->n; i++) {
        CLEANUP(buffer_free) struct buffer content = {0};
        if (b->list->items[i].seen)
            continue;
        s = load_in(b, from, b->list->items[i].name, &content);
        if (s == STATUS_OK)
            s = visit(b, b->list->items[i].name, buffer_bytes(&content));
    }
    return s == STATUS_OK ? leave_others(b, from) : s;
}

/* signed_text: the manifest in the signature; none: that among the files. */
static enum status
read_bundle(struct bundle_work *b, const struct source *from, const struct buffer *signed_text)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(raucm_free) struct raucm manifest = {0};
    enum status s = STATUS_OK;
    if (!signed_text)
        s = load_in(b, from, MANIFEST, &text);
    if (s == STATUS_OK)
        s = raucm_parse(buffer_bytes(signed_text ? signed_text : &text), &manifest, &b->leftovers,
                        &b->w.diag);
    if (s == STATUS_OK && signed_text && manifest.format == RAUCM_PLAIN)
        s = refuse(b, "a bundle in the plain format whose manifest is in the signature");
    b->list = &manifest.images;
    return s == STATUS_OK ? read_images(b, from) : s;
}

/* A squashfs, the signature, and its size in 8 bytes. [RAUC, "Bundle Formats"] */
static enum status
split_packed(struct bundle_work *b, struct bytes file, struct bytes *image, struct bytes *cms)
{
    uint64_t size = 0;
    struct bytes trailer = bytes_slice(file, file.size - 8, 8);
    for (size_t i = 0; i < trailer.size; i++)
        size = size << 8 | trailer.data[i];
    if (size == 0 || size > file.size - 8)
        return refuse(b, "no signature behind it: no packed RAUC bundle");
    *image = bytes_slice(file, 0, file.size - 8 - (size_t)size);
    *cms = bytes_slice(file, image->size, (size_t)size);
    return STATUS_OK;
}

static bool
is_squash(struct bytes file)
{
    return file.size > 8 && bytes_equal(bytes_slice(file, 0, 4), bytes_of("hsqs", 4));
}

static enum status
open_squash(struct bundle_work *b, struct bytes image, struct squash **out)
{
    char why[sizeof b->w.diag.text];
    enum status s = squash_open(image, out, &b->w.diag);
    if (s == STATUS_OK || s == STATUS_MALFORMED || s == STATUS_NOMEM)
        return s;
    (void)text_copy(why, sizeof why, b->w.diag.text);
    return diag_set(&b->w.diag, s, CLAUSE, 0,
                    "%.60s: or unpack it (unsquashfs -d DIR FILE) and give --unpacked DIR", why);
}

static enum status
read_packed(struct bundle_work *b, struct bytes file)
{
    CLEANUP(buffer_free) struct buffer manifest = {0};
    CLEANUP(squash_freep) struct squash *squash = NULL;
    struct source from = {.directory = command_option(b->w.c, "unpacked")};
    struct bytes image = {0};
    struct bytes cms = {0};
    bool inside = false;
    enum status s = split_packed(b, file, &image, &cms);
    if (s == STATUS_OK)
        s = cms_content(cms, &inside, &manifest, &b->w.diag);
    if (s == STATUS_OK)
        s = check_signature(b, cms, inside ? (struct bytes){0} : image);
    b->must_state = inside && command_option(b->w.c, "keyring");
    if (s == STATUS_OK && !from.directory)
        s = open_squash(b, image, &squash);
    if (s == STATUS_OK && !inside && from.directory)
        s = set_tell(b->w.set,
                     "plain format: the signature is over the packed bundle; that %s is "
                     "what is in it is your word",
                     from.directory);
    from.squash = squash;
    return s == STATUS_OK ? read_bundle(b, &from, inside ? &manifest : NULL) : s;
}

/* ---- SWUpdate ---- */

/* The next member's name and content; *more is false at the end. */
static enum status
next_file(struct bundle_work *b, struct members *m, char name[static ARTIFACT_NAME_SIZE],
          struct buffer *content, bool *more)
{
    struct member member = {0};
    for (;;) {
        enum status s = members_next(m, &member, more, &b->w.diag);
        if (s != STATUS_OK || !*more)
            return s;
        if (!member.path || !text_copy(name, ARTIFACT_NAME_SIZE, member.path))
            return refuse(b, "a member without a name, or with one that is too long");
        if (member.is_file)
            return members_read(m, content, &b->w.diag);
        leftovers_add(&b->leftovers, "a member that is no regular file");
    }
}

static enum status
read_artifacts(struct bundle_work *b, struct members *m, char name[static ARTIFACT_NAME_SIZE],
               struct buffer *content, bool more)
{
    enum status s = STATUS_OK;
    while (s == STATUS_OK && more) {
        s = visit(b, name, buffer_bytes(content));
        if (s == STATUS_OK)
            s = next_file(b, m, name, content, &more);
    }
    return s == STATUS_OK ? check_all_seen(b) : s;
}

static enum status
read_swupdate(struct bundle_work *b, struct bytes file)
{
    CLEANUP(members_freep) struct members *m = NULL;
    CLEANUP(buffer_free) struct buffer description = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    CLEANUP(artifacts_free) struct artifacts list = {0};
    char name[ARTIFACT_NAME_SIZE] = "";
    bool more = false;
    enum status s = members_open(MEMBERS_CPIO, file, &m, &b->w.diag);
    b->w.unread = s == STATUS_NOT_FOUND;
    if (s == STATUS_OK)
        s = next_file(b, m, name, &description, &more);
    if (s == STATUS_OK && (!more || !text_equal(name, DESCRIPTION)))
        s = refuse(b, "its first member is not " DESCRIPTION);
    if (s == STATUS_OK)
        s = next_file(b, m, name, &content, &more);
    bool is_signed = s == STATUS_OK && more && text_equal(name, SIGNATURE);
    b->must_state = is_signed && command_option(b->w.c, "keyring");
    if (s == STATUS_OK)
        s = is_signed ? check_signature(b, buffer_bytes(&content), buffer_bytes(&description))
                      : check_unsigned(b);
    if (s == STATUS_OK && is_signed)
        s = next_file(b, m, name, &content, &more);
    if (s == STATUS_OK)
        s = swdescription_parse(buffer_bytes(&description), &list, &b->leftovers, &b->w.diag);
    b->list = &list;
    return s == STATUS_OK ? read_artifacts(b, m, name, &content, more) : s;
}

/* ---- the command ---- */

static enum status
read_file(struct bundle_work *b, const char *path)
{
    CLEANUP(buffer_free) struct buffer file = {0};
    enum status s = image_load(&b->w, path, &file);
    if (s != STATUS_OK)
        return s;
    struct bytes in = buffer_bytes(&file);
    /* In the format crypt nothing shows what the bytes are. */
    if (is_squash(in) || (command_option(b->w.c, "unpacked") && in.size > 8))
        return read_packed(b, in);
    if (bytes_equal(bytes_slice(in, 0, 5), bytes_of("07070", 5)) && in.size > 5 &&
        (in.data[5] == '1' || in.data[5] == '2'))
        return read_swupdate(b, in);
    return refuse(
        b, "no RAUC bundle (squashfs), no folder of one and no SWUpdate image (cpio); a bundle in "
           "the format crypt wants --unpacked");
}

static enum status
run(struct bundle_work *b, const char *path)
{
    struct stat st;
    enum status s = STATUS_OK;
    b->w.by_line = true;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        const struct source from = {.directory = path};
        s = check_unsigned(b);
        if (s == STATUS_OK && command_option(b->w.c, "unpacked"))
            s = refuse(b, "--unpacked goes with a packed bundle");
        if (s == STATUS_OK)
            s = read_bundle(b, &from, NULL);
    } else {
        s = read_file(b, path);
    }
    b->list = NULL;
    if (s == STATUS_OK && b->w.list.n == 0 && set_is_empty(b->w.set))
        s = refuse(b, "nothing in it that a boot or IMA is known to measure (see the notes)");
    enum status told = image_tell_leftovers(b->w.set, &b->leftovers);
    if (s != STATUS_OK)
        set_print_notes(b->w.set);
    return s == STATUS_OK ? told : s;
}

int
image_from_bundle(struct context *c)
{
    struct bundle_work b = {0};
    const char *path = c->arguments[0];
    enum status s = image_begin(c, NULL, &b.w);
    if (s == STATUS_OK)
        s = run(&b, path);
    if (s != STATUS_OK && b.at[0] != '\0') {
        path = b.at;
        b.w.by_line = false; /* a place in that file */
    }
    int rc = image_end(&b.w, s, path);
    leftovers_free(&b.leftovers);
    return rc;
}
