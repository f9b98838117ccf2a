/* SPDX-License-Identifier: Apache-2.0 */
/* from: words and options; to: one command run with its settings; never: runs a command with an
 * option that it would not read. */
#include "ctl/command.h"

#include "base/cleanup.h"
#include "base/config.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct config_spec settings[] = {
    {"verifier", "server", CONFIG_TEXT, NULL, "https origin of the verifier", false},
    {"verifier", "ca_file", CONFIG_TEXT, NULL,
     "CA file (PEM) that the server's certificate leads to", false},
    {"verifier", "pinned_key", CONFIG_TEXT, NULL, "hex SHA-256 of the server key's SPKI", false},
    {"verifier", "token_file", CONFIG_TEXT, NULL, "file with the bearer token, mode 0600", false},
};

const struct option_spec command_options[] = {
    {"server", "URL", "https origin of the verifier", false},
    {"ca-file", "FILE", "CA file that the server's certificate leads to", false},
    {"pinned-key", "HEX", "SHA-256 of the server key's SPKI", false},
    {"token-file", "FILE", "file with the bearer token", false},
    {"config", "FILE", "configuration file (default " ATTESTCTL_CONFIG ")", false},
    {"json", NULL, "print JSON for programs", false},
    {"state", "STATE", "only devices of this life cycle state", false},
    {"verdict", "VERDICT", "only devices of this worst verdict", false},
    {"limit", "N", "rows a page", false},
    {"label", "KEY=VALUE", "label; may be given more than once", true},
    {"name", "NAME", "name", false},
    {"reason", "TEXT", "reason, kept in the audit", false},
    {"role", "ROLE", "viewer, operator, admin, auditor, relying-party; of a component, any name",
     true},
    {"perspective", "NAME", "perspective of a relying party's results, \"*\" for all", true},
    {"join", NULL, "join tokens instead of API tokens", false},
    {"uses", "N", "how many devices it admits", false},
    {"expires", "DURATION", "life, e.g. 12h or 30d", false},
    {"attest", "FILE", "TPMS_ATTEST", false},
    {"signature", "FILE", "TPMT_SIGNATURE", false},
    {"key", "FILE", "TPM2B_PUBLIC, TPMT_PUBLIC or PEM", false},
    {"qualifying-data", "HEX", "extraData that the quote must carry", false},
    {"select", "BANK:PCRS", "selection, e.g. sha256:0,1,2+sha384:0", false},
    {"pcrs", "FILE", "PCR values: in the order of the selection, or JSON for a reference set",
     false},
    {"log", "FILE", "boot log", false},
    {"ima", "FILE", "IMA list", false},
    {"userspace", "FILE", "userspace log", false},
    {"roots", "DIR", "trusted roots", false},
    {"entries", NULL, "every entry", false},
    {"id", "ID", "id of the reference set", false},
    {"version", "N", "version of the reference set", false},
    {"generation", "NAME", "generation of the reference set", false},
    {"fleet", NULL, "also try it on the fleet's stored rounds", false},
    {"dry-run", NULL, "print the plan, and do nothing", false},
    {"prune", NULL, "also take out of force what the directory does not have", false},
    {"put-only", NULL, "put, and activate nothing", false},
    {"measured", "DIGEST", "digest of a boot event or a file, in hex", false},
    {"ever", NULL, "in any boot, not only in the newest round", false},
    {"reference", "ID", "the reference set to make a new version of", false},
    {"policy", "ID", "the policy to make a new version of", false},
    {"predict", NULL, "put the update's values into each device's last boot first", false},
    {"without", "TYPE/ID", "also take this document out of force; may be given more than once",
     true},
    {"output", "FILE", "file to write, else standard output; of policy init a directory", false},
    {"from-log", "FILE", "begin with this boot log", false},
    {"from-device", "DEVICE", "begin with this device's last attestation", false},
    {"append", "FILE", "add to this reference set instead of beginning one", false},
    {"alternative", NULL, "add values to the components that are there", false},
    {"bundle", "NAME", "bundle of the components", false},
    {"platform", "NAME", "pc, uboot-efi or uboot-fit; of policy init also auto", false},
    {"pcr", "N", "PCR of the components", false},
    {"count", "N|MIN-MAX", "how often each is measured", false},
    {"stub-version", "N", "version of systemd-stub where the image does not say", false},
    {"options", "TEXT", "options that the loader gives (a UKI: instead of .cmdline)", false},
    {"loader", "FILE", "systemd-boot that starts the image", false},
    {"root", "DEVICE=DIR",
     "what is on a device that GRUB reads; the first is the one that it starts from", true},
    {"prefix", "PATH", "GRUB's folder on the first device (default /EFI/debian)", false},
    {"begin", "FILE", "script in GRUB's image; without it GRUB reads grub.cfg in its folder",
     false},
    {"entry", "NAME", "menu entry by title, id or number; else the default", false},
    {"volume", "UUID=DEVICE", "device of a file system that GRUB searches for", true},
    {"set", "NAME=VALUE", "variable of GRUB", true},
    {"configuration", "NAME", "configuration of the FIT; else its default", false},
    {"bootargs", "TEXT", "boot arguments that U-Boot passes on", false},
    {"hash", "NAME", "hash of the files' digests (default sha256)", true},
    {"boot", NULL, "the file is a measured-boot reference state", false},
    {"images", NULL, "expect the PE images of the packages in PCR 4 as well", false},
    {"signer", "FILE", "key (PEM) that must have signed it", false},
    {"environment", "N", "of several environments, the one to take", false},
    {"unpacked", "DIR", "what is in the packed RAUC bundle", false},
    {"keyring", "FILE", "certificates (PEM) that the bundle's signature must lead to", false},
    {"policy", "FILE", "write a policy with the values of PCRs", false},
    {"help", NULL, "print this help", false},
};
const size_t command_n_options = sizeof command_options / sizeof *command_options;

