-- SPDX-License-Identifier: Apache-2.0
-- From schema 1 to schema 2: all that a round was appraised from. ak_serial: of the device's AK that
-- signed, NULL where it was not yet kept. ima_rest: what was sent behind the proven entries. generation:
-- that which the boot's components come from, "" when it matched none that has a name;
-- last_generation: that of the boot before it. No query looks for the verdict of a device's row.

PRAGMA user_version = 2;

ALTER TABLE attestation ADD COLUMN ak_serial INTEGER;
ALTER TABLE attestation ADD COLUMN ima_rest BLOB REFERENCES segment (sha256);
ALTER TABLE boot ADD COLUMN generation TEXT NOT NULL DEFAULT '';
ALTER TABLE boot ADD COLUMN last_generation TEXT NOT NULL DEFAULT '';
DROP INDEX device_by_verdict;
