/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl: find the command and run it. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/command.h"

int
main(int argc, char **argv)
{
    CLEANUP(options_free) struct options o = {0};
    struct diag diag = {0};
    if (argc == 2 && text_equal(argv[1], "--version")) {
        (void)printf("attestctl %s\n", ATTESTD_VERSION);
        return command_finish(EXIT_YES);
    }
    enum status s = options_parse(argc, argv, command_options, command_n_options, &o, &diag);
    if (s != STATUS_OK)
        return command_fail(s, &diag);
    const struct command *command = command_find(o.arguments, o.n_arguments);
    if (options_get(&o, "help")) {
        command_help(command);
        return command_finish(EXIT_YES);
    }
    if (!command) {
        (void)fprintf(stderr, "attestctl: no such command; see attestctl --help\n");
        return EXIT_USAGE;
    }
    return command_finish(command_run(command, &o));
}
