-- Workspaces that installed the app. The token is encrypted with PLUMBLINE_TOKEN_KEY and bound to the team.
CREATE TABLE slack_install (
	team TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	enterprise TEXT,
	bot_user TEXT NOT NULL,
	scopes TEXT NOT NULL,
	token TEXT NOT NULL,
	installed_at INTEGER NOT NULL,
	installed_by TEXT NOT NULL
);
-- One-time secrets of installing, as SHA-256: links that admins made, and states that Slack sends back. `browser` is the
-- cookie of the browser that a state belongs to.
CREATE TABLE slack_install_secret (
	hash TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	browser TEXT,
	actor TEXT NOT NULL,
	how TEXT NOT NULL,
	expires_at INTEGER NOT NULL
);
CREATE INDEX slack_install_secret_expires ON slack_install_secret (expires_at);
-- The workspace that a picture was uploaded to; null for that of SLACK_BOT_TOKEN.
ALTER TABLE slack_picture ADD COLUMN team TEXT;
