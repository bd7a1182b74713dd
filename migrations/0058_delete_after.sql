-- After which time rows and reports of a model are deleted, by kind, as JSON; null: never.
ALTER TABLE model ADD COLUMN delete_after TEXT;
DROP TRIGGER ledger_model_update;
CREATE TRIGGER ledger_model_update AFTER UPDATE OF "name", "task", "owner", "risk_tier", "tags", "positive_label", "negative_label", "favourable", "threshold", "sensitive", "segments", "upstreams", "bands", "maturity", "retention_ms", "created_at", "revision", "purpose", "limitations", "validated_at", "next_review", "encrypt", "delete_after" ON model BEGIN INSERT INTO ledger_touched (tbl, key) VALUES ('model', json_array(old.name)), ('model', json_array(new.name)) ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1; END;
-- Seals whose rows were deleted because of their age: the entry that says so. Their keys are gone, and only the root is left.
ALTER TABLE log_seal ADD COLUMN deleted INTEGER;