static const struct {
    const struct command *commands;
    const size_t *n_commands;
} groups[] = {
    {inspect_commands, &inspect_n_commands},   {verify_commands, &verify_n_commands},
    {device_commands, &device_n_commands},     {attestation_commands, &attestation_n_commands},
    {round_commands, &round_n_commands},       {simulate_commands, &simulate_n_commands},
    {document_commands, &document_n_commands}, {profile_commands, &profile_n_commands},
    {token_commands, &token_n_commands},       {image_commands, &image_n_commands},
    {diff_commands, &diff_n_commands},         {fleet_commands, &fleet_n_commands},
    {explain_commands, &explain_n_commands},   {apply_commands, &apply_n_commands},
    {group_commands, &group_n_commands},       {init_commands, &init_n_commands},
};

#define N_GROUPS (sizeof groups / sizeof *groups)

static size_t
count_words(const struct command *command)
{
    return command->verb[0] == '\0' ? 1 : 2;
}

const struct command *
command_find(const char *const *words, size_t n_words)
{
    for (size_t g = 0; g < N_GROUPS; g++) {
        for (size_t i = 0; i < *groups[g].n_commands; i++) {
            const struct command *one = &groups[g].commands[i];
            if (n_words < count_words(one) || !text_equal(one->group, words[0]))
                continue;
            if (one->verb[0] == '\0' || text_equal(one->verb, words[1]))
                return one;
        }
    }
    return NULL;
}

/* One word of a list with a blank between. */
static bool
has_word(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = list; at[0] != '\0';) {
        size_t n = strcspn(at, " ");
        if (n == size && bytes_equal(bytes_of(at, n), bytes_of(word, size)))
            return true;
        at += n + strspn(at + n, " ");
    }
    return false;
}

static bool
reads_option(const struct command *command, const char *name)
{
    return has_word("config help", name) || has_word(command->options, name);
}

static void
print_usage(const char *before, const struct command *command)
{
    (void)printf("%s%s%s%s %s\n", before, command->group, command->verb[0] == '\0' ? "" : " ",
                 command->verb, command->arguments);
}

static void
print_all(void)
{
    (void)printf("attestctl %s: policy, evidence and the fleet of an attestation verifier\n\n"
                 "usage: attestctl GROUP VERB [ARGUMENT]... [OPTION]...\n"
                 "       attestctl GROUP VERB --help\n"
                 "       attestctl --version\n\n",
                 ATTESTD_VERSION);
    for (size_t g = 0; g < N_GROUPS; g++) {
        for (size_t i = 0; i < *groups[g].n_commands; i++) {
            const struct command *one = &groups[g].commands[i];
            print_usage("  ", one);
            (void)printf("      %s\n", one->help);
        }
    }
}

