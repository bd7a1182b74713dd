-- Rows of such a model are encrypted, each with a key of its own that is kept outside of the database.
ALTER TABLE model ADD COLUMN encrypt INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER ledger_model_update;
CREATE TRIGGER ledger_model_update AFTER UPDATE OF "name", "task", "owner", "risk_tier", "tags", "positive_label", "negative_label", "favourable", "threshold", "sensitive", "segments", "upstreams", "bands", "maturity", "retention_ms", "created_at", "revision", "purpose", "limitations", "validated_at", "next_review", "encrypt" ON model BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('model', json_array(old.name)), ('model', json_array(new.name)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
-- Keys of rows whose values were destroyed, until the keys are destroyed too.
CREATE TABLE log_key_destroy (key TEXT PRIMARY KEY) WITHOUT ROWID;
