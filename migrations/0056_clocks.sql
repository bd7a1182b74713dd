-- What the notices and letters of a model say beyond what is logged. A change is a new revision, in force from `since`.
CREATE TABLE notice_setting (
	model TEXT NOT NULL REFERENCES model (name),
	revision INTEGER NOT NULL,
	since INTEGER NOT NULL,
	settings TEXT NOT NULL,
	PRIMARY KEY (model, revision)
) WITHOUT ROWID;
-- The ledger commits to them: see src/evidence/ledger/governed-tables.ts.
CREATE TRIGGER ledger_notice_setting_insert AFTER INSERT ON notice_setting BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('notice_setting', json_array(new.model, new.revision)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
CREATE TRIGGER ledger_notice_setting_update AFTER UPDATE OF "model", "revision", "since", "settings" ON notice_setting BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('notice_setting', json_array(old.model, old.revision)), ('notice_setting', json_array(new.model, new.revision)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
CREATE TRIGGER ledger_notice_setting_delete AFTER DELETE ON notice_setting BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('notice_setting', json_array(old.model, old.revision)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
INSERT INTO ledger_touched (tbl, key, found) SELECT 'notice_setting', json_array(model, revision), 1 FROM notice_setting WHERE true ON CONFLICT DO NOTHING;
-- When the decision that a report is about was made.
ALTER TABLE report ADD COLUMN decided_at INTEGER;
-- Decisions of a day against the person, counted once the day is due, and again when its number of rows has changed.
CREATE TABLE adverse_day (
	series INTEGER NOT NULL,
	day INTEGER NOT NULL,
	rows INTEGER NOT NULL,
	adverse INTEGER NOT NULL,
	PRIMARY KEY (series, day)
) WITHOUT ROWID;
-- What persons have asked for, and by when it is due. Only those without an end are read by the job.
CREATE TABLE subject_request (
	id TEXT PRIMARY KEY,
	subject TEXT NOT NULL,
	kind TEXT NOT NULL,
	model TEXT,
	prediction_id TEXT,
	received_at INTEGER NOT NULL,
	recorded_at INTEGER NOT NULL,
	recorded_by TEXT NOT NULL,
	-- The row of the law tables and its clock; the UTC day, since 1970, on which it ends.
	law TEXT,
	due_day INTEGER,
	ended_at INTEGER,
	report TEXT,
	reason TEXT
);
CREATE INDEX subject_request_open ON subject_request (due_day) WHERE ended_at IS NULL;
CREATE INDEX subject_request_subject ON subject_request (subject, id);
