/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl apply: documents that are kept in a directory, brought into force. The plan is made
 * whole, and refused whole, before anything is done; doing it again does nothing. */
#include "appraise/documents.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/remote_json.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE  1024u
#define FILES_MAX  LIMIT_DOCUMENTS
#define OTHERS_MAX LIMIT_DOCUMENTS

enum action { ACTION_NONE, ACTION_ACTIVATE, ACTION_PUT };

struct file {
    char path[PATH_SIZE];
    struct buffer text;
    struct document *document;
    enum action action;
};

/* In force at the verifier, and of no file. */
struct other {
    enum document_kind kind;
    char id[LIMIT_NAME + 1];
    uint64_t version;
};

struct plan {
    struct context *context;
    struct hasher *h;
    size_t n;
    struct file *files;
    size_t n_others;
    struct other *others;
    bool put_only, prune;
};

static void
clear_plan(struct plan *p)
{
    for (size_t i = 0; i < p->n; i++) {
        buffer_free(&p->files[i].text);
        document_free(p->files[i].document);
    }
    free(p->files);
    free(p->others);
    hasher_free(p->h);
}

/* ---- the directory ---- */

static bool
is_document_name(const char *name)
{
    size_t n = strlen(name);
    return name[0] != '.' && n > 5 && text_equal(name + n - 5, ".json");
}

static int
load_file(struct plan *p, const char *directory, const char *name)
{
    struct diag diag = {0};
    struct file *f = &p->files[p->n++];
    (void)snprintf(f->path, sizeof f->path, "%s/%s", directory, name);
    enum status s = file_load(f->path, LIMIT_DOCUMENT, &f->text, &diag);
    if (s != STATUS_OK)
        return command_fail(s, &diag);
    s = document_parse(p->h, buffer_bytes(&f->text), &f->document, &diag);
    return s == STATUS_OK ? EXIT_YES : command_fail_in(f->path, s, &diag);
}

/* Sets and states before the policies that name them; perspectives last, whose signers everything
 * in force must have by then. */
static int
order_files(const void *a, const void *b)
{
    static const int ranks[DOCUMENT_KINDS] = {[DOCUMENT_REFERENCE] = 0,
                                              [DOCUMENT_GENERATIONS] = 1,
                                              [DOCUMENT_POLICY] = 2,
                                              [DOCUMENT_PERSPECTIVE] = 3};
    const struct document_info *left = document_info(((const struct file *)a)->document);
    const struct document_info *right = document_info(((const struct file *)b)->document);
    if (left->kind != right->kind)
        return ranks[left->kind] - ranks[right->kind];
    return text_order(left->id, right->id);
}

static int
check_twice(const struct plan *p)
{
    for (size_t i = 1; i < p->n; i++) {
        if (order_files(&p->files[i - 1], &p->files[i]) != 0)
            continue;
        (void)fprintf(stderr, "attestctl: %s and %s are the same document\n", p->files[i - 1].path,
                      p->files[i].path);
        return EXIT_NO;
    }
    return EXIT_YES;
}

static int
load_directory(struct plan *p, const char *directory)
{
    DIR *d = opendir(directory);
    if (!d)
        return command_fail(
            STATUS_IO, &(struct diag){.clause = "apply", .text = "the directory cannot be read"});
    int rc = EXIT_YES;
    for (const struct dirent *e = readdir(d); rc == EXIT_YES && e; e = readdir(d)) {
        if (!is_document_name(e->d_name))
            continue;
        rc = p->n < FILES_MAX ? load_file(p, directory, e->d_name)
                              : command_fail(STATUS_LIMIT, NULL);
    }
    (void)closedir(d);
    if (rc == EXIT_YES && p->n > 1)
        qsort(p->files, p->n, sizeof *p->files, order_files);
    return rc == EXIT_YES ? check_twice(p) : rc;
}

/* ---- the plan ---- */

static int
refuse_version(const struct file *f, json_int_t version, const char *why)
{
    const struct document_info *info = document_info(f->document);
    (void)fprintf(stderr, "attestctl: %s: %s %s has version %lld already%s: raise the version\n",
                  f->path, document_kind_name(info->kind), info->id, (long long)version, why);
    return EXIT_NO;
}

/* What the verifier has of a document: sets action, or says why it cannot be. Versions only rise: a
 * higher one that is there is a refusal, unless ours is in force all the same. */
