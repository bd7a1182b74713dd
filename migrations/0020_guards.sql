-- What each file of the archive has to be, so that a damaged one is never parsed. Files from before have no row.
CREATE TABLE log_archive (
	file TEXT PRIMARY KEY,
	bytes INTEGER NOT NULL,
	sha256 TEXT NOT NULL
) WITHOUT ROWID;

-- Counts up while its holder lives: who wants the lease watches it, since clocks may jump.
ALTER TABLE lease ADD COLUMN renewals INTEGER NOT NULL DEFAULT 0;

-- Milliseconds since the epoch; null: it does not expire.
ALTER TABLE slack_user ADD COLUMN expires_at INTEGER;
ALTER TABLE slack_user ADD COLUMN created_at INTEGER;
