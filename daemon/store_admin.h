/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's part of the store: documents, audit, events; tokens in store_token.h.
 * Same contract as store.h.
 */
#pragma once

#include "daemon/store_token.h"

/* ---- documents: immutable versions, one active version an id and kind ---- */

struct store_document {
    enum document_kind kind;
    char id[LIMIT_NAME + 1];
    uint64_t version;
    bool active;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    char perspective[LIMIT_NAME + 1]; /* "" for reference sets */
    int64_t put_s;
    char *put_by;
    struct buffer text; /* empty in listings */
};
struct store_document_list {
    struct store_document *items;
    size_t n_items;
    bool more;
};
/* info->sha256 is the text's, else STATUS_INVALID. STATUS_OK and *again true: the same content is
 * there already. STATUS_CONFLICT: this version exists with other content, or is not above the
 * highest of its id. */
MUST_CHECK enum status store_put_document(struct store *s, const struct store_actor *who,
                                          const struct document_info *info, struct bytes text,
                                          bool *again);
/* version 0: the active one, else the highest. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_get_document(struct store *s, enum document_kind kind, const char *id,
                                          uint64_t version, struct store_document *out);
/* All versions, by id and version. after: "ID:VERSION" of the last one of the page before, or NULL;
 * STATUS_INVALID when it is not that. */
MUST_CHECK enum status store_list_documents(struct store *s, enum document_kind kind,
                                            const char *after, size_t limit,
                                            struct store_document_list *out);
/* Make version the active one (0: none is active). Raises the generation. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_activate_document(struct store *s, const struct store_actor *who,
                                               enum document_kind kind, const char *id,
                                               uint64_t version);
/* Texts of all active documents, and the generation they belong to, read in one transaction. */
MUST_CHECK enum status store_get_active(struct store *s, struct store_document_list *out,
                                        uint64_t *generation);
void store_document_clear(struct store_document *d);
void store_document_list_clear(struct store_document_list *l);

/* ---- audit, refusals, events ---- */

struct store_audit_row {
    char node[LIMIT_NAME + 1];
    uint64_t seq;
    int64_t time_s;
    char *actor, *verb, *object, *detail; /* detail: JSON */
    uint8_t previous[DIGEST_SHA256_SIZE], hash[DIGEST_SHA256_SIZE];
};
struct store_audit_list {
    struct store_audit_row *items;
    size_t n_items;
    bool more;
};
/* This node's chain, audit.h. */
MUST_CHECK enum status store_list_audit(struct store *s, uint64_t after_seq, size_t limit,
                                        struct store_audit_list *out);
/* Keep a signed statement that this node's chain has hash at seq: from now on it must, so that rows
 * cut off the end show. STATUS_CONFLICT: it does not. The same one again is kept once. */
MUST_CHECK enum status store_put_checkpoint(struct store *s, uint64_t seq,
                                            const uint8_t hash[static DIGEST_SHA256_SIZE],
                                            const char *token, int64_t now_s);
/* Recompute the chains. *broken_seq is 0 when whole, else the first row that does not fit, is
 * missing or is not what a checkpoint says; *last_seq: the last row of this node's chain that fits.
 */
MUST_CHECK enum status store_check_audit(struct store *s, uint64_t *broken_seq, uint64_t *last_seq);
void store_audit_list_clear(struct store_audit_list *l);

struct store_refusal {
    int64_t hour_s;
    char address[46];
    char ek_sha256[65]; /* hex or "" */
    char device[DEVICE_ID_SIZE];
    char code[64];
    uint64_t count;
};
struct store_refusal_list {
    struct store_refusal *items;
    size_t n_items;
};
/* Of enrolments (device == NULL) or of a device's attempts ("" for all). */
MUST_CHECK enum status store_list_refusals(struct store *s, const char *device, size_t limit,
                                           struct store_refusal_list *out);
void store_refusal_list_clear(struct store_refusal_list *l);

/* Events leave through an outbox that one sequencer numbers after commit. */
struct store_event {
    uint64_t seq;
    int64_t time_s;
    char *type;   /* "device.verdict", "device.enrolled", ... */
    char *object; /* device id */
    char *data;   /* JSON */
};
struct store_event_list {
    struct store_event *items;
    size_t n_items;
};
MUST_CHECK enum status store_sequence_events(struct store *s, size_t *n_numbered);
/* Numbered events above after_seq, oldest first: no later one ever appears among them. */
MUST_CHECK enum status store_list_events(struct store *s, uint64_t after_seq, size_t limit,
                                         struct store_event_list *out);
void store_event_list_clear(struct store_event_list *l);