static int
plan_against(struct file *f, const json_t *rows)
{
    const struct document_info *info = document_info(f->document);
    char hex[2 * DIGEST_SHA256_SIZE + 1];
    json_int_t highest = 0;
    size_t i;
    json_t *row;
    f->action = ACTION_PUT;
    (void)text_hex(digest_bytes(&info->sha256), hex, sizeof hex);
    json_array_foreach(rows, i, row)
    {
        json_int_t version = json_integer_value(json_object_get(row, "version"));
        if (!text_equal(json_string_value(json_object_get(row, "id")), info->id))
            continue;
        highest = version > highest ? version : highest;
        if ((uint64_t)version != info->version)
            continue;
        if (!text_equal(json_string_value(json_object_get(row, "sha256")), hex))
            return refuse_version(f, version, " with other content");
        f->action = ACTION_ACTIVATE;
        if (!text_equal(json_string_value(json_object_get(row, "state")), "active"))
            continue;
        f->action = ACTION_NONE;
        return EXIT_YES;
    }
    return highest > 0 && (uint64_t)highest > info->version ? refuse_version(f, highest, "")
                                                            : EXIT_YES;
}

/* All versions, page by page. */
static int
list_versions(struct context *c, enum document_kind kind, json_t *rows)
{
    char cursor[160] = "";
    for (;;) {
        char path[256];
        json_auto_t *answer = NULL;
        const char *collection = document_kind_collection(kind);
        (void)snprintf(path, sizeof path, "/v1/%s?limit=500%s%s", collection,
                       cursor[0] != '\0' ? "&cursor=" : "", cursor);
        int rc = remote_call(c, "GET", path, NULL, &answer);
        if (rc != EXIT_YES)
            return rc;
        if (json_array_extend(rows, json_object_get(answer, collection)) != 0)
            return command_fail(STATUS_NOMEM, NULL);
        const char *next = json_string_value(json_object_get(answer, "next"));
        if (!next)
            return EXIT_YES;
        (void)text_copy(cursor, sizeof cursor, next);
    }
}

static bool
has_file(const struct plan *p, enum document_kind kind, const char *id)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct document_info *info = document_info(p->files[i].document);
        if (info->kind == kind && text_equal(info->id, id))
            return true;
    }
    return false;
}

static int
find_others(struct plan *p, enum document_kind kind, const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const char *id = json_string_value(json_object_get(row, "id"));
        if (!text_is_name(id) || has_file(p, kind, id) ||
            !text_equal(json_string_value(json_object_get(row, "state")), "active"))
            continue;
        if (p->n_others == OTHERS_MAX)
            return command_fail(STATUS_LIMIT, NULL);
        struct other *o = &p->others[p->n_others++];
        o->kind = kind;
        o->version = (uint64_t)json_integer_value(json_object_get(row, "version"));
        (void)text_copy(o->id, sizeof o->id, id);
    }
    return EXIT_YES;
}

/* What is left once all else is out of force must do for itself. */
static int
check_alone(const struct plan *p)
{
    struct diag diag = {0};
    CLEANUP(documents_unrefp) struct documents *all = NULL;
    struct document **list = calloc(p->n + 1, sizeof *list);
    enum status s = list ? STATUS_OK : STATUS_NOMEM;
    for (size_t i = 0; s == STATUS_OK && i < p->n; i++)
        s = document_parse(p->h, buffer_bytes(&p->files[i].text), &list[i], &diag);
    if (s == STATUS_OK) {
        s = documents_new(list, p->n, 0, &all, &diag);
    } else {
        for (size_t i = 0; list && i < p->n; i++)
            document_free(list[i]);
    }
    free(list);
    if (s != STATUS_INVALID)
        return s == STATUS_OK ? EXIT_YES : command_fail(s, &diag);
    (void)fprintf(stderr, "attestctl: these documents alone do not go together: %s\n", diag.text);
    return EXIT_NO;
}

static int
make_plan(struct plan *p)
{
    int rc = EXIT_YES;
    for (unsigned kind = 0; rc == EXIT_YES && kind < DOCUMENT_KINDS; kind++) {
        json_auto_t *rows = json_array();
        rc = rows ? list_versions(p->context, (enum document_kind)kind, rows)
                  : command_fail(STATUS_NOMEM, NULL);
        for (size_t i = 0; i < p->n && (rc == EXIT_YES || rc == EXIT_NO); i++) {
            if ((unsigned)document_info(p->files[i].document)->kind != kind)
                continue;
            int one = plan_against(&p->files[i], rows);
            rc = one == EXIT_YES ? rc : one;
        }
        if (rc == EXIT_YES)
            rc = find_others(p, (enum document_kind)kind, rows);
    }
    return rc == EXIT_YES && p->prune ? check_alone(p) : rc;
}

static void
print_others(const struct plan *p)
{
    for (size_t i = 0; i < p->n_others; i++)
        (void)printf("%-16s  %s %s version %llu  (in force, not in the directory)\n",
                     p->prune ? "deactivate" : "left alone", document_kind_name(p->others[i].kind),
                     p->others[i].id, (unsigned long long)p->others[i].version);
}

