-- A command that a button of a reply runs, for the person who got the reply.
CREATE TABLE slack_choice (
	id TEXT PRIMARY KEY,
	actor TEXT NOT NULL,
	command TEXT NOT NULL,
	words TEXT NOT NULL,
	offered_at INTEGER NOT NULL
) STRICT;
