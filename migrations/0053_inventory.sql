-- What a model is for, where it must not be used, and when it was validated and is due again (ms since the epoch).
ALTER TABLE model ADD COLUMN purpose TEXT;
ALTER TABLE model ADD COLUMN limitations TEXT;
ALTER TABLE model ADD COLUMN validated_at INTEGER;
ALTER TABLE model ADD COLUMN next_review INTEGER;
CREATE INDEX model_next_review ON model (next_review) WHERE next_review IS NOT NULL;
DROP TRIGGER ledger_model_update;
CREATE TRIGGER ledger_model_update AFTER UPDATE OF "name", "task", "owner", "risk_tier", "tags", "positive_label", "negative_label", "favourable", "threshold", "sensitive", "segments", "upstreams", "bands", "maturity", "retention_ms", "created_at", "revision", "purpose", "limitations", "validated_at", "next_review" ON model BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('model', json_array(old.name)), ('model', json_array(new.name)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
