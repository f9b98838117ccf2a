/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-corim: values of PCRs as a policy's rule, since a reference set holds
 * events; digests of other things as components of a PCR that the operator names. */
#include "appraise/documents.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/image.h"
#include "ctl/remote_json.h"
#include "image/corim.h"

#include <jansson.h>

#define CLAUSE  "reference"
#define MAX_KEY (16u * 1024u)

struct corim_work {
    struct image_work w;
    struct buffer file;
    struct corim corim;
    struct leftovers leftovers;
    size_t environment; /* the one taken */
    size_t n_pcrs;      /* values put into the policy */
};

static void
end_work(struct corim_work *k)
{
    corim_free(&k->corim);
    buffer_free(&k->file);
    leftovers_free(&k->leftovers);
}

/* A refusal that is not about a place in the file. */
static enum status
refuse(struct corim_work *k, const char *text)
{
    k->w.unread = true;
    return diag_set(&k->w.diag, STATUS_INVALID, CLAUSE, 0, "%s", text);
}

/* ---- who signed ---- */

static enum status
verify(struct corim_work *k, const char *signer)
{
    CLEANUP(buffer_free) struct buffer pem = {0};
    bool by = false;
    k->w.unread = true;
    enum status s = file_load(signer, MAX_KEY, &pem, &k->w.diag);
    if (s == STATUS_OK)
        s = cose_verify(k->w.h, &k->corim.cose, buffer_bytes(&pem), &by, &k->w.diag);
    if (s == STATUS_OK && !by)
        s = refuse(k, "the signature is not by the key of --signer: nothing is taken from it");
    k->w.unread = s != STATUS_OK;
    return s == STATUS_OK ? set_tell(k->w.set, "signed (%s) by the key in %s",
                                     cose_alg_name(k->corim.cose.alg), signer)
                          : s;
}

static enum status
check_signature(struct corim_work *k)
{
    const char *signer = command_option(k->w.c, "signer");
    if (!k->corim.is_signed && signer)
        return refuse(k, "it is not signed, and --signer asks for a signature");
    if (!k->corim.is_signed)
        return set_tell(k->w.set, "it is not signed: whose word it is, only you know");
    if (!signer)
        return set_tell(k->w.set, "THE SIGNATURE WAS NOT CHECKED: --signer names the key");
    return verify(k, signer);
}

/* ---- which environment ---- */

static const char *
text_or_unnamed(const char *text)
{
    return text[0] == '\0' ? "(unnamed)" : text;
}

static void
print_environments(const struct corim *c)
{
    for (size_t i = 0; i < c->n_environments; i++) {
        const struct corim_environment *e = &c->environments[i];
        (void)fprintf(stderr,
                      "attestctl: environment %zu: vendor %s, model %s: %zu values of PCRs, %zu "
                      "other digests\n",
                      i + 1, text_or_unnamed(e->vendor), text_or_unnamed(e->model), e->n_pcrs,
                      e->n_digests);
    }
}

static size_t
count_used(const struct corim *c, size_t *last)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_environments; i++) {
        if (c->environments[i].n_pcrs + c->environments[i].n_digests == 0)
            continue;
        *last = i;
        n++;
    }
    return n;
}

static enum status
choose_environment(struct corim_work *k)
{
    uint64_t chosen = 0;
    enum status s = image_number(&k->w, "environment", k->corim.n_environments, &chosen);
    size_t n = count_used(&k->corim, &k->environment);
    if (s != STATUS_OK)
        return refuse(k, "--environment: there is none of this number");
    if (command_option(k->w.c, "environment")) {
        if (chosen == 0)
            return refuse(k, "--environment counts from 1");
        k->environment = (size_t)chosen - 1;
        return STATUS_OK;
    }
    if (n > 1)
        print_environments(&k->corim);
    if (n > 1)
        return refuse(k, "values of several environments are not of one device: choose with "
                         "--environment");
    return n == 1 ? STATUS_OK : refuse(k, "it has no digest that could be taken over");
}

/* ---- what is taken ---- */

