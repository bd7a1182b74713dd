-- The model file of a version, once its bytes are stored. A version that was registered without one is bound to the first.
CREATE TABLE version_artifact (
	model TEXT NOT NULL,
	version TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	format TEXT NOT NULL,
	bytes INTEGER NOT NULL,
	stored_at INTEGER NOT NULL,
	PRIMARY KEY (model, version)
) WITHOUT ROWID;
-- How the logged scores of one day compare with what the registered artefact answers for the logged features.
CREATE TABLE replay_day (
	model TEXT NOT NULL,
	environment TEXT NOT NULL,
	version TEXT NOT NULL,
	day_ms INTEGER NOT NULL,
	sha256 TEXT NOT NULL,
	rows INTEGER NOT NULL,
	sampled INTEGER NOT NULL,
	matched INTEGER NOT NULL,
	mismatched INTEGER NOT NULL,
	unavailable INTEGER NOT NULL,
	-- Mismatches that were found outside the sample, when somebody asked for an explanation.
	asked INTEGER NOT NULL DEFAULT 0,
	worst REAL,
	examples TEXT NOT NULL,
	reasons TEXT NOT NULL,
	replayed_at INTEGER NOT NULL,
	-- 0: nothing to judge. 1: a mismatch that no rule has seen. 2: one that was judged and that no later replay contradicts.
	standing INTEGER NOT NULL,
	PRIMARY KEY (model, environment, version, day_ms)
) WITHOUT ROWID;
CREATE INDEX replay_day_standing ON replay_day (standing) WHERE standing > 0;
CREATE INDEX replay_day_list ON replay_day (model, day_ms, environment, version);
-- Days whose rows, or whose artefact, changed since they were last replayed.
CREATE TABLE replay_due (
	series INTEGER NOT NULL,
	day_ms INTEGER NOT NULL,
	mark INTEGER NOT NULL,
	PRIMARY KEY (series, day_ms)
) WITHOUT ROWID;
-- The log marks an hour when predictions come, and when features are joined to them later.
CREATE TRIGGER replay_due_new AFTER INSERT ON log_dirty
WHEN (SELECT segment FROM log_series WHERE id = NEW.series) = '' BEGIN
	INSERT INTO replay_due (series, day_ms, mark) VALUES (NEW.series, NEW.hour - NEW.hour % 86400000, 1)
		ON CONFLICT (series, day_ms) DO UPDATE SET mark = mark + 1; END;
CREATE TRIGGER replay_due_again AFTER UPDATE ON log_dirty
WHEN (SELECT segment FROM log_series WHERE id = NEW.series) = '' BEGIN
	INSERT INTO replay_due (series, day_ms, mark) VALUES (NEW.series, NEW.hour - NEW.hour % 86400000, 1)
		ON CONFLICT (series, day_ms) DO UPDATE SET mark = mark + 1; END;
