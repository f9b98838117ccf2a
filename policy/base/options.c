/* SPDX-License-Identifier: Apache-2.0 */
/* from: argv and a table; to: named values; never: exits, guesses or abbreviates. */
#include "base/options.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define CLAUSE      "options"
#define HELP_COLUMN 28 /* where the help texts begin */

struct walk {
    char *const *argv;
    size_t argc;
    size_t at;
    const struct option_spec *specs;
    size_t n_specs;
    struct diag *diag;
};

static const struct option_spec *
find_spec(const struct walk *w, struct bytes name)
{
    for (size_t i = 0; i < w->n_specs; i++) {
        if (bytes_equal(bytes_of_text(w->specs[i].name), name))
            return &w->specs[i];
    }
    return NULL;
}

static enum status
add_value(const struct walk *w, const struct option_spec *spec, const char *value,
          struct options *out)
{
    if (!spec->many && options_get(out, spec->name))
        return diag_set(w->diag, STATUS_INVALID, CLAUSE, 0, "--%s given twice", spec->name);
    out->values[out->n_values++] = (struct option_value){.name = spec->name, .value = value};
    return STATUS_OK;
}

/* name is what stands between the dashes and "=" or the end; value what follows "=", or NULL. */
static enum status
take_option(struct walk *w, struct bytes name, const char *value, struct options *out)
{
    const struct option_spec *spec = find_spec(w, name);
    if (!spec)
        return diag_set(w->diag, STATUS_INVALID, CLAUSE, 0, "unknown option %s", w->argv[w->at]);
    if (!spec->argument && value)
        return diag_set(w->diag, STATUS_INVALID, CLAUSE, 0, "--%s takes no value", spec->name);
    if (!spec->argument)
        return add_value(w, spec, "", out);
    if (!value && w->at + 1 == w->argc)
        return diag_set(w->diag, STATUS_INVALID, CLAUSE, 0, "--%s needs %s", spec->name,
                        spec->argument);
    return add_value(w, spec, value ? value : w->argv[++w->at], out);
}

static enum status
take(struct walk *w, struct options *out)
{
    const char *arg = w->argv[w->at];
    if (text_equal(arg, "-h"))
        return take_option(w, bytes_of_text("help"), NULL, out);
    if (arg[0] != '-' || arg[1] == '\0') {
        out->arguments[out->n_arguments++] = arg;
        return STATUS_OK;
    }
    if (arg[1] != '-')
        return diag_set(w->diag, STATUS_INVALID, CLAUSE, 0, "unknown option %s", arg);
    const char *equals = strchr(arg, '=');
    size_t name_size = equals ? (size_t)(equals - arg) - 2 : strlen(arg) - 2;
    return take_option(w, bytes_of(arg + 2, name_size), equals ? equals + 1 : NULL, out);
}

enum status
options_parse(int argc, char *const *argv, const struct option_spec *specs, size_t n_specs,
              struct options *out, struct diag *diag)
{
    struct walk w = {argv, argc > 0 ? (size_t)argc : 0, 1, specs, n_specs, diag};
    *out = (struct options){
        .values = calloc(w.argc + 1, sizeof *out->values),
        .arguments = calloc(w.argc + 1, sizeof *out->arguments),
    };
    enum status s = out->values && out->arguments ? STATUS_OK : STATUS_NOMEM;
    for (; s == STATUS_OK && w.at < w.argc && !text_equal(argv[w.at], "--"); w.at++)
        s = take(&w, out);
    for (w.at++; s == STATUS_OK && w.at < w.argc; w.at++)
        out->arguments[out->n_arguments++] = argv[w.at];
    if (s != STATUS_OK)
        options_free(out);
    return s;
}

const char *
options_get_nth(const struct options *o, const char *name, size_t i)
{
    for (size_t at = 0; at < o->n_values; at++) {
        if (text_equal(o->values[at].name, name) && i-- == 0)
            return o->values[at].value;
    }
    return NULL;
}

const char *
options_get(const struct options *o, const char *name)
{
    for (size_t at = o->n_values; at > 0; at--) {
        if (text_equal(o->values[at - 1].name, name))
            return o->values[at - 1].value;
    }
    return NULL;
}

void
options_free(struct options *o)
{
    free(o->values);
    free(o->arguments);
    *o = (struct options){0};
}

void
options_print_help(FILE *out, const struct option_spec *specs, size_t n_specs)
{
    for (size_t i = 0; i < n_specs; i++) {
        int n = fprintf(out, "  %s--%s%s%s", text_equal(specs[i].name, "help") ? "-h, " : "",
                        specs[i].name, specs[i].argument ? " " : "",
                        specs[i].argument ? specs[i].argument : "");
        if (n >= HELP_COLUMN - 1) {
            (void)fputc('\n', out);
            n = 0;
        }
        (void)fprintf(out, "%*s%s\n", HELP_COLUMN - n, "", specs[i].help);
    }
}
