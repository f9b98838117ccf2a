/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the SQLite engine share: one connection that writes, a few that read, each with
 * its prepared statements. A verb is store_begin_write() or store_begin_read(), queries, and the
 * matching end; nothing else touches a connection.
 */
#pragma once

#include "base/cleanup.h"
#include "daemon/store_admin.h"
#include "daemon/store_sqlite_query.h"

#include <pthread.h>
#include <stdatomic.h>

#define STORE_READERS      8u
#define STORE_BUSY_MS      3000 /* how long one verb waits for another process's commit */
#define STORE_TEXTS_MAX    (16u * 1024u * 1024u) /* the JSON of one attestation */
#define STORE_PAUSE_MS     500  /* how long a checkpoint waits for readers to end */
#define STORE_WAL_FRAMES   4000 /* tend() checkpoints from here on: seldom, so each page seldom */
#define STORE_WAL_MAX      8000 /* readers pause for a checkpoint from here on */
#define CONNECTION_SQL_MAX 128u /* prepared statements of one connection, a power of two */

/* The end of this node's audit chain, as the running write transaction sees it. */
struct audit_head {
    bool known;
    uint64_t seq;
    uint8_t hash[DIGEST_SHA256_SIZE];
};

struct dictionaries;
struct notes;

struct store {
    char *path;
    char node[LIMIT_NAME + 1];
    atomic_bool failed;         /* a commit's outcome is unknown: closed for good */
    atomic_int n_wal_frames;    /* as of the last commit of ours */
    pthread_mutex_t turns_lock; /* whose turn it is: guards writing to taken */
    pthread_cond_t writer_free, reader_free, readers_gone;
    bool writing;
    bool pausing; /* no reader may begin */
    size_t n_taken;
    bool taken[STORE_READERS];
    int pause_at; /* frames of the WAL; the writer's, as is all up to head_before */
    struct connection writer;
    struct audit_head head, head_before;
    struct connection readers[STORE_READERS];
    struct notes *notes;
    struct dictionaries *dictionaries;
};

/* Make the file when there is none, with our mode. STATUS_DENIED, STATUS_IO. */
MUST_CHECK enum status connection_create_file(const char *path, struct diag *diag);
/* Open, without touching the file; connection_close() also after a failure. STATUS_DENIED: it may
 * only be read. A writer is configured by connection_use_wal(), once it is known to be ours. */
MUST_CHECK enum status connection_open_writer(const char *path, struct connection *c);
MUST_CHECK enum status connection_open_reader(const char *path, struct connection *c);
MUST_CHECK enum status connection_use_wal(struct connection *c, struct diag *diag);
void connection_close(struct connection *c);

/* Take the writer and begin a transaction that no other process's can cross. STATUS_BUSY: another
 * thread or process held it for STORE_BUSY_MS. STATUS_STORE: closed for good, or refused. */
MUST_CHECK enum status store_begin_write(struct store *s, struct connection **out);
/* Commit when so_far is STATUS_OK, else roll back and return it. STATUS_UNCERTAIN closes the store.
 * An unreadable row (STATUS_MALFORMED) leaves both ends as STATUS_STORE. */
MUST_CHECK enum status store_end_write(struct store *s, enum status so_far);
/* A reader with one consistent view. STATUS_BUSY: all were taken for STORE_BUSY_MS. */
MUST_CHECK enum status store_begin_read(struct store *s, struct connection **out);
MUST_CHECK enum status store_end_read(struct store *s, struct connection *c, enum status so_far);
/* A part of a write transaction that may fail by itself: unless so_far is STATUS_OK its writes are
 * undone. Any status but STATUS_OK: the whole transaction is lost. */
MUST_CHECK enum status store_begin_member(struct store *s);
MUST_CHECK enum status store_end_member(struct store *s, enum status so_far);

/* ---- what the nouns lend one another; all inside the caller's transaction ---- */

MUST_CHECK enum status store_add_audit(struct store *s, const struct store_actor *who,
                                       const char *verb, const char *object, struct buffer *detail);
MUST_CHECK enum status store_add_event(struct connection *c, int64_t time_s, const char *type,
                                       const char *object, struct buffer *data);
