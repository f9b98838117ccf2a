/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reference set as values: a boot profile of components in order, command-line templates, allowed
 * file digests. Read from JSON by reference_json.c into the document's arena, never changed after.
 * Pure. [appraisal 2; attest-reference(5)]
 */
#pragma once

#include "appraise/file_set.h"
#include "appraise/selector.h"
#include "appraise/template.h"
#include "evidence/order_profile.h"

enum reference_platform {
    REFERENCE_PLATFORM_PC,
    REFERENCE_PLATFORM_UBOOT_EFI,
    REFERENCE_PLATFORM_UBOOT_FIT
};

enum reference_status {
    REFERENCE_STATUS_ACTIVE = 0,
    REFERENCE_STATUS_RETIRED,
    REFERENCE_STATUS_REVOKED
};

/* A value of one device, by the word of a person. */
struct reference_approval {
    char *device;
    char *approved_by;
    char *round;     /* the attestation that showed it first */
    int64_t until_s; /* unix s: explains nothing after */
};

/* One accepted value: the same content under one or more algorithms. */
struct reference_value {
    bool any; /* every digest: a volatile component */
    enum reference_status status;
    char *name;                          /* for people; NULL */
    struct reference_approval *approval; /* NULL: for all devices of the component's scope */
    size_t n_digests;
    struct digest digests[ALG_COUNT];
};

struct reference_component {
    char *role;
    uint32_t pcr;
    bool ordered;                    /* false: its events may stand anywhere in its PCR */
    uint32_t min, max;               /* events */
    char *bundle;                    /* NULL: of no generation */
    struct selector scope;           /* which devices it is for */
    struct shape_list values;        /* struct reference_value, of every device */
    struct shape_list device_values; /* of single ones, by device */
};

/* Where a device's own values begin among the component's; n: how many. */
const struct reference_value *reference_device_values(const struct reference_component *c,
                                                      const char *device, size_t *n);

struct reference {
    char *id;
    uint64_t version;
    char *description; /* NULL when none */
    enum reference_platform platform;
    char *generation;                /* NULL when none */
    struct shape_list components;    /* struct reference_component */
    struct shape_list command_lines; /* struct template * */
    struct file_set files;
    struct shape_list dbx; /* struct digest: what dbx must hold at least */
    uint32_t pcrs;         /* bit n: a component lists PCR n */
};

/* Read the document's root object. Statuses as shape.h. */
MUST_CHECK enum status reference_read(const struct shape_node *root, struct reference *out);

/* "pc", "uboot-efi", "uboot-fit" */
const char *reference_platform_name(enum reference_platform platform);
/* The platform of sets for what a log shows. */
enum reference_platform reference_platform_of(enum order_profile shown);
/* PCRs that are covered when a policy does not say, whether a component lists them or not. */
uint32_t reference_covered(enum reference_platform platform);
/* PCRs that are compared with the device's last good boot when a policy does not say. */
uint32_t reference_compared(enum reference_platform platform);
