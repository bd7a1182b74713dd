-- All statistics of one series in one window, packed. The record in force has no superseded_at.
CREATE TABLE metric_record (
	series INTEGER NOT NULL,
	hours INTEGER NOT NULL,
	from_ms INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	computed_at INTEGER NOT NULL,
	provisional INTEGER NOT NULL,
	baseline TEXT,
	bytes BLOB NOT NULL,
	superseded_at INTEGER,
	PRIMARY KEY (series, hours, from_ms, revision)
) WITHOUT ROWID;
CREATE INDEX metric_record_provisional ON metric_record (hours, from_ms) WHERE provisional = 1;
-- The latest change of each window, for whoever follows what was computed: numbers only grow.
CREATE TABLE metric_change (
	sequence INTEGER PRIMARY KEY AUTOINCREMENT,
	series INTEGER NOT NULL,
	hours INTEGER NOT NULL,
	from_ms INTEGER NOT NULL,
	UNIQUE (series, hours, from_ms)
);
-- The profile of each computed day, so that a week is a sum of seven and not of 168.
CREATE TABLE metric_day (
	series INTEGER NOT NULL,
	day_ms INTEGER NOT NULL,
	grid TEXT NOT NULL,
	bytes BLOB NOT NULL,
	PRIMARY KEY (series, day_ms)
) WITHOUT ROWID;
