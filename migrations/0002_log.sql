CREATE TABLE log_state (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE log_grid (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE);
CREATE TABLE log_series (
	id INTEGER PRIMARY KEY,
	model TEXT NOT NULL,
	version TEXT NOT NULL,
	environment TEXT NOT NULL,
	segment TEXT NOT NULL,
	value TEXT NOT NULL,
	UNIQUE (model, version, environment, segment, value)
);
-- Rows as columns. A chunk holds one kind of row of one series and one UTC day.
CREATE TABLE log_chunk (
	id INTEGER PRIMARY KEY,
	kind INTEGER NOT NULL,
	series INTEGER NOT NULL,
	day INTEGER NOT NULL,
	rows INTEGER NOT NULL,
	from_ms INTEGER NOT NULL,
	to_ms INTEGER NOT NULL,
	grid INTEGER,
	ids BLOB,
	body BLOB,
	file TEXT,
	file_row INTEGER
);
CREATE INDEX log_chunk_series ON log_chunk (series, day);
-- Where the rows of a chunk went that was folded into a larger one.
CREATE TABLE log_alias (
	id INTEGER PRIMARY KEY,
	target INTEGER NOT NULL,
	first INTEGER NOT NULL,
	rows INTEGER NOT NULL
);
CREATE INDEX log_alias_target ON log_alias (target);
-- Predictions that came without features, waiting for a feature log of their subject; and what was joined.
CREATE TABLE log_waiting (
	model TEXT NOT NULL,
	subject TEXT NOT NULL,
	at INTEGER NOT NULL,
	chunk INTEGER NOT NULL,
	row INTEGER NOT NULL,
	PRIMARY KEY (model, subject, at, chunk, row)
) WITHOUT ROWID;
CREATE TABLE log_join (
	chunk INTEGER NOT NULL,
	row INTEGER NOT NULL,
	feature_chunk INTEGER NOT NULL,
	feature_row INTEGER NOT NULL,
	PRIMARY KEY (chunk, row)
) WITHOUT ROWID;
-- Sorted runs of key hashes, written by the one process that holds the keys in memory.
CREATE TABLE log_key_run (
	id INTEGER PRIMARY KEY,
	entries INTEGER NOT NULL,
	last_chunk INTEGER NOT NULL,
	ready INTEGER NOT NULL,
	filter BLOB
);
CREATE TABLE log_key_page (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, bytes BLOB NOT NULL);
-- Additive deltas of window profiles; `chunk` tells apart the deltas of one window.
CREATE TABLE log_profile (
	series INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	grid INTEGER NOT NULL,
	chunk INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	PRIMARY KEY (series, hour, grid, chunk)
) WITHOUT ROWID;
CREATE TABLE log_dirty (
	series INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	mark INTEGER NOT NULL,
	PRIMARY KEY (series, hour)
) WITHOUT ROWID;
-- Chunks that were summarised again, on the grid of a baseline that came after them.
CREATE TABLE log_covered (
	chunk INTEGER NOT NULL,
	grid INTEGER NOT NULL,
	PRIMARY KEY (chunk, grid)
) WITHOUT ROWID;
-- The same index for stores that several stateless writers share: one row a key.
CREATE TABLE log_key (
	hash INTEGER NOT NULL,
	chunk INTEGER NOT NULL,
	row INTEGER NOT NULL,
	PRIMARY KEY (hash, chunk, row)
) WITHOUT ROWID;
CREATE INDEX log_join_feature ON log_join (feature_chunk);
