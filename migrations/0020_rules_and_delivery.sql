-- What the running service has in force, for commands beside it: the digest of its rules, whether it has Slack.
CREATE TABLE service_state (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL,
	at INTEGER NOT NULL
) WITHOUT ROWID;
-- Rows that were refused, by the hour in which they came. The code '' counts the rows that were taken beside them.
CREATE TABLE rejected_row (
	model TEXT NOT NULL,
	hour_ms INTEGER NOT NULL,
	environment TEXT NOT NULL,
	code TEXT NOT NULL,
	rows INTEGER NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (model, hour_ms, environment, code)
) WITHOUT ROWID;
-- Since when a changed window waits to be evaluated, and when it changed last.
ALTER TABLE rule_waiting ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rule_waiting ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
