-- An event that Slack was told is accepted is handled again from its body if its process died. Both are null for what is not an event.
ALTER TABLE slack_replay ADD COLUMN body TEXT;
ALTER TABLE slack_replay ADD COLUMN first_seen_at INTEGER;
