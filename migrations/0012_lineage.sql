-- What a version came from, by what it is asked for: a look-up reads no other version. `source`: who says so.
CREATE TABLE lineage_link (
	kind TEXT NOT NULL,
	value TEXT NOT NULL,
	model TEXT NOT NULL,
	version TEXT NOT NULL,
	source TEXT NOT NULL,
	PRIMARY KEY (kind, value, model, version)
) WITHOUT ROWID;
INSERT OR IGNORE INTO lineage_link
	SELECT 'artifact', json_extract(artifact, '$.sha256'), model, version, 'version' FROM model_version
	WHERE json_extract(artifact, '$.sha256') IS NOT NULL;
INSERT OR IGNORE INTO lineage_link
	SELECT e.key, CASE e.key WHEN 'commit' THEN lower(e.value) ELSE e.value END, v.model, v.version, 'version'
	FROM model_version v, json_each(v.lineage) e
	WHERE e.type = 'text' AND e.key IN ('run', 'dataset', 'commit', 'image');
-- Parts by which a whole is asked for too: the fingerprint of a data set, the digest of an image, the bare id of a run.
INSERT OR IGNORE INTO lineage_link
	SELECT kind, substr(value, instr(value, '@') + 1), model, version, source FROM lineage_link
	WHERE kind IN ('dataset', 'image') AND instr(value, '@') > 1 AND instr(value, '@') < length(value);
INSERT OR IGNORE INTO lineage_link
	SELECT kind, substr(value, 1, instr(value, '@') - 1), model, version, source FROM lineage_link
	WHERE kind IN ('dataset', 'image') AND instr(value, '@') > 1 AND instr(value, '@') < length(value);
INSERT OR IGNORE INTO lineage_link
	SELECT kind, substr(value, 8), model, version, source FROM lineage_link
	WHERE kind = 'run' AND value LIKE 'mlflow:_%';
-- What a tracking server said of a run, each time that it said something else.
CREATE TABLE training_run (
	run TEXT NOT NULL,
	read_at INTEGER NOT NULL,
	content TEXT NOT NULL,
	confirmed_at INTEGER NOT NULL,
	PRIMARY KEY (run, read_at)
) WITHOUT ROWID;
-- Which rules were in force from when on: a set may come back.
CREATE TABLE rule_use (
	at INTEGER PRIMARY KEY,
	digest TEXT NOT NULL
);
INSERT OR IGNORE INTO rule_use SELECT first_used_at, digest FROM rule_set ORDER BY first_used_at;
CREATE INDEX request_model ON request (model, environment, created_at);
-- Of two messages on one thing the second waits until the first is done.
ALTER TABLE outbox ADD COLUMN after TEXT;