static enum status
take_digests(struct corim_work *k)
{
    const char *option = command_option(k->w.c, "pcr");
    const struct corim_environment *e = &k->corim.environments[k->environment];
    uint64_t pcr = 0;
    enum status s = image_number(&k->w, "pcr", LIMIT_PCRS - 1, &pcr);
    for (size_t i = 0; s == STATUS_OK && i < k->corim.n_items; i++) {
        struct corim_item *item = &k->corim.items[i];
        if (item->environment != k->environment || item->is_pcr)
            continue;
        if (!option) {
            leftovers_add(&k->leftovers, "digest of %s: --pcr names the PCR that it is measured in",
                          item->m.role);
            continue;
        }
        item->m.pcr = (uint32_t)pcr;
        s = measurements_add(&k->w.list, &item->m);
    }
    if (s == STATUS_OK && e->n_pcrs > 0 && !command_option(k->w.c, "policy"))
        leftovers_add(&k->leftovers,
                      "%zu values of PCRs: --policy writes them as a policy's rule pcrs",
                      e->n_pcrs);
    return s;
}

static void
leave_others(struct corim_work *k)
{
    for (size_t i = 0; i < k->corim.n_environments; i++) {
        const struct corim_environment *e = &k->corim.environments[i];
        if (i == k->environment || e->n_pcrs + e->n_digests == 0)
            continue;
        leftovers_add(&k->leftovers,
                      "environment %zu (vendor %s, model %s): %zu values of PCRs and %zu other "
                      "digests",
                      i + 1, text_or_unnamed(e->vendor), text_or_unnamed(e->model), e->n_pcrs,
                      e->n_digests);
    }
}

/* ---- the policy ---- */

/* object[key], made as text says when it is not there. */
static json_t *
member(json_t *object, const char *key, json_t *(*make)(void))
{
    json_t *value = json_object_get(object, key);
    if (!value && json_object_set_new(object, key, make()) == 0)
        value = json_object_get(object, key);
    return value;
}

static bool
has_text(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (text_equal(json_string_value(json_array_get(list, i)), text))
            return true;
    }
    return false;
}

/* A value of a PCR into values[bank][PCR], and the PCR into quote[bank]. */
static bool
put_value(json_t *values, json_t *quote, uint32_t pcr, const struct digest *digest)
{
    char hex[2 * ALG_MAX_SIZE + 1];
    char number[4];
    (void)snprintf(number, sizeof number, "%u", pcr & 0xFFu);
    (void)text_hex(digest_bytes(digest), hex, sizeof hex);
    json_t *bank = member(values, alg_name(digest->alg), json_object);
    bool first = bank && !json_object_get(bank, number);
    json_t *list = member(bank, number, json_array);
    if (!list || (!has_text(list, hex) && json_array_append_new(list, json_string(hex)) != 0))
        return false;
    json_t *quoted = member(quote, alg_name(digest->alg), json_array);
    return quoted && (!first || json_array_append_new(quoted, json_integer(pcr)) == 0);
}

static enum status
put_values(struct corim_work *k, json_t *values, json_t *quote)
{
    for (size_t i = 0; i < k->corim.n_items; i++) {
        const struct corim_item *item = &k->corim.items[i];
        if (item->environment != k->environment || !item->is_pcr)
            continue;
        for (size_t a = 0; a < MEASUREMENT_N_ALGS; a++) {
            if (item->m.digests[a].size == 0)
                continue;
            if (!put_value(values, quote, item->m.pcr, &item->m.digests[a]))
                return STATUS_NOMEM;
            k->n_pcrs++;
        }
    }
    return k->n_pcrs > 0 ? STATUS_OK : refuse(k, "--policy: there is no value of a PCR");
}

