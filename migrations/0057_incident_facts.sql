-- What only people know of an incident and a regulator asks for, as JSON, each time it was recorded. Rows never change.
CREATE TABLE incident_fact (
	incident TEXT NOT NULL REFERENCES incident (id),
	revision INTEGER NOT NULL,
	at INTEGER NOT NULL,
	who TEXT NOT NULL,
	facts TEXT NOT NULL,
	PRIMARY KEY (incident, revision)
) WITHOUT ROWID;
-- The ledger commits to them: see src/evidence/ledger/governed-tables.ts.
CREATE TRIGGER ledger_incident_fact_insert AFTER INSERT ON incident_fact BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('incident_fact', json_array(new.incident, new.revision)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
CREATE TRIGGER ledger_incident_fact_update AFTER UPDATE OF "incident", "revision", "at", "who", "facts" ON incident_fact BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('incident_fact', json_array(old.incident, old.revision)), ('incident_fact', json_array(new.incident, new.revision)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
CREATE TRIGGER ledger_incident_fact_delete AFTER DELETE ON incident_fact BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('incident_fact', json_array(old.incident, old.revision)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
INSERT INTO ledger_touched (tbl, key, found) SELECT 'incident_fact', json_array(incident, revision), 1 FROM incident_fact WHERE true ON CONFLICT DO NOTHING;
-- Reports show settings as they were: those in effect now are added to the newest revision, which did not have them.
UPDATE model_history SET settings = json_patch(settings, (SELECT json_object('owner', m.owner, 'tags', json(m.tags),
	'segments', json(m.segments), 'upstreams', json(m.upstreams), 'maturity', json(m.maturity), 'retentionMs', m.retention_ms)
	FROM model m WHERE m.name = model_history.model))
	WHERE revision = (SELECT m.revision FROM model m WHERE m.name = model_history.model);
