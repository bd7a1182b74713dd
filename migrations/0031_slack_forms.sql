-- Forms that were opened in Slack: for whom, about what, and what was shown. Slack carries only their ids.
CREATE TABLE slack_form (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	actor TEXT NOT NULL,
	about TEXT NOT NULL,
	-- The digest of the action that was shown.
	shown TEXT,
	-- Where the answer goes, as JSON.
	place TEXT,
	expires_at INTEGER NOT NULL,
	used_at INTEGER
) WITHOUT ROWID;
CREATE INDEX slack_form_expires ON slack_form (expires_at);
-- When an event was handled; null while it is, or if the process died with it.
ALTER TABLE slack_replay ADD COLUMN handled_at INTEGER;
