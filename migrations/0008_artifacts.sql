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
	worst REAL,
	-- Some of the mismatches of the sample, and those that were found when somebody asked for an explanation.
	examples TEXT NOT NULL,
	asked TEXT NOT NULL DEFAULT '[]',
	reasons TEXT NOT NULL,
	replayed_at INTEGER NOT NULL,
	-- 1 from a mismatch on until it was judged and a later replay does not confirm it.
	standing INTEGER NOT NULL,
	judged_at INTEGER,
	PRIMARY KEY (model, environment, version, day_ms)
) WITHOUT ROWID;
CREATE INDEX replay_day_standing ON replay_day (model, environment) WHERE standing = 1;
CREATE INDEX replay_day_list ON replay_day (model, day_ms, environment, version);
-- Days whose rows, or whose artefact, changed since they were last replayed.
CREATE TABLE replay_due (
	series INTEGER NOT NULL,
	day_ms INTEGER NOT NULL,
	mark INTEGER NOT NULL,
	PRIMARY KEY (series, day_ms)
) WITHOUT ROWID;
INSERT INTO replay_due (series, day_ms, mark) SELECT DISTINCT c.series, c.day * 86400000, 1 FROM log_series s
	JOIN model_version v ON v.model = s.model AND v.version = s.version AND v.artifact IS NOT NULL
	JOIN log_chunk c ON c.series = s.id AND c.kind = 1 WHERE s.segment = '';
-- The log marks an hour when predictions come, and when features are joined to them later.
CREATE TRIGGER replay_due_new AFTER INSERT ON log_dirty
WHEN (SELECT segment FROM log_series WHERE id = NEW.series) = '' BEGIN
	INSERT INTO replay_due (series, day_ms, mark) VALUES (NEW.series, NEW.hour - NEW.hour % 86400000, 1)
		ON CONFLICT (series, day_ms) DO UPDATE SET mark = mark + 1; END;
CREATE TRIGGER replay_due_again AFTER UPDATE ON log_dirty
WHEN (SELECT segment FROM log_series WHERE id = NEW.series) = '' BEGIN
	INSERT INTO replay_due (series, day_ms, mark) VALUES (NEW.series, NEW.hour - NEW.hour % 86400000, 1)
		ON CONFLICT (series, day_ms) DO UPDATE SET mark = mark + 1; END;
