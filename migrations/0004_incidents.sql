CREATE TABLE rule_set (
	digest TEXT PRIMARY KEY,
	content TEXT NOT NULL,
	first_used_at INTEGER NOT NULL
);
CREATE TABLE rule_progress (
	name TEXT PRIMARY KEY,
	sequence INTEGER NOT NULL
);
-- Changed windows that have not closed yet, or whose judgement failed and is tried again.
CREATE TABLE rule_waiting (
	model TEXT NOT NULL,
	environment TEXT NOT NULL,
	version TEXT NOT NULL,
	window TEXT NOT NULL,
	from_ms INTEGER NOT NULL,
	to_ms INTEGER NOT NULL,
	PRIMARY KEY (model, environment, version, window, from_ms)
) WITHOUT ROWID;
CREATE INDEX rule_waiting_to ON rule_waiting (to_ms);
CREATE TABLE rule_series (
	model TEXT NOT NULL,
	environment TEXT NOT NULL,
	version TEXT NOT NULL,
	window TEXT NOT NULL,
	last_from INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	PRIMARY KEY (model, environment, version, window)
) WITHOUT ROWID;
-- The states of a series after the window that begins at from_ms, only where they changed: replays start from here.
CREATE TABLE rule_state (
	model TEXT NOT NULL,
	environment TEXT NOT NULL,
	version TEXT NOT NULL,
	window TEXT NOT NULL,
	from_ms INTEGER NOT NULL,
	states TEXT NOT NULL,
	PRIMARY KEY (model, environment, version, window, from_ms)
) WITHOUT ROWID;
-- Whether traffic comes in as it happens (back-filled traffic does not make a feed live), and its longest usual pause.
CREATE TABLE feed (
	model TEXT NOT NULL,
	environment TEXT NOT NULL,
	version TEXT NOT NULL,
	last_to INTEGER NOT NULL,
	live_from INTEGER,
	live_to INTEGER,
	pause_ms INTEGER NOT NULL,
	PRIMARY KEY (model, environment, version)
) WITHOUT ROWID;
CREATE TABLE incident (
	id TEXT PRIMARY KEY,
	model TEXT NOT NULL,
	environment TEXT NOT NULL,
	status TEXT NOT NULL,
	severity TEXT NOT NULL,
	title TEXT NOT NULL,
	cause TEXT,
	began INTEGER NOT NULL,
	ended INTEGER,
	opened_at INTEGER NOT NULL,
	acknowledged_at INTEGER,
	acknowledged_by TEXT,
	resolved_at INTEGER,
	resolved_by TEXT,
	channels TEXT NOT NULL,
	announced_at INTEGER,
	announce_due INTEGER,
	revision INTEGER NOT NULL
);
CREATE INDEX incident_model ON incident (model, environment, status);
CREATE INDEX incident_opened ON incident (opened_at, id);
CREATE INDEX incident_due ON incident (announce_due) WHERE announce_due IS NOT NULL;
CREATE TABLE incident_event (
	incident TEXT NOT NULL REFERENCES incident (id),
	revision INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	at INTEGER NOT NULL,
	who TEXT NOT NULL,
	what TEXT NOT NULL,
	PRIMARY KEY (incident, revision, seq)
) WITHOUT ROWID;
CREATE TABLE alert (
	id TEXT PRIMARY KEY,
	rule TEXT NOT NULL,
	model TEXT NOT NULL,
	environment TEXT NOT NULL,
	version TEXT NOT NULL,
	window TEXT NOT NULL,
	subject_key TEXT NOT NULL,
	severity TEXT NOT NULL,
	title TEXT NOT NULL,
	status TEXT NOT NULL,
	metric TEXT NOT NULL,
	value REAL,
	before REAL,
	began INTEGER NOT NULL,
	fired_from INTEGER NOT NULL,
	fired_to INTEGER NOT NULL,
	ended_from INTEGER,
	ended_to INTEGER,
	rules_digest TEXT NOT NULL,
	incident TEXT REFERENCES incident (id),
	silence TEXT,
	done TEXT NOT NULL,
	created_at INTEGER NOT NULL
);
CREATE INDEX alert_place ON alert (model, environment, status);
CREATE INDEX alert_incident ON alert (incident);
CREATE INDEX alert_status ON alert (status, ended_to);
CREATE TABLE silence (
	id TEXT PRIMARY KEY,
	rules TEXT NOT NULL,
	models TEXT NOT NULL,
	environments TEXT NOT NULL,
	features TEXT NOT NULL,
	reason TEXT NOT NULL,
	author TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	starts_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	revision INTEGER NOT NULL
);
CREATE INDEX silence_expires ON silence (expires_at);
CREATE TABLE request (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	model TEXT NOT NULL,
	environment TEXT NOT NULL,
	status TEXT NOT NULL,
	action TEXT NOT NULL,
	action_digest TEXT NOT NULL,
	expected_version TEXT,
	expected_revision INTEGER,
	requester TEXT NOT NULL,
	reason TEXT NOT NULL,
	needs INTEGER NOT NULL,
	incident TEXT REFERENCES incident (id),
	evidence TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	revision INTEGER NOT NULL
);
-- Never two open requests for the same thing.
CREATE UNIQUE INDEX request_open ON request (model, environment, kind, coalesce(incident, '')) WHERE status = 'pending';
CREATE INDEX request_created ON request (created_at, id);
CREATE INDEX request_incident ON request (incident);
