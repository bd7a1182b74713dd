-- Signed messages that other systems have delivered, and what each was about, so that none is taken twice.
CREATE TABLE delivery (
	source TEXT NOT NULL,
	id TEXT NOT NULL,
	object TEXT NOT NULL,
	seen_at INTEGER NOT NULL,
	PRIMARY KEY (source, id)
) WITHOUT ROWID;
CREATE INDEX delivery_seen ON delivery (seen_at);
