-- What the two decisions of a model are called, and which of them is good for the person.
ALTER TABLE model ADD COLUMN negative_label TEXT;
ALTER TABLE model ADD COLUMN favourable TEXT;
-- The negative label as rows said it, while nobody has named one.
ALTER TABLE model ADD COLUMN seen_negative TEXT;
