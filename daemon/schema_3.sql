-- SPDX-License-Identifier: Apache-2.0
-- From schema 2 to schema 3: what a device announced of its next boot, as JSON; NULL: nothing that a
-- boot could still be explained by.

PRAGMA user_version = 3;

ALTER TABLE device ADD COLUMN announcement TEXT;
