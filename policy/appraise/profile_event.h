/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of profile: an event on its way to a component, and the writer of the JSON text. Pure.
 */
#pragma once

#include "appraise/arena.h"
#include "appraise/profile.h"

#define PROFILE_ROLE_SIZE 64u

struct profile_event {
    uint32_t pcr;
    uint32_t type;
    size_t n_digests;
    struct digest digests[ALG_COUNT]; /* trusted algorithms only */
    struct event_meaning meaning;
};

/* What a boot is made of, for names: looked up once over all events. */
struct profile_shape {
    bool shim;       /* something in PCR 14 */
    bool grub;       /* something in PCR 8 */
    bool uki;        /* something in PCR 11 */
    bool uboot_fit;  /* U-Boot without EFI */
    size_t n_images; /* in PCR 4, counted while names are given */
};

struct profile_component {
    char role[PROFILE_ROLE_SIZE];
    const struct profile_event *event;
    uint32_t count;
    bool is_volatile; /* other on every boot: any digest */
    const char *name; /* for people; "" when there is nothing to say */
};

struct profile {
    struct arena arena;
    const struct profile_options *options;
    struct order_signs signs; /* of the platform */
    enum order_profile platform;
    size_t n_events;
    struct profile_event *events;
    size_t n_components;
    struct profile_component *components;
    size_t n_lines;
    const char **lines; /* templates */
    size_t n_files;
    const char **files; /* "sha256:HEX" */
};

/* Role of the next event of a boot, in the order of the log. */
void profile_name_role(struct profile_shape *shape, const struct profile_event *e,
                       char out[static PROFILE_ROLE_SIZE]);
/* GRUB's environment block and its like. */
bool profile_is_volatile(const struct profile_event *e);
/* Append the document to out. STATUS_NOMEM. */
MUST_CHECK enum status profile_encode(const struct profile *p, struct buffer *out);
