-- Who is delivering a message, and until when nobody else may.
ALTER TABLE outbox ADD COLUMN claim TEXT;
ALTER TABLE outbox ADD COLUMN claimed_until INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_open ON outbox (payload) WHERE done_at IS NULL;
CREATE INDEX outbox_claim ON outbox (claim) WHERE claim IS NOT NULL;
-- Slack takes the name of a channel only for posting; for all else it wants the id, which its first answer tells.
ALTER TABLE slack_message ADD COLUMN channel_id TEXT;
-- More than `replies` while it is not known whether a reply was posted.
ALTER TABLE slack_message ADD COLUMN attempted_replies INTEGER NOT NULL DEFAULT 0;
