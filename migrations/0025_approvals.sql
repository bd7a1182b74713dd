-- Who a key or a Slack user belongs to: two with the same owner are one person.
ALTER TABLE access_key ADD COLUMN owner TEXT;
ALTER TABLE slack_user ADD COLUMN owner TEXT;
-- The person who asked; null for requests of old versions, where it is the requester.
ALTER TABLE request ADD COLUMN requester_person TEXT;
-- The policy that applies, and the dry run that approvers see, as JSON; null for requests of old versions.
ALTER TABLE request ADD COLUMN policy TEXT;
ALTER TABLE request ADD COLUMN plan TEXT;
ALTER TABLE request ADD COLUMN decided_at INTEGER;
ALTER TABLE request ADD COLUMN execute_after INTEGER;
DROP INDEX request_open;
CREATE UNIQUE INDEX request_open ON request (model, environment, kind, action_digest, coalesce(incident, ''))
	WHERE status = 'pending';
CREATE INDEX request_pending ON request (expires_at) WHERE status = 'pending';
CREATE TABLE request_vote (
	request TEXT NOT NULL REFERENCES request (id),
	person TEXT NOT NULL,
	actor TEXT NOT NULL,
	vote TEXT NOT NULL,
	reason TEXT NOT NULL,
	digest TEXT NOT NULL,
	break_glass INTEGER NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (request, person)
) WITHOUT ROWID;
-- One row for each approved request. `claim` is the fence of the worker that holds it until `claimed_until`.
CREATE TABLE execution (
	request TEXT PRIMARY KEY REFERENCES request (id),
	executor TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	-- Set before the first call that can have an effect: from then on it cannot be cancelled.
	acting_at INTEGER,
	-- When the target was seen, or reported, to be as it should.
	acted_at INTEGER,
	started_at INTEGER,
	finished_at INTEGER,
	not_before INTEGER NOT NULL,
	claim TEXT,
	claimed_until INTEGER NOT NULL DEFAULT 0,
	error TEXT
);
CREATE INDEX execution_due ON execution (not_before) WHERE finished_at IS NULL;
CREATE TABLE execution_step (
	request TEXT NOT NULL REFERENCES request (id),
	seq INTEGER NOT NULL,
	at INTEGER NOT NULL,
	step TEXT NOT NULL,
	ok INTEGER NOT NULL,
	detail TEXT NOT NULL,
	PRIMARY KEY (request, seq)
) WITHOUT ROWID;
-- Versions that a rollback has left: they are not promoted until an admin lifts the freeze.
CREATE TABLE version_freeze (
	model TEXT NOT NULL,
	version TEXT NOT NULL,
	request TEXT NOT NULL,
	frozen_at INTEGER NOT NULL,
	PRIMARY KEY (model, version)
) WITHOUT ROWID;
