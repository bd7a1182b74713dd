-- What only people know of an incident and a regulator asks for, as JSON, each time it was recorded. Rows never change.
CREATE TABLE incident_fact (
	incident TEXT NOT NULL REFERENCES incident (id),
	revision INTEGER NOT NULL,
	at INTEGER NOT NULL,
	who TEXT NOT NULL,
	facts TEXT NOT NULL,
	PRIMARY KEY (incident, revision)
) WITHOUT ROWID;
