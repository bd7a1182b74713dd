-- Ids of erased predictions, which are refused from then on: the same two hashes as in the key index and the join index.
CREATE TABLE log_refused_id (
	model TEXT NOT NULL,
	hash INTEGER NOT NULL,
	checked INTEGER NOT NULL,
	PRIMARY KEY (model, hash, checked)
) WITHOUT ROWID;
-- Erasures. What names the subject is kept until the last value is destroyed, so that a process that starts again can finish.
CREATE TABLE erasure (
	id TEXT PRIMARY KEY,
	pending TEXT,
	-- A keyed digest of the subject.
	digest TEXT NOT NULL,
	entry INTEGER NOT NULL,
	counts TEXT NOT NULL,
	started_at INTEGER NOT NULL,
	finished_at INTEGER
) WITHOUT ROWID;
CREATE INDEX erasure_open ON erasure (started_at) WHERE finished_at IS NULL;
-- Legal holds on a subject or a model. The subject is kept in clear while the hold is in force, as its rows are.
CREATE TABLE hold (
	id TEXT PRIMARY KEY,
	subject TEXT,
	model TEXT,
	-- For a subject: globs of the models that the hold covers.
	models TEXT NOT NULL,
	reason TEXT NOT NULL,
	author TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	until_at INTEGER,
	lifted_at INTEGER
) WITHOUT ROWID;
-- Zeros that overwrite free pages of the file for a moment.
CREATE TABLE log_scrub (bytes BLOB NOT NULL);
