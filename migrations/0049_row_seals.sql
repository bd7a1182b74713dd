-- The hashes of each 256 rows, so that a proof reads some hundred rows and not all.
ALTER TABLE log_seal ADD COLUMN blocks BLOB NOT NULL DEFAULT x'';
