-- The people behind a reason table and its approvals: two keys of one owner are one person.
ALTER TABLE reason_table ADD COLUMN proposer_person TEXT;
ALTER TABLE reason_table_approval ADD COLUMN person TEXT;
UPDATE reason_table_approval SET person = approver;
CREATE UNIQUE INDEX reason_table_approval_person ON reason_table_approval (model, revision, person);
