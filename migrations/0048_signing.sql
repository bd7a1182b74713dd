-- The keys that have signed this log, oldest first: the last one signs. `size`: how many entries there were when it took over.
-- `mac_key`: after a hand-over, the secret of the MACs, encrypted for this key.
CREATE TABLE ledger_key (
	id INTEGER PRIMARY KEY,
	verifier TEXT NOT NULL UNIQUE,
	size INTEGER NOT NULL,
	mac_key BLOB,
	at INTEGER NOT NULL
);
-- What others have said of a checkpoint: the cosignature of a witness, or the response of a time-stamping authority.
CREATE TABLE ledger_anchor (
	kind TEXT NOT NULL,
	size INTEGER NOT NULL,
	at INTEGER NOT NULL,
	proof BLOB NOT NULL,
	PRIMARY KEY (kind, size)
);
