-- A baseline whose rows cover four weeks, cut by hour of week: counts of the groups of each column.
ALTER TABLE baseline ADD COLUMN seasons BLOB;
