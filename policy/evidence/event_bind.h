/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the decoders ask whether a digest covers what they read: one question, one answer for all
 * looked-at banks. Inside evidence only. Pure. [threats 22, 23]
 */
#pragma once

#include "evidence/event.h"

/* One event while it is decoded. status is sticky: after a failure every question is answered no.
 */
struct event_bind {
    const struct event_decoder *decoder;
    const struct event *event;
    enum status status;
};

/* The parts, one after the other, have the event's digest in every looked-at bank that it has. */
bool event_bind_parts(struct event_bind *b, const struct bytes *parts, size_t n_parts);
bool event_bind_data(struct event_bind *b, struct bytes data);

/* The decoders by form; each fills out or leaves it as it is. */
void event_decode_string(struct event_bind *b, struct event_meaning *out);
void event_decode_tag(struct event_bind *b, struct event_meaning *out);
void event_decode_variable(struct event_bind *b, struct event_meaning *out);
/* What U-Boot measures where it boots without EFI; false: not that, and out is as it was. */
bool event_decode_uboot(struct event_bind *b, struct event_meaning *out);

/* Append UTF-16LE as UTF-8, lone surrogates as U+FFFD, up to its first NUL. */
void event_append_utf16(struct buffer *out, struct bytes utf16);
