/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of event types: name, form of the data, and whether the digest must cover the data. A
 * type is claimed, since nothing measures it: the table says how to read an event, never what to
 * believe. Inside evidence only. Pure. [PFP 1.06 10.4.1; threats 22, 23]
 */
#pragma once

#include "evidence/eventlog.h"

enum event_form {
    EVENT_FORM_NONE,      /* extends nothing */
    EVENT_FORM_OPAQUE,    /* the digest is of something else than the data */
    EVENT_FORM_DATA,      /* bound when the digest is that of the data */
    EVENT_FORM_SEPARATOR, /* 4 bytes */
    EVENT_FORM_ACTION,    /* text without NUL */
    EVENT_FORM_STRING,    /* text, hashed as its producer likes */
    EVENT_FORM_TAG,       /* u32 tag, u32 size, content */
    EVENT_FORM_VARIABLE,  /* UEFI_VARIABLE_DATA */
    EVENT_FORM_IMAGE      /* UEFI_IMAGE_LOAD_EVENT; the digest is the image's */
};

struct event_type {
    uint32_t type;
    const char *name;
    enum event_form form;
    bool must_bind; /* a digest that does not cover the data is log.digest */
};

/* NULL when unknown. */
const struct event_type *event_type_find(uint32_t type);
