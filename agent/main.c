/* SPDX-License-Identifier: Apache-2.0 */
/* attest-agent: subcommands and options, by tables. */
#include "agent/command.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/options.h"
#include "base/text.h"

#define EXIT_USAGE 2

static const struct option_spec option_table[] = {
    {"config", "FILE", "configuration file", false},
    {"set", "SECTION.KEY=VALUE", "override one value; may be given again", true},
    {"json", NULL, "for programs", false},
    {"once", NULL, "run: one round, then end", false},
    {"for", "VERDICT", "wait: what for; trusted", false},
    {"file", "ROLE=FILE", "announce: a file that the next boot measures; may be given again", true},
    {"text", "ROLE=TEXT", "announce: a text that it measures; may be given again", true},
    {"slot", "NAME", "announce: which slot will boot, for people", false},
    {"timeout", "TIME", "wait: how long; 5m when not given", false},
    {"verbose", NULL, "say more", false},
    {"help", NULL, "this text", false},
    {"version", NULL, "name and version", false},
};
#define N_OPTIONS (sizeof option_table / sizeof option_table[0])

static const struct {
    const char *name;
    int (*run)(const struct settings *, const struct command_flags *);
    const char *help;
} commands[] = {
    {"enroll", command_enroll, "make this device known to the verifier"},
    {"run", command_run, "attest now and then; with --once, now"},
    {"announce", command_announce, "tell what the next boot will show, before rebooting"},
    {"wait", command_wait, "attest until the verdict is trusted, or time is up"},
    {"status", command_status, "how the last round went"},
    {"identity", command_identity, "this device's keys and name"},
    {"doctor", command_doctor, "what is wrong here, and what to do"},
    {"config", command_config, "print the configuration and where each value is from"},
};
#define N_COMMANDS (sizeof commands / sizeof commands[0])

static void
print_help(FILE *out)
{
    (void)fprintf(out, "usage: attest-agent [OPTION]... COMMAND\n\ncommands:\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        (void)fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    (void)fprintf(out, "\noptions:\n");
    options_print_help(out, option_table, N_OPTIONS);
}

static int
refuse(const char *what)
{
    log_line(LOG_LEVEL_ERROR, "%s; attest-agent --help tells more", what);
    return EXIT_USAGE;
}

/* Every value of an option, in order; ends with NULL. NULL without memory. */
static const char **
values_of(const struct options *o, const char *name, size_t *n)
{
    for (*n = 0; options_get_nth(o, name, *n);)
        (*n)++;
    const char **values = calloc(*n + 1, sizeof *values);
    for (size_t i = 0; values && i < *n; i++)
        values[i] = options_get_nth(o, name, i);
    return values;
}

static enum status
load_settings(const struct options *o, struct settings *out, struct diag *diag)
{
    size_t n = 0;
    const char **overrides = values_of(o, "set", &n);
    if (!overrides)
        return STATUS_NOMEM;
    enum status s = settings_load(options_get(o, "config"), overrides, n, out, diag);
    free(overrides);
    return s;
}

static int
run_named(const struct options *o, size_t command, struct command_flags *flags)
{
    CLEANUP(settings_free) struct settings settings = {0};
    struct diag diag = {0};
    if (load_settings(o, &settings, &diag) == STATUS_OK)
        return commands[command].run(&settings, flags);
    return refuse(diag.text[0] != '\0' ? diag.text : "no memory");
}

static int
run_with_flags(const struct options *o, size_t command)
{
    struct command_flags flags = {
        .json = options_get(o, "json") != NULL,
        .once = options_get(o, "once") != NULL,
        .wanted = options_get(o, "for"),
        .timeout = options_get(o, "timeout"),
        .announce.slot = options_get(o, "slot"),
    };
    const char **files = values_of(o, "file", &flags.announce.n_files);
    const char **texts = values_of(o, "text", &flags.announce.n_texts);
    flags.announce.files = files;
    flags.announce.texts = texts;
    int code = files && texts ? run_named(o, command, &flags) : refuse("no memory");
    free(files);
    free(texts);
    return code;
}

static int
run_command(const struct options *o)
{
    if (o->n_arguments != 1)
        return refuse(o->n_arguments == 0 ? "a command is missing" : "more than one command");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (text_equal(commands[i].name, o->arguments[0]))
            return run_with_flags(o, i);
    }
    return refuse("no such command");
}

int
main(int argc, char **argv)
{
    CLEANUP(options_free) struct options o = {0};
    struct diag diag = {0};
    log_open("attest-agent", LOG_LEVEL_INFO);
    enum status s = options_parse(argc, argv, option_table, N_OPTIONS, &o, &diag);
    if (s != STATUS_OK)
        return refuse(diag.text[0] != '\0' ? diag.text : status_name(s));
    if (options_get(&o, "verbose"))
        log_open("attest-agent", LOG_LEVEL_DEBUG);
    if (options_get(&o, "help")) {
        print_help(stdout);
        return 0;
    }
    if (options_get(&o, "version")) {
        (void)printf("attest-agent " ATTESTD_VERSION "\n");
        return 0;
    }
    return run_command(&o);
}
