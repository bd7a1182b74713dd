-- What joining an outcome to a prediction takes of it, a chunk of predictions a row.
CREATE TABLE log_brief (chunk INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
-- Additive tallies of predictions with their outcomes; `chunk` tells apart the deltas of one window.
CREATE TABLE log_tally (
	series INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	chunk INTEGER NOT NULL,
	bytes BLOB NOT NULL
);
-- Beside the table: late outcomes touch hundreds of windows in a commit, whose tallies are then written in one place.
CREATE UNIQUE INDEX log_tally_window ON log_tally (series, hour, chunk);
CREATE TABLE log_tally_dirty (
	series INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	mark INTEGER NOT NULL,
	PRIMARY KEY (series, hour)
) WITHOUT ROWID;
-- Outcomes whose prediction has not come: how many distinct predictions they name.
CREATE TABLE log_outcome_waiting (model TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
-- Groups of predictions that were not known when these came, and predictions that wait for a group of their subject.
CREATE TABLE log_group (
	chunk INTEGER NOT NULL,
	row INTEGER NOT NULL,
	groups TEXT NOT NULL,
	PRIMARY KEY (chunk, row)
) WITHOUT ROWID;
CREATE TABLE log_group_waiting (
	model TEXT NOT NULL,
	subject TEXT NOT NULL,
	chunk INTEGER NOT NULL,
	row INTEGER NOT NULL,
	PRIMARY KEY (model, subject, chunk, row)
) WITHOUT ROWID;
CREATE INDEX log_group_waiting_chunk ON log_group_waiting (chunk);
-- Chunks of predictions that were stored before outcomes were tallied.
INSERT INTO log_state (key, value) SELECT 'tally_from', coalesce(max(id), 0) + 1 FROM log_chunk;
-- What is known of a window by its outcomes. The record in force has no superseded_at.
CREATE TABLE outcome_record (
	series INTEGER NOT NULL,
	hours INTEGER NOT NULL,
	from_ms INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	computed_at INTEGER NOT NULL,
	provisional INTEGER NOT NULL,
	mature_at INTEGER,
	labelled INTEGER NOT NULL,
	reason TEXT,
	baseline TEXT,
	bytes BLOB NOT NULL,
	superseded_at INTEGER,
	PRIMARY KEY (series, hours, from_ms, revision)
) WITHOUT ROWID;
CREATE INDEX outcome_record_provisional ON outcome_record (hours, from_ms) WHERE provisional = 1;
CREATE INDEX outcome_record_maturing ON outcome_record (mature_at) WHERE mature_at IS NOT NULL;
ALTER TABLE model ADD COLUMN bands TEXT NOT NULL DEFAULT '{}';
ALTER TABLE model ADD COLUMN maturity TEXT NOT NULL DEFAULT '{"coverage":0.8,"delay":"30d"}';
-- What is known of a version's baseline by its actuals: how scores and outcomes go together.
ALTER TABLE baseline ADD COLUMN tally BLOB;
-- The tally of each computed day, so that a week is a sum of seven and not of 168.
CREATE TABLE outcome_day (
	series INTEGER NOT NULL,
	day_ms INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	PRIMARY KEY (series, day_ms)
) WITHOUT ROWID;
-- Errors of outcomes in the order in which they were stored, until the detectors have taken them.
CREATE TABLE log_error (
	series INTEGER NOT NULL,
	chunk INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	PRIMARY KEY (series, chunk)
) WITHOUT ROWID;
CREATE TABLE concept_state (series INTEGER PRIMARY KEY, state TEXT NOT NULL, revision INTEGER NOT NULL);
-- What the detectors found among the outcomes that became known on a day.
CREATE TABLE concept_day (
	series INTEGER NOT NULL,
	day_ms INTEGER NOT NULL,
	n INTEGER NOT NULL,
	error REAL NOT NULL,
	changes TEXT NOT NULL,
	PRIMARY KEY (series, day_ms)
) WITHOUT ROWID;
-- What the value of an alert is known to be by now, where late rows or outcomes changed it.
ALTER TABLE alert ADD COLUMN restated REAL;
-- Values of sensitive attributes that are groups of their own.
CREATE TABLE log_group_value (
	model TEXT NOT NULL,
	attribute TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (model, attribute, value)
) WITHOUT ROWID;
