-- SPDX-License-Identifier: Apache-2.0
-- From schema 4 to schema 5: how a verdict ages, and which do not count. expires_s: until then it holds
-- as it is; lapses_s: from then on there is none; between the two, where policy only warns of old
-- evidence, it is a warning at best. trial: judged and shown, but no verdict of the device.

PRAGMA user_version = 5;

ALTER TABLE perspective ADD COLUMN lapses_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE perspective ADD COLUMN trial INTEGER NOT NULL DEFAULT 0;
UPDATE perspective SET lapses_s = expires_s;