/* A log on its way in: hashed, and compressed unless it is held. Made outside of a transaction. */
struct segment {
    bool present;
    bool held;
    size_t size;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    struct buffer frame;
};
MUST_CHECK enum status store_make_segment(struct connection *c, struct bytes log,
                                          struct segment *out);
void store_free_segment(struct segment *g);
MUST_CHECK enum status store_add_segment(struct connection *c, const struct segment *g);
/* A segment by its digest, at most room bytes; the first size bytes of a boot's IMA list. Appended.
 * STATUS_NOT_FOUND, STATUS_LIMIT, STATUS_MALFORMED. */
MUST_CHECK enum status store_load_segment(struct connection *c, struct bytes sha256, size_t room,
                                          struct buffer *out);
MUST_CHECK enum status store_load_ima(struct connection *c, uint64_t boot, uint64_t size,
                                      struct buffer *out);
/* Frames of one round, against the dictionary that fits; id 0: none does. */
struct framed {
    uint64_t dictionary;
    size_t texts_size, evidence_size;
    struct buffer texts, evidence;
    struct buffer sample;    /* when this round is to be a dictionary itself, else empty */
    struct dictionary *made; /* of sample: for use once it is stored */
};
/* Those kept last. STATUS_NOMEM. */
MUST_CHECK enum status store_open_dictionaries(struct store *s);
void store_free_dictionaries(struct dictionaries *d);
/* Of the texts and the evidence of round, outside of a write transaction. STATUS_LIMIT: more than
 * STORE_TEXTS_MAX; STATUS_NOMEM. */
MUST_CHECK enum status store_make_frames(struct store *s, struct compress *z,
                                         const struct store_round *round, struct framed *out);
void store_free_frames(struct framed *f);
/* Keep a sample, as *id; and once that is committed, use what was made of it from now on. */
MUST_CHECK enum status store_add_dictionary(struct connection *c, int64_t now_s,
                                            struct bytes sample, uint64_t *id);
void store_use_dictionary(struct store *s, uint64_t id, struct framed *f);
/* Remember that device has sent a whole log; ask whether it has. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_hold_log(struct connection *c, const char *device,
                                      const uint8_t sha256[static DIGEST_SHA256_SIZE]);
MUST_CHECK enum status store_find_log(struct connection *c, const char *device,
                                      const uint8_t sha256[static DIGEST_SHA256_SIZE]);
/* Notes of refusals, gathered in memory; flush writes them, once a second or at once. */
MUST_CHECK enum status store_new_notes(struct notes **out);
void store_free_notes(struct notes *notes);
void store_flush_notes(struct store *s, bool at_once);
/* Rows of key, value: the labels in one allocation, so that one free() releases them. Ends q. */
MUST_CHECK enum status store_load_labels(struct query *q, struct label **out, size_t *n_out);
/* As a JSON object, with a NUL behind. */
MUST_CHECK enum status store_encode_labels(const struct label *labels, size_t n,
                                           struct buffer *out);
/* A token that is neither expired nor used up; take one use of a join token. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_load_token(struct connection *c, enum store_token_kind kind,
                                        const uint8_t sha256[static DIGEST_SHA256_SIZE],
                                        int64_t now_s, struct store_token *out);
MUST_CHECK enum status store_spend_token(struct connection *c,
                                         const uint8_t sha256[static DIGEST_SHA256_SIZE],
                                         int64_t now_s);
/* PCR values as they are kept: be16 algorithm, be32 bitmap, then the values of the PCRs present. */
bool store_parse_pcrs(struct bytes in, struct subject_pcrs *out);
MUST_CHECK enum status store_put_perspectives(struct connection *c, const struct store_round *r);
/* Replace a device's labels. STATUS_LIMIT. */
MUST_CHECK enum status store_put_labels(struct connection *c, const char *device,
                                        const struct label *labels, size_t n);
/* Device of an EK. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_load_owner(struct connection *c,
                                        const uint8_t ek_sha256[static DIGEST_SHA256_SIZE],
                                        char id[static DEVICE_ID_SIZE]);
