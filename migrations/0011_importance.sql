-- Hours whose rows changed since their contributions were summed.
CREATE TABLE attribution_dirty (
	series INTEGER NOT NULL,
	hour_ms INTEGER NOT NULL,
	mark INTEGER NOT NULL,
	PRIMARY KEY (series, hour_ms)
) WITHOUT ROWID;
-- How far metric_change was followed.
CREATE TABLE attribution_state (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
-- Sums of the contributions of a sample of an hour's rows. `source`: the digest of the model, or `sent`; `none` where there was
-- nothing to explain by, and such hours are looked at again once the version has a model; `unexplained` where its model is one
-- that cannot be explained exactly.
CREATE TABLE attribution_hour (
	series INTEGER NOT NULL,
	hour_ms INTEGER NOT NULL,
	source TEXT NOT NULL,
	bytes BLOB NOT NULL,
	PRIMARY KEY (series, hour_ms)
) WITHOUT ROWID;
CREATE INDEX attribution_hour_none ON attribution_hour (series) WHERE source = 'none';
-- What is known of a window by its contributions. The record in force has no superseded_at.
CREATE TABLE attribution_record (
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
CREATE INDEX attribution_record_provisional ON attribution_record (hours, from_ms) WHERE provisional = 1;
-- Some rows of a baseline as they were given, for what profiles cannot answer: what the model makes of them.
CREATE TABLE baseline_sample (
	model TEXT NOT NULL,
	version TEXT NOT NULL,
	digest TEXT NOT NULL,
	rows INTEGER NOT NULL,
	content TEXT NOT NULL,
	PRIMARY KEY (model, version, digest)
) WITHOUT ROWID;
