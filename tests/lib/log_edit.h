/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes one thing in a real boot log, record by record, so that a test can tell exactly what must
 * come of it. Records are named by what they are: the nth of a type in a PCR. A record that is not
 * there fails the test. Works on logs of any banks.
 */
#pragma once

#include "evidence/eventlog.h"

/* A record: the nth (from 0) of its type in its PCR. */
struct log_edit_place {
    uint32_t pcr;
    uint32_t type;
    unsigned nth;
};

/* Its data, within the log. */
struct bytes log_edit_find(const struct buffer *log, struct log_edit_place at);
void log_edit_drop(struct buffer *log, struct log_edit_place at);
/* Once more, behind itself. */
void log_edit_twice(struct buffer *log, struct log_edit_place at);
/* Once more, behind the log's last record. */
void log_edit_append(struct buffer *log, struct log_edit_place at);
/* Moved to stand before another. */
void log_edit_move(struct buffer *log, struct log_edit_place at, struct log_edit_place before);
void log_edit_type(struct buffer *log, struct log_edit_place at, uint32_t type);
void log_edit_pcr(struct buffer *log, struct log_edit_place at, uint32_t pcr);
/* The byte at an offset of its data, from its end where negative, changed. */
void log_edit_data(struct buffer *log, struct log_edit_place at, int byte);
/* Other data, the digests as they were. */
void log_edit_set_data(struct buffer *log, struct log_edit_place at, struct bytes data);
/* The digests of other content; the data as it was. */
void log_edit_content(struct buffer *log, struct log_edit_place at, struct bytes content);
/* Other data, and the digests of it. */
void log_edit_replace(struct buffer *log, struct log_edit_place at, struct bytes data);
/* The record is another log's. */
void log_edit_take(struct buffer *log, struct log_edit_place at, const struct buffer *other,
                   struct log_edit_place from);
/* A copy of a record behind it, with other data and the digests of it. */
void log_edit_insert(struct buffer *log, struct log_edit_place at, struct bytes data);
