-- Errors of outcomes by the day of their predictions, until that day is mature and the detectors have taken them. What
-- waited in the order of arrival (since the job's last run) is not carried over: it has no day.
DROP TABLE log_error;
CREATE TABLE log_error (
	series INTEGER NOT NULL,
	day_ms INTEGER NOT NULL,
	chunk INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	PRIMARY KEY (series, day_ms, chunk)
) WITHOUT ROWID;
