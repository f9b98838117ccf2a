-- SPDX-License-Identifier: Apache-2.0
-- Schema 1 of the embedded store. A word here is the word of the API; times are unix seconds unless
-- named _ms; digests are raw SHA-256. 64-bit counters of a TPM are kept as the same 64 bits, signed.
-- Applied whole, in one transaction, to an empty file.

PRAGMA application_id = 1635021668;
PRAGMA user_version = 1;

-- node: this file's name in the audit chain. generation: rises with every change of what is active.
CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    node TEXT NOT NULL,
    generation INTEGER NOT NULL
) STRICT;

-- ---- devices ----

-- version: of the row; every change raises it, and every change is conditional on it. spent_ms: issue
-- time of the last challenge spent. clock_ms to firmware_version: the ledger, NULL before the first
-- round. verdict: the worst of its perspectives.
CREATE TABLE device (
    id TEXT PRIMARY KEY,
    ueid BLOB NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    genuine TEXT NOT NULL,
    member_by TEXT NOT NULL,
    verdict TEXT NOT NULL,
    ek_sha256 BLOB NOT NULL,
    ak_serial INTEGER NOT NULL,
    created_s INTEGER NOT NULL,
    enrolled_s INTEGER NOT NULL,
    attested_s INTEGER NOT NULL,
    spent_ms INTEGER NOT NULL,
    boot INTEGER REFERENCES boot (id),
    clock_ms INTEGER,
    reset_count INTEGER,
    restart_count INTEGER,
    safe INTEGER,
    firmware_version INTEGER,
    name TEXT,
    tpm TEXT
) STRICT;
CREATE INDEX device_by_state ON device (state, id);
CREATE INDEX device_by_verdict ON device (verdict, id);

CREATE TABLE device_label (
    device TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (device, key)
) STRICT, WITHOUT ROWID;

-- Every EK ever seen, and whose it is. certificate: DER, NULL when none was sent.
CREATE TABLE ek (
    sha256 BLOB PRIMARY KEY,
    device TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    seen_s INTEGER NOT NULL,
    proven INTEGER NOT NULL,
    certificate BLOB
) STRICT;
CREATE INDEX ek_by_device ON ek (device);

-- Every AK ever enrolled; device.ak_serial is the current one. sha256: of the TPMT_PUBLIC; one AK is
-- one TPM's, so a second device with it is the same machine.
CREATE TABLE ak (
    device TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    serial INTEGER NOT NULL,
    sha256 BLOB NOT NULL UNIQUE,
    public BLOB NOT NULL,
    since_s INTEGER NOT NULL,
    retired_s INTEGER,
    PRIMARY KEY (device, serial)
) STRICT;

CREATE TABLE perspective (
    device TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    verdict TEXT NOT NULL,
    since_s INTEGER NOT NULL,
    expires_s INTEGER NOT NULL,
    attestation TEXT NOT NULL,
    PRIMARY KEY (device, name)
) STRICT, WITHOUT ROWID;

-- PCR values of the last round that every perspective trusted.
CREATE TABLE last_good (
    device TEXT PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
    pcrs BLOB NOT NULL
) STRICT;

-- ---- boots, segments, rounds ----

