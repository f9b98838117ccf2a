/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reference set that a command makes or adds to: components, command lines, file digests, and
 * what the person is told of it. The options that say where it begins and where it goes are the
 * same for every command (SET_OPTIONS). What is written is what the verifier takes.
 */
#pragma once

#include "ctl/command.h"
#include "image/measurement.h"

#define SET_OPTIONS   "id version generation platform append alternative bundle output json "
#define SET_ARGUMENTS "--id ID --version N | --append FILE"

struct set;

/* By --append a set as it stands in a file (--version and --generation replace its own), else a new
 * one by --id and --version; platform where the options name none and the file is new. Borrows c.
 * STATUS_INVALID: options or file; STATUS_NOT_FOUND and the like: the file. */
MUST_CHECK enum status set_open(const struct context *c, const char *platform, struct set **out,
                                struct diag *diag);
void set_free(struct set *set);
void set_freep(struct set **set);

/* Components behind those that are there; with --alternative as further values of those that are
 * there, by PCR and role in turn. STATUS_INVALID: there is none to be an alternative of.
 * STATUS_NOMEM. */
MUST_CHECK enum status set_add(struct set *set, const struct measurements *list, struct diag *diag);
/* A command line that is this text and no other. STATUS_INVALID: no text that a template can be;
 * STATUS_NOMEM. */
MUST_CHECK enum status set_add_line(struct set *set, struct bytes text, struct diag *diag);
/* The digest of a file that IMA may measure. STATUS_NOMEM. */
MUST_CHECK enum status set_add_file(struct set *set, const struct digest *digest);
/* An entry that dbx must hold. STATUS_NOMEM. */
MUST_CHECK enum status set_add_dbx(struct set *set, const struct digest *digest);
/* The platform of a new set for which no option and nothing before named one. */
MUST_CHECK enum status set_platform(struct set *set, const char *platform);
/* True when there is nothing in it that a set can be of. */
bool set_is_empty(const struct set *set);
/* For people: the value of a PCR after what was measured, and after what else (static). */
MUST_CHECK enum status set_tell_pcr(struct set *set, uint32_t pcr, const char *after,
                                    const struct digest digests[static MEASUREMENT_N_ALGS]);
/* For people: what a set made from files cannot know. STATUS_NOMEM. */
MUST_CHECK enum status set_tell(struct set *set, const char *format, ...) PRINTF_LIKE(2, 3);
/* A policy that goes with the set: its text, checked, and the file that set_write() writes it to.
 * path is borrowed. A set without any content is then not written. STATUS_NOMEM. */
MUST_CHECK enum status set_add_policy(struct set *set, const char *path, struct bytes text);
/* What there is to tell, on standard error; set_write() does it as well. */
void set_print_notes(const struct set *set);
/* The set's text, checked, to --output or standard output, and what there is to tell. The exit
 * code. */
int set_write(struct set *set);
