-- Reports, as they were computed. The same template, subject, cut and author are the same report.
CREATE TABLE report (
	id TEXT PRIMARY KEY,
	identity TEXT NOT NULL UNIQUE,
	template TEXT NOT NULL,
	template_version TEXT NOT NULL,
	model TEXT NOT NULL,
	-- All models whose data it has: a JSON list. Who reads it has all of them in scope.
	models TEXT NOT NULL,
	-- What it is about; those of one person or one decision are null once they are erased.
	period_from INTEGER,
	period_to INTEGER,
	prediction_id TEXT,
	subject TEXT,
	incident TEXT,
	status TEXT NOT NULL,
	cut_size INTEGER NOT NULL,
	cut_root TEXT NOT NULL,
	cut_at INTEGER NOT NULL,
	author TEXT NOT NULL,
	author_person TEXT NOT NULL,
	approvers TEXT NOT NULL,
	-- SHA-256 of manifest.json, which the entry of the report has, and of each rendered form.
	manifest TEXT NOT NULL,
	digests TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	approved_at INTEGER,
	erased_at INTEGER
);
CREATE INDEX report_model ON report (model, template, id);
CREATE INDEX report_prediction ON report (model, prediction_id) WHERE prediction_id IS NOT NULL;
CREATE INDEX report_subject ON report (subject) WHERE subject IS NOT NULL;
-- The files of a report in parts, since a row has at most 2 MB on D1. `document` is what they are rendered from.
CREATE TABLE report_file (
	report TEXT NOT NULL,
	path TEXT NOT NULL,
	part INTEGER NOT NULL,
	content BLOB NOT NULL,
	PRIMARY KEY (report, path, part)
) WITHOUT ROWID;
CREATE INDEX request_report ON request (json_extract(action, '$.to'), id) WHERE kind = 'report';
