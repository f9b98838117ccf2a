/* SPDX-License-Identifier: Apache-2.0 */
/* attestd: options, open rooms, run, close. */
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/options.h"
#include "base/text.h"
#include "daemon/process.h"
#include "daemon/settings.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>

#define EXIT_USAGE       2
#define EXIT_UNAVAILABLE 69
#define HEAP_TRIM        (16 * 1024 * 1024) /* bytes, of each heap */
#define HEAP_MMAP        (1024 * 1024)

static const struct option_spec specs[] = {
    {"config", "FILE", "configuration file (default " ATTESTD_CONFIG ")", false},
    {"set", "SECTION.KEY=VALUE", "override one key of the configuration", true},
    {"check-config", NULL, "check the configuration, then end", false},
    {"print-config", NULL, "print every key with its value and origin, then end", false},
    {"version", NULL, "print the version, then end", false},
    {"help", NULL, "print this help, then end", false},
};

#define N_SPECS (sizeof specs / sizeof *specs)

static void
print_help(void)
{
    (void)printf("attestd %s: the attestation verifier\n\nusage: attestd [OPTION]...\n\n",
                 ATTESTD_VERSION);
    options_print_help(stdout, specs, N_SPECS);
}

/* "section.key=value" */
static enum status
override(struct config *c, const char *assignment, struct diag *diag)
{
    char section[LIMIT_NAME], key[LIMIT_NAME];
    const char *dot = strchr(assignment, '.');
    const char *equals = dot ? strchr(dot, '=') : NULL;
    if (!equals || (size_t)(dot - assignment) >= sizeof section ||
        (size_t)(equals - dot - 1) >= sizeof key)
        return diag_set(diag, STATUS_INVALID, "--set", 0, "expected SECTION.KEY=VALUE");
    (void)snprintf(section, sizeof section, "%.*s", (int)(dot - assignment), assignment);
    (void)snprintf(key, sizeof key, "%.*s", (int)(equals - dot - 1), dot + 1);
    return config_override(c, section, key, equals + 1, diag);
}

static enum status
load_config(const struct options *o, struct config *c, struct diag *diag)
{
    const char *file = options_get(o, "config");
    enum status s =
        config_load(file ? file : ATTESTD_CONFIG, settings_table, settings_n_rows, c, diag);
    if (s == STATUS_NOT_FOUND && !file)
        s = STATUS_OK; /* no file at the default place: the defaults */
    const char *assignment = options_get_nth(o, "set", 0);
    for (size_t i = 0; s == STATUS_OK && assignment; assignment = options_get_nth(o, "set", ++i))
        s = override(c, assignment, diag);
    return s;
}

static enum log_level
level_of(const char *word)
{
    static const char *const words[] = {"error", "warning", "notice", "info", "debug"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        if (text_equal(word, words[i]))
            return (enum log_level)i;
    }
    return LOG_LEVEL_INFO;
}

/* All threads inherit the mask; process_run() takes the signals. */
static void
block_signals(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* Rounds come and go by the thousand: what they free is not given back to the kernel and asked for
 * again each time. */
static void
keep_heaps(void)
{
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_TRIM);
    (void)mallopt(M_MMAP_THRESHOLD, HEAP_MMAP);
}

static int
serve(const struct config *c)
{
    struct diag diag = {0};
    struct process *p = NULL;
    log_open("attestd", level_of(config_text(c, "log", "level")));
    block_signals();
    keep_heaps();
    enum status s = process_open(c, &p, &diag);
    if (s != STATUS_OK) {
        log_diag(LOG_LEVEL_ERROR, "start", s, &diag);
        return s == STATUS_INVALID ? EXIT_USAGE : EXIT_UNAVAILABLE;
    }
    process_run(p);
    process_close(p);
    return 0;
}

static int
refuse(const struct diag *diag)
{
    (void)fprintf(stderr, "attestd: %s: %s\n", diag->clause ? diag->clause : "", diag->text);
    return EXIT_USAGE;
}

/* What is printed may break a rule between keys; what is served may not. */
static int
use_config(const struct options *o, const struct config *c)
{
    struct diag diag = {0};
    if (options_get(o, "print-config"))
        config_print(c, stdout);
    if (settings_check(c, &diag) != STATUS_OK)
        return refuse(&diag);
    return options_get(o, "print-config") || options_get(o, "check-config") ? 0 : serve(c);
}

int
main(int argc, char **argv)
{
    CLEANUP(options_free) struct options o = {0};
    CLEANUP(config_free) struct config c = {0};
    struct diag diag = {0};
    enum status s = options_parse(argc, argv, specs, N_SPECS, &o, &diag);
    if (s == STATUS_OK && o.n_arguments > 0)
        s = diag_set(&diag, STATUS_INVALID, "attestd(8)", 0, "no argument is expected");
    if (s == STATUS_OK && options_get(&o, "help")) {
        print_help();
        return 0;
    }
    if (s == STATUS_OK && options_get(&o, "version")) {
        (void)printf("attestd %s\n", ATTESTD_VERSION);
        return 0;
    }
    if (s == STATUS_OK)
        s = load_config(&o, &c, &diag);
    if (s != STATUS_OK)
        return refuse(&diag);
    return use_config(&o, &c);
}
