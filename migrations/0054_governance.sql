-- Gates that somebody has waived, by name and until a date.
CREATE TABLE gate_waiver (
	id TEXT PRIMARY KEY,
	model TEXT NOT NULL,
	-- Null: every version.
	version TEXT,
	gate TEXT NOT NULL,
	reason TEXT NOT NULL,
	author TEXT NOT NULL,
	author_person TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	until INTEGER NOT NULL,
	ended_at INTEGER
);
CREATE INDEX gate_waiver_model ON gate_waiver (model, gate);
-- When somebody was last seen, to the hour.
ALTER TABLE access_key ADD COLUMN last_used_at INTEGER;
ALTER TABLE slack_user ADD COLUMN last_used_at INTEGER;
CREATE TRIGGER ledger_gate_waiver_insert AFTER INSERT ON gate_waiver BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('gate_waiver', json_array(new.id)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
CREATE TRIGGER ledger_gate_waiver_update AFTER UPDATE OF "id", "model", "version", "gate", "reason", "author", "author_person", "created_at", "until", "ended_at" ON gate_waiver BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('gate_waiver', json_array(old.id)), ('gate_waiver', json_array(new.id)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
CREATE TRIGGER ledger_gate_waiver_delete AFTER DELETE ON gate_waiver BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('gate_waiver', json_array(old.id)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
INSERT INTO ledger_touched (tbl, key, found) SELECT 'gate_waiver', json_array(id), 1 FROM gate_waiver WHERE true ON CONFLICT DO NOTHING;
