-- What has to reach the outside, written in the commit of what it tells.
CREATE TABLE outbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	key TEXT NOT NULL UNIQUE,
	kind TEXT NOT NULL,
	payload TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	not_before INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	done_at INTEGER,
	error TEXT
);
CREATE INDEX outbox_due ON outbox (not_before) WHERE done_at IS NULL;
-- Where an incident's message stands, and how much of its timeline its thread has.
CREATE TABLE slack_message (
	incident TEXT NOT NULL,
	channel TEXT NOT NULL,
	ts TEXT,
	attempted_at INTEGER NOT NULL,
	replies INTEGER NOT NULL,
	PRIMARY KEY (incident, channel)
);
-- Requests of the last five minutes, and events that were handled.
CREATE TABLE slack_replay (
	token TEXT PRIMARY KEY,
	seen_at INTEGER NOT NULL
);
CREATE INDEX slack_replay_seen ON slack_replay (seen_at);
CREATE TABLE slack_user (
	team TEXT NOT NULL,
	user TEXT NOT NULL,
	role TEXT NOT NULL,
	models TEXT NOT NULL,
	PRIMARY KEY (team, user)
);
