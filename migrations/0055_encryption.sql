-- Rows of such a model are encrypted, each with a key of its own that is kept outside of the database.
ALTER TABLE model ADD COLUMN encrypt INTEGER NOT NULL DEFAULT 0;
-- Keys of rows whose values were destroyed, until the keys are destroyed too.
CREATE TABLE log_key_destroy (key TEXT PRIMARY KEY) WITHOUT ROWID;
