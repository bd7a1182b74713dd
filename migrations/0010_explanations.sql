-- A model's settings, each revision with the time since when it is in force: decisions are explained by those of then.
CREATE TABLE model_history (
	model TEXT NOT NULL,
	revision INTEGER NOT NULL,
	since INTEGER NOT NULL,
	settings TEXT NOT NULL,
	PRIMARY KEY (model, revision)
) WITHOUT ROWID;
-- Earlier revisions are not known: only their digests were kept.
INSERT INTO model_history (model, revision, since, settings)
SELECT name, revision,
	coalesce((SELECT max(at) FROM ledger_entry WHERE object = 'model:' || name AND action = 'change-model'), created_at),
	json_object('task', task, 'riskTier', risk_tier, 'positiveLabel', positive_label, 'threshold', threshold,
		'sensitive', json(sensitive))
FROM model;
-- Logged decisions that reasons and percentiles compare with, once by digest; which one a day's decisions use.
CREATE TABLE background (
	digest TEXT PRIMARY KEY,
	model TEXT NOT NULL,
	content TEXT NOT NULL
);
CREATE TABLE background_use (
	model TEXT NOT NULL,
	version TEXT NOT NULL,
	environment TEXT NOT NULL,
	day INTEGER NOT NULL,
	settings TEXT NOT NULL,
	digest TEXT NOT NULL,
	computed_at INTEGER NOT NULL,
	PRIMARY KEY (model, version, environment, day, settings)
);