-- Log bytes by content, compressed with zstd. size: before compression.
CREATE TABLE segment (
    sha256 BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;

-- Which whole logs a device has sent, so that it may send them by reference.
CREATE TABLE held_log (
    device TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    sha256 BLOB NOT NULL REFERENCES segment (sha256),
    PRIMARY KEY (device, sha256)
) STRICT, WITHOUT ROWID;

-- state: replay state after the last quoted prefix. boot_log, pcrs: as of the last round; pcrs as in
-- last_good, NULL when no bank that carries trust was quoted. ima_size: bytes of all its IMA segments.
CREATE TABLE boot (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    opened_s INTEGER NOT NULL,
    reset_count INTEGER NOT NULL,
    restart_count INTEGER NOT NULL,
    boot_log BLOB REFERENCES segment (sha256),
    ima_size INTEGER NOT NULL,
    n_ima_segments INTEGER NOT NULL,
    state BLOB NOT NULL,
    pcrs BLOB
) STRICT;
CREATE INDEX boot_by_device ON boot (device);

CREATE TABLE ima_segment (
    boot INTEGER NOT NULL REFERENCES boot (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    sha256 BLOB NOT NULL REFERENCES segment (sha256),
    PRIMARY KEY (boot, position)
) STRICT, WITHOUT ROWID;

-- One appraised round and what its verdict came from. version: the device's after it, so it orders a
-- device's rounds. ima_size: how much of the boot's IMA list was proven by then (bytes, so that small
-- segments may be joined later). evidence: the small members as they were received. texts: the JSON of
-- the appraisal and of its inputs, a NUL behind each, compressed with zstd from texts_size bytes.
CREATE TABLE attestation (
    id TEXT PRIMARY KEY,
    device TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    time_s INTEGER NOT NULL,
    evidence_s INTEGER NOT NULL,
    expires_s INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    boot INTEGER NOT NULL REFERENCES boot (id),
    boot_log BLOB REFERENCES segment (sha256),
    ima_size INTEGER NOT NULL,
    userspace_log BLOB REFERENCES segment (sha256),
    pcrs BLOB NOT NULL,
    result TEXT NOT NULL,
    evidence BLOB NOT NULL,
    texts_size INTEGER NOT NULL,
    texts BLOB NOT NULL,
    UNIQUE (device, version)
) STRICT;

-- ---- documents and tokens ----

CREATE TABLE document (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    active INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    perspective TEXT NOT NULL,
    put_s INTEGER NOT NULL,
    put_by TEXT NOT NULL,
    text BLOB NOT NULL,
    PRIMARY KEY (kind, id, version)
) STRICT;
CREATE UNIQUE INDEX document_active ON document (kind, id) WHERE active = 1;

-- sha256: of the secret, which is kept nowhere. granted: a relying party's perspectives, a blank
-- between them.
CREATE TABLE token (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    sha256 BLOB NOT NULL UNIQUE,
    roles INTEGER NOT NULL,
    granted TEXT NOT NULL,
    uses_left INTEGER NOT NULL,
    description TEXT,
    created_s INTEGER NOT NULL,
    expires_s INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

CREATE TABLE token_label (
    kind TEXT NOT NULL,
    token TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, token, key),
    FOREIGN KEY (kind, token) REFERENCES token (kind, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- ---- audit, refusals, events ----

-- hash = SHA-256 over deterministic CBOR [node, seq, time_s, actor, verb, object, detail, previous];
-- previous is the hash of seq - 1 of the same node, zeros for seq 1. Never updated, never deleted.
CREATE TABLE audit (
    node TEXT NOT NULL,
    seq INTEGER NOT NULL,
    time_s INTEGER NOT NULL,
    actor TEXT NOT NULL,
    verb TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (node, seq)
) STRICT, WITHOUT ROWID;

-- A signed statement that the chain of node had hash at seq.
CREATE TABLE audit_checkpoint (
    node TEXT NOT NULL,
    seq INTEGER NOT NULL,
    time_s INTEGER NOT NULL,
    hash BLOB NOT NULL,
    token TEXT NOT NULL,
    PRIMARY KEY (node, seq)
) STRICT, WITHOUT ROWID;

-- What was refused before anything could be said of a device, counted by the hour. kind: enrollment
-- or attempt. subject: the EK's digest in hex, or a device known here; "" for none.
CREATE TABLE refusal (
    kind TEXT NOT NULL,
    hour_s INTEGER NOT NULL,
    subject TEXT NOT NULL,
    address TEXT NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (kind, hour_s, subject, address, code)
) STRICT, WITHOUT ROWID;

-- What happened, in the transaction in which it did; the sequencer moves it to event.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_s INTEGER NOT NULL,
    type TEXT NOT NULL,
    object TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT;

-- Numbered after commit: a reader who has seen seq has seen all below it.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time_s INTEGER NOT NULL,
    type TEXT NOT NULL,
    object TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT;
