-- Rejected rows of all time, for a counter that only grows: the hours of rejected_row are for windows.
CREATE TABLE rejected_total (
	model TEXT NOT NULL,
	code TEXT NOT NULL,
	rows INTEGER NOT NULL,
	PRIMARY KEY (model, code)
) WITHOUT ROWID;
INSERT INTO rejected_total (model, code, rows) SELECT model, code, sum(rows) FROM rejected_row WHERE code <> '' GROUP BY model, code;
-- Counting those that are open must not read those that are resolved.
CREATE INDEX incident_unresolved ON incident (model, severity) WHERE status <> 'resolved';
