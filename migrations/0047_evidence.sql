-- Of a process that has the ledger's key: a nonce and HMAC-SHA-256 over it and the leaf hash. Entries from before have none.
ALTER TABLE ledger_entry ADD COLUMN mac BLOB;
CREATE UNIQUE INDEX ledger_entry_mac ON ledger_entry (mac) WHERE mac IS NOT NULL;
-- Tiles of the tree over the entries, also the partial ones at its right edge: 32 bytes a hash, at most 256.
CREATE TABLE ledger_tile (
	level INTEGER NOT NULL,
	n INTEGER NOT NULL,
	hashes BLOB NOT NULL,
	PRIMARY KEY (level, n)
);
-- Signed checkpoints, oldest first.
CREATE TABLE ledger_checkpoint (
	size INTEGER PRIMARY KEY,
	root BLOB NOT NULL,
	at INTEGER NOT NULL,
	note TEXT NOT NULL
);
-- Rows of governed tables that changed since the last entry commit-state, noted by triggers.
CREATE TABLE ledger_touched (
	tbl TEXT NOT NULL,
	key TEXT NOT NULL,
	PRIMARY KEY (tbl, key)
) WITHOUT ROWID;
-- What each entry commit-state commits to: the digest of a row of a governed table, null once it is deleted.
CREATE TABLE ledger_state (
	entry INTEGER NOT NULL,
	position INTEGER NOT NULL,
	tbl TEXT NOT NULL,
	key TEXT NOT NULL,
	digest BLOB,
	PRIMARY KEY (entry, position)
) WITHOUT ROWID;
CREATE INDEX ledger_state_row ON ledger_state (tbl, key, entry);
-- Chunks as they were stored by ingest, whose rows no entry commits to yet.
CREATE TABLE log_unsealed (chunk INTEGER PRIMARY KEY);
INSERT INTO log_unsealed SELECT id FROM log_chunk;
-- Rows that an entry commit-rows commits to: the keys of its rows (see src/ledger/row-keys.ts) and their root.
CREATE TABLE log_seal (
	id INTEGER PRIMARY KEY,
	model TEXT NOT NULL,
	kind INTEGER NOT NULL,
	rows INTEGER NOT NULL,
	keys BLOB NOT NULL,
	root BLOB NOT NULL,
	entry INTEGER NOT NULL
);
CREATE INDEX log_seal_entry ON log_seal (entry);
-- The rows of a chunk, as it was stored by ingest, are the rows of a seal from `first` on, in order.
CREATE TABLE log_sealed (
	chunk INTEGER PRIMARY KEY,
	seal INTEGER NOT NULL,
	first INTEGER NOT NULL,
	rows INTEGER NOT NULL
);
CREATE INDEX log_sealed_seal ON log_sealed (seal, first);
-- Rows that were erased: the leaf keeps the proofs valid. `id_digest` is a keyed digest of the model and the row's id.
CREATE TABLE log_erased (
	seal INTEGER NOT NULL,
	row INTEGER NOT NULL,
	model TEXT NOT NULL,
	id_digest BLOB NOT NULL,
	leaf BLOB NOT NULL,
	entry INTEGER NOT NULL,
	PRIMARY KEY (seal, row)
) WITHOUT ROWID;
CREATE INDEX log_erased_id ON log_erased (model, id_digest);
