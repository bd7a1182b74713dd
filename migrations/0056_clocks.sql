-- What the notices and letters of a model say beyond what is logged. A change is a new revision, in force from `since`.
CREATE TABLE notice_setting (
	model TEXT NOT NULL REFERENCES model (name),
	revision INTEGER NOT NULL,
	since INTEGER NOT NULL,
	settings TEXT NOT NULL,
	PRIMARY KEY (model, revision)
) WITHOUT ROWID;
