-- What the buttons under an answer are about: they carry nothing but the id.
CREATE TABLE slack_question (
	id TEXT PRIMARY KEY,
	model TEXT NOT NULL,
	prediction TEXT NOT NULL,
	asked_at INTEGER NOT NULL
);
CREATE INDEX slack_question_asked ON slack_question (asked_at);
-- Pictures at Slack, so that they can be deleted there: they may hold values of a person.
CREATE TABLE slack_picture (
	file TEXT PRIMARY KEY,
	uploaded_at INTEGER NOT NULL
);
