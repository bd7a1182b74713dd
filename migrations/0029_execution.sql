-- Failures since the last progress: they set the pause before the next call, and bound the calls.
ALTER TABLE execution ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
-- 0: no call can have had an effect. 1: those that may have are over, so that a read tells. 2: one may still have one.
ALTER TABLE execution ADD COLUMN doubt INTEGER NOT NULL DEFAULT 0;
-- When the target accepted the action without being done, and what it reported later, as JSON.
ALTER TABLE execution ADD COLUMN accepted_at INTEGER;
ALTER TABLE execution ADD COLUMN result TEXT;
-- What an incident without a rule is about: there is one open incident of each.
ALTER TABLE incident ADD COLUMN about TEXT;
CREATE UNIQUE INDEX incident_about ON incident (about) WHERE about IS NOT NULL AND status <> 'resolved';
CREATE INDEX incident_by_about ON incident (about) WHERE about IS NOT NULL;
CREATE INDEX request_vote_break_glass ON request_vote (request) WHERE break_glass = 1;