void
command_help(const struct command *command)
{
    if (!command) {
        print_all();
        return;
    }
    print_usage("usage: attestctl ", command);
    (void)printf("%s\n\n", command->help);
    for (size_t i = 0; i < command_n_options; i++) {
        if (reads_option(command, command_options[i].name))
            options_print_help(stdout, &command_options[i], 1);
    }
}

const char *
command_plain(const char *text, struct buffer *room)
{
    buffer_reset(room);
    for (; *text != '\0'; text++) {
        uint8_t byte = (uint8_t)*text;
        if (byte >= 0x20 && byte < 0x7F)
            buffer_append_u8(room, byte);
        else
            buffer_append_format(room, "\\x%02x", byte);
    }
    const char *plain = buffer_text(room);
    return plain ? plain : status_name(STATUS_NOMEM);
}

int
command_fail(enum status status, const struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer room = {0};
    const char *text = diag && diag->text[0] ? diag->text : status_name(status);
    (void)fprintf(stderr, "attestctl: %s: %s\n", diag && diag->clause ? diag->clause : "failed",
                  command_plain(text, &room));
    if (status == STATUS_DENIED)
        return EXIT_DENIED;
    return status == STATUS_BUSY ? EXIT_TRY_LATER : EXIT_USAGE;
}

int
command_fail_in(const char *path, enum status status, const struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer room = {0};
    if (status != STATUS_INVALID && status != STATUS_LIMIT && status != STATUS_MALFORMED)
        return command_fail(status, diag);
    (void)fprintf(stderr, "attestctl: %s:%llu: %s: %s\n", path, (unsigned long long)diag->offset,
                  diag->clause ? diag->clause : "document", command_plain(diag->text, &room));
    return EXIT_NO;
}

int
command_finish(int rc)
{
    bool lost = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (!lost || rc == EXIT_USAGE) /* the command told it itself */
        return rc;
    (void)command_fail(
        STATUS_IO, &(struct diag){.clause = "output", .text = "cannot write to standard output"});
    return EXIT_USAGE;
}

const char *
command_option(const struct context *c, const char *name)
{
    return options_get(c->options, name);
}

static const char *
setting(const struct options *o, const struct config *config, const char *option, const char *key)
{
    const char *value = options_get(o, option);
    return value ? value : config_text(config, "verifier", key);
}

static enum status
load_settings(const struct options *o, struct config *config, struct diag *diag)
{
    const char *file = options_get(o, "config");
    enum status s = config_load(file ? file : ATTESTCTL_CONFIG, settings,
                                sizeof settings / sizeof *settings, config, diag);
    return s == STATUS_NOT_FOUND && !file ? STATUS_OK : s;
}

/* False when the words or options do not fit the command; the person was told. */
static bool
check_usage(const struct command *command, const struct options *o)
{
    size_t n = o->n_arguments - count_words(command);
    for (size_t i = 0; i < o->n_values; i++) {
        if (reads_option(command, o->values[i].name))
            continue;
        (void)fprintf(stderr, "attestctl: %s %s does not take --%s\n", command->group,
                      command->verb, o->values[i].name);
        return false;
    }
    if (n >= command->n_min && n <= command->n_max)
        return true;
    (void)fprintf(stderr, "attestctl: usage: attestctl %s %s %s\n", command->group, command->verb,
                  command->arguments);
    return false;
}

int
command_run(const struct command *command, const struct options *o)
{
    CLEANUP(config_free) struct config config = {0};
    struct diag diag = {0};
    if (!check_usage(command, o))
        return EXIT_USAGE;
    struct context c = {
        .options = o,
        .arguments = o->arguments + count_words(command),
        .n_arguments = o->n_arguments - count_words(command),
        .json = options_get(o, "json") != NULL,
    };
    /* What works without a verifier works without its settings. */
    if (has_word(command->options, "server")) {
        enum status s = load_settings(o, &config, &diag);
        if (s != STATUS_OK)
            return command_fail(s, &diag);
        c.client = (struct client_settings){
            .server = setting(o, &config, "server", "server"),
            .ca_file = setting(o, &config, "ca-file", "ca_file"),
            .pinned_key = setting(o, &config, "pinned-key", "pinned_key"),
            .token_file = setting(o, &config, "token-file", "token_file"),
        };
    }
    return command->run(&c);
}
