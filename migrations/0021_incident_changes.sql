-- What changed, where and by how much, as JSON: computed when an incident opens, and when its alerts change.
ALTER TABLE incident ADD COLUMN changes TEXT NOT NULL DEFAULT '[]';
