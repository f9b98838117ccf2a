-- SPDX-License-Identifier: Apache-2.0
-- From schema 3 to schema 4: what lets evidence of ended boots be dropped. boot_segment: the segments
-- that the rounds of a boot name, beside its ima_segment rows; a segment that neither table names any
-- more is emptied (size 0). first_version, last_version: the device's versions after the boot's rounds
-- whose evidence is kept; none is when first is above last; the last one is set when the boot ends.
-- n_joined: the IMA segments before this position were joined already, or are large.

PRAGMA user_version = 4;

CREATE TABLE boot_segment (
    boot INTEGER NOT NULL REFERENCES boot (id) ON DELETE CASCADE,
    sha256 BLOB NOT NULL REFERENCES segment (sha256),
    PRIMARY KEY (boot, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX boot_segment_by_segment ON boot_segment (sha256);
CREATE INDEX ima_segment_by_segment ON ima_segment (sha256);
INSERT OR IGNORE INTO boot_segment
    SELECT boot, boot_log FROM attestation WHERE boot_log IS NOT NULL;
INSERT OR IGNORE INTO boot_segment
    SELECT boot, userspace_log FROM attestation WHERE userspace_log IS NOT NULL;
INSERT OR IGNORE INTO boot_segment
    SELECT boot, ima_rest FROM attestation WHERE ima_rest IS NOT NULL;

ALTER TABLE boot ADD COLUMN first_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE boot ADD COLUMN last_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE boot ADD COLUMN n_joined INTEGER NOT NULL DEFAULT 0;
UPDATE boot SET first_version = r.first, last_version = r.last
    FROM (SELECT boot, min(version) AS first, max(version) AS last FROM attestation GROUP BY boot) r
    WHERE r.boot = boot.id;
CREATE INDEX boot_kept ON boot (opened_s) WHERE first_version <= last_version;
CREATE INDEX boot_to_join ON boot (id) WHERE n_ima_segments - n_joined >= 16;
