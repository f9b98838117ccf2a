-- SPDX-License-Identifier: Apache-2.0
-- From schema 5 to schema 6: rounds that are much alike in little room. dictionary: what their frames are
-- compressed against, the texts and evidence of one of them; never changed, and kept as long as the
-- results. texts holds the token too, and result is empty; evidence_size: evidence is a frame of so many
-- bytes, 0: as it is. PCR values are in the texts and in the evidence.

PRAGMA user_version = 6;

CREATE TABLE dictionary (
    id INTEGER PRIMARY KEY,
    made_s INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

ALTER TABLE attestation ADD COLUMN dictionary INTEGER REFERENCES dictionary (id);
ALTER TABLE attestation ADD COLUMN evidence_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attestation DROP COLUMN pcrs;
