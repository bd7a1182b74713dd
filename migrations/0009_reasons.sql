-- Which reason is given for which feature, in whose words. What was proposed never changes: a change is a new revision.
CREATE TABLE reason_table (
	model TEXT NOT NULL REFERENCES model (name),
	revision INTEGER NOT NULL,
	version TEXT,
	content TEXT NOT NULL,
	digest TEXT NOT NULL,
	proposer TEXT NOT NULL,
	reason TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	approved_at INTEGER,
	PRIMARY KEY (model, revision)
);
CREATE TABLE reason_table_approval (
	model TEXT NOT NULL,
	revision INTEGER NOT NULL,
	approver TEXT NOT NULL,
	digest TEXT NOT NULL,
	reason TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (model, revision, approver),
	FOREIGN KEY (model, revision) REFERENCES reason_table (model, revision)
) WITHOUT ROWID;