/* --label, or else the class's vendor and model. */
static enum status
choose_labels(struct corim_work *k, json_t **out)
{
    const struct corim_environment *e = &k->corim.environments[k->environment];
    json_auto_t *labels = remote_labels(k->w.c);
    if (!labels)
        return refuse(k, "--label is KEY=VALUE");
    bool ok = true;
    if (json_object_size(labels) == 0) {
        if (e->vendor[0] == '\0' && e->model[0] == '\0')
            return refuse(k, "no vendor or model of a class says which devices the values are of: "
                             "use --label");
        ok = e->vendor[0] == '\0' ||
             json_object_set_new(labels, "vendor", json_string(e->vendor)) == 0;
        ok = ok && (e->model[0] == '\0' ||
                    json_object_set_new(labels, "model", json_string(e->model)) == 0);
    }
    *out = ok ? json_incref(labels) : NULL;
    return ok ? STATUS_OK : STATUS_NOMEM;
}

static enum status
encode_policy(struct corim_work *k, json_t *policy, struct buffer *text)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(document_freep) struct document *d = NULL;
    CLEANUP(free_charp) char *json = json_dumps(policy, JSON_INDENT(1));
    if (!json)
        return STATUS_NOMEM;
    buffer_append_text(text, json);
    buffer_append_text(text, "\n");
    enum status s = buffer_check(text);
    if (s == STATUS_OK)
        s = hasher_new(&h);
    /* What is written is what the verifier takes. */
    if (s == STATUS_OK)
        s = document_parse(h, buffer_bytes(text), &d, &k->w.diag);
    k->w.unread = s != STATUS_OK;
    return s;
}

static enum status
make_policy(struct corim_work *k, const char *path)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct context *c = k->w.c;
    const char *perspective = command_option(c, "perspective");
    const char *id = command_option(c, "id");
    uint64_t version = 0;
    json_auto_t *values = json_object();
    json_auto_t *quote = json_object();
    json_auto_t *labels = NULL;
    enum status s = image_number(&k->w, "version", INT64_MAX, &version);
    if (s != STATUS_OK || !id || version == 0)
        return refuse(k, "--policy needs --id and --version");
    s = values && quote ? put_values(k, values, quote) : STATUS_NOMEM;
    if (s == STATUS_OK)
        s = choose_labels(k, &labels);
    if (s != STATUS_OK)
        return s;
    json_auto_t *policy = json_pack("{s:s, s:s, s:I, s:s, s:{s:O}, s:O, s:{s:O}}", "type", "policy",
                                    "id", id, "version", (json_int_t)version, "perspective",
                                    perspective ? perspective : "owner", "select", "labels", labels,
                                    "quote", quote, "pcrs", "values", values);
    s = policy ? encode_policy(k, policy, &text) : STATUS_NOMEM;
    return s == STATUS_OK ? set_add_policy(k->w.set, path, buffer_bytes(&text)) : s;
}

/* ---- the command ---- */

static enum status
take(struct corim_work *k)
{
    const char *policy = command_option(k->w.c, "policy");
    enum status s = choose_environment(k);
    if (s == STATUS_OK)
        s = take_digests(k);
    if (s == STATUS_OK && policy)
        s = make_policy(k, policy);
    if (s != STATUS_OK)
        return s;
    leave_others(k);
    if (k->w.list.n == 0 && k->n_pcrs == 0)
        return refuse(k, "nothing was taken over (see the notes)");
    return STATUS_OK;
}

static enum status
run(struct corim_work *k, const char *path)
{
    enum status s = image_load(&k->w, path, &k->file);
    if (s == STATUS_OK)
        s = corim_open(buffer_bytes(&k->file), &k->corim, &k->leftovers, &k->w.diag);
    if (s == STATUS_OK)
        s = check_signature(k);
    if (s == STATUS_OK)
        s = corim_read(&k->corim, &k->leftovers, &k->w.diag);
    if (s != STATUS_OK)
        return s;
    s = take(k);
    /* Told also when nothing was taken: it is why. */
    enum status told = image_tell_leftovers(k->w.set, &k->leftovers);
    if (s != STATUS_OK)
        set_print_notes(k->w.set);
    return s == STATUS_OK ? told : s;
}

int
image_from_corim(struct context *c)
{
    CLEANUP(end_work) struct corim_work k = {0};
    enum status s = image_begin(c, NULL, &k.w);
    if (s == STATUS_OK)
        s = run(&k, c->arguments[0]);
    return image_end(&k.w, s, c->arguments[0]);
}
