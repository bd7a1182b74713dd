CREATE TABLE access_key (
	id TEXT PRIMARY KEY,
	hash TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	role TEXT NOT NULL,
	models TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER,
	revoked_at INTEGER
);
CREATE TABLE model (
	name TEXT PRIMARY KEY,
	task TEXT NOT NULL,
	owner TEXT,
	risk_tier TEXT,
	tags TEXT NOT NULL,
	positive_label TEXT,
	threshold REAL,
	sensitive TEXT NOT NULL,
	segments TEXT NOT NULL,
	upstreams TEXT NOT NULL,
	retention_ms INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	revision INTEGER NOT NULL
);
CREATE TABLE model_version (
	model TEXT NOT NULL REFERENCES model (name),
	version TEXT NOT NULL,
	features TEXT NOT NULL,
	artifact TEXT,
	manifest TEXT,
	lineage TEXT,
	metrics TEXT,
	created_at INTEGER NOT NULL,
	PRIMARY KEY (model, version)
);
CREATE TABLE baseline (
	model TEXT NOT NULL,
	version TEXT NOT NULL,
	digest TEXT NOT NULL,
	rows INTEGER NOT NULL,
	grid BLOB NOT NULL,
	profile BLOB NOT NULL,
	summary TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	replaced_at INTEGER,
	PRIMARY KEY (model, version, digest)
);
CREATE TABLE deployment (
	model TEXT NOT NULL REFERENCES model (name),
	environment TEXT NOT NULL,
	revision INTEGER NOT NULL,
	champion TEXT NOT NULL,
	challenger TEXT,
	canary TEXT,
	since INTEGER NOT NULL,
	PRIMARY KEY (model, environment, revision)
);
CREATE TABLE ledger_entry (
	idx INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	object TEXT NOT NULL,
	model TEXT,
	entry TEXT NOT NULL,
	leaf_hash BLOB NOT NULL
);
CREATE INDEX ledger_entry_object ON ledger_entry (object, idx);
CREATE INDEX ledger_entry_model ON ledger_entry (model, idx);
-- A compare-and-set that changed nothing inserts 0 here, which fails the whole batch.
CREATE TABLE guard (ok INTEGER NOT NULL CHECK (ok = 1));
CREATE TRIGGER guard_stays_empty AFTER INSERT ON guard BEGIN DELETE FROM guard; END;
CREATE TABLE lease (
	name TEXT PRIMARY KEY,
	owner TEXT NOT NULL,
	fence INTEGER NOT NULL,
	until INTEGER NOT NULL
);
CREATE TABLE job_run (
	id TEXT PRIMARY KEY,
	job TEXT NOT NULL,
	started_at INTEGER NOT NULL,
	finished_at INTEGER,
	status TEXT NOT NULL,
	error TEXT,
	detail TEXT
);
CREATE INDEX job_run_job ON job_run (job, started_at);
-- When each job is due, and since when a process has been there to run it.
CREATE TABLE job_schedule (
	job TEXT PRIMARY KEY,
	cron TEXT NOT NULL,
	since INTEGER NOT NULL
);