/* How much there is to do. */
static size_t
print_plan(const struct plan *p)
{
    static const char *const words[] = {"unchanged", "activate", "put and activate"};
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct file *f = &p->files[i];
        const struct document_info *info = document_info(f->document);
        bool does = f->action == ACTION_PUT || (f->action == ACTION_ACTIVATE && !p->put_only);
        const char *word = p->put_only && f->action == ACTION_PUT ? "put" : words[f->action];
        n += does;
        (void)printf("%-16s  %s %s version %llu  (%s)\n", does ? word : "unchanged",
                     document_kind_name(info->kind), info->id, (unsigned long long)info->version,
                     f->path);
    }
    print_others(p);
    return n + (p->prune ? p->n_others : 0);
}

/* ---- doing it ---- */

static int
put(struct plan *p, const struct file *f)
{
    CLEANUP(client_answer_clear) struct client_answer answer = {0};
    char path[64];
    (void)snprintf(path, sizeof path, "/v1/%s",
                   document_kind_collection(document_info(f->document)->kind));
    struct client_request request = {
        .method = "POST", .path = path, .type = "application/json", .body = buffer_bytes(&f->text)};
    return remote_bytes(p->context, &request, &answer);
}

static int
activate(struct plan *p, const struct file *f)
{
    const struct document_info *info = document_info(f->document);
    json_auto_t *answer = NULL;
    json_auto_t *body = json_pack("{s:I}", "version", (json_int_t)info->version);
    char path[192];
    (void)snprintf(path, sizeof path, "/v1/%s/%s/activation", document_kind_collection(info->kind),
                   info->id);
    int rc = body ? remote_call(p->context, "POST", path, body, &answer)
                  : command_fail(STATUS_NOMEM, NULL);
    remote_warn(answer);
    return rc;
}

/* What names another comes out of force before it: policies, then states and sets; perspectives
 * last, so that what they ask for holds until everything else is done. */
static int
deactivate_others(struct plan *p)
{
    static const enum document_kind order[] = {DOCUMENT_POLICY, DOCUMENT_GENERATIONS,
                                               DOCUMENT_REFERENCE, DOCUMENT_PERSPECTIVE};
    int rc = EXIT_YES;
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        for (size_t i = 0; rc == EXIT_YES && i < p->n_others; i++) {
            if (p->others[i].kind != order[k])
                continue;
            json_auto_t *answer = NULL;
            char path[192];
            (void)snprintf(path, sizeof path, "/v1/%s/%s/deactivation",
                           document_kind_collection(order[k]), p->others[i].id);
            json_auto_t *body = json_object();
            rc = body ? remote_call(p->context, "POST", path, body, &answer)
                      : command_fail(STATUS_NOMEM, NULL);
            if (rc != EXIT_YES)
                (void)fprintf(stderr, "attestctl: stopped at %s %s; apply again to go on\n",
                              document_kind_name(order[k]), p->others[i].id);
        }
    }
    return rc;
}

static int
carry_out(struct plan *p)
{
    int rc = EXIT_YES;
    for (size_t i = 0; rc == EXIT_YES && i < p->n; i++) {
        if (p->files[i].action == ACTION_PUT)
            rc = put(p, &p->files[i]);
    }
    for (size_t i = 0; !p->put_only && rc == EXIT_YES && i < p->n; i++) {
        if (p->files[i].action != ACTION_NONE)
            rc = activate(p, &p->files[i]);
        if (rc != EXIT_YES)
            (void)fprintf(stderr, "attestctl: stopped at %s; apply again to go on\n",
                          p->files[i].path);
    }
    return rc == EXIT_YES && p->prune ? deactivate_others(p) : rc;
}

static int
run_apply(struct context *c)
{
    CLEANUP(clear_plan) struct plan p = {.context = c};
    p.put_only = command_option(c, "put-only") != NULL;
    p.prune = command_option(c, "prune") != NULL;
    if (p.put_only && p.prune)
        return command_fail(STATUS_INVALID,
                            &(struct diag){.clause = "--prune",
                                           .text = "--put-only changes nothing that is in force"});
    p.files = calloc(FILES_MAX, sizeof *p.files);
    p.others = calloc(OTHERS_MAX, sizeof *p.others);
    enum status s = p.files && p.others ? hasher_new(&p.h) : STATUS_NOMEM;
    if (s != STATUS_OK)
        return command_fail(s, NULL);
    int rc = load_directory(&p, c->arguments[0]);
    if (rc == EXIT_YES)
        rc = make_plan(&p);
    if (rc != EXIT_YES)
        return rc;
    size_t n = print_plan(&p);
    if (command_option(c, "dry-run"))
        return n > 0 ? EXIT_NO : EXIT_YES;
    return carry_out(&p);
}

const struct command apply_commands[] = {
    {"apply", "", "DIR [--dry-run] [--prune | --put-only]", 1, 1,
     "bring the documents of a directory into force", run_apply,
     COMMAND_REMOTE "dry-run prune put-only"},
};
const size_t apply_n_commands = sizeof apply_commands / sizeof *apply_commands;
