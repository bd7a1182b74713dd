-- Signed messages that other systems have delivered, and what each was about, so that none is taken twice.
CREATE TABLE delivery (
	source TEXT NOT NULL,
	id TEXT NOT NULL,
	object TEXT NOT NULL,
	seen_at INTEGER NOT NULL,
	PRIMARY KEY (source, id)
) WITHOUT ROWID;
CREATE INDEX delivery_seen ON delivery (seen_at);
-- Deployments of GitHub Actions that wait until their request is decided.
CREATE TABLE github_gate (
	callback_url TEXT NOT NULL,
	environment TEXT NOT NULL,
	run TEXT NOT NULL,
	installation INTEGER NOT NULL,
	-- The request that the run names, once it is known: one run a request.
	request TEXT,
	asked_at INTEGER NOT NULL,
	answered_at INTEGER,
	answer TEXT,
	PRIMARY KEY (callback_url, environment)
) WITHOUT ROWID;
CREATE INDEX github_gate_waiting ON github_gate (asked_at) WHERE answered_at IS NULL;
