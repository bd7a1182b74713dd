import { integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { WindowSize } from '../../core/time.ts'

export const ruleSets = sqliteTable('rule_set', {
	digest: text().primaryKey(),
	content: text().notNull(),
	firstUsedAt: integer('first_used_at').notNull(),
})

/** Which rules are in force from `at` on. */
export const ruleUses = sqliteTable('rule_use', {
	at: integer().primaryKey(),
	digest: text().notNull(),
})

/** Up to which change the computed windows were queued for evaluation. */
export const ruleProgress = sqliteTable('rule_progress', {
	name: text().primaryKey(),
	sequence: integer().notNull(),
})

const seriesColumns = {
	model: text().notNull(),
	environment: text().notNull(),
	version: text().notNull(),
	/** A window size, or `clock` for the state of a model now. */
	window: text().$type<WindowSize | 'clock'>().notNull(),
}

/** Changed windows that wait to be evaluated. */
export const ruleWaiting = sqliteTable(
	'rule_waiting',
	{
		...seriesColumns,
		window: text().$type<WindowSize>().notNull(),
		from: integer('from_ms').notNull(),
		to: integer('to_ms').notNull(),
		/** Since when the window waits to be evaluated, and when it changed last. */
		since: integer().notNull().default(0),
		changedAt: integer('changed_at').notNull().default(0),
	},
	(t) => [primaryKey({ columns: [t.model, t.environment, t.version, t.window, t.from] })],
)

/** How far each series was evaluated. */
export const ruleSeries = sqliteTable(
	'rule_series',
	{ ...seriesColumns, lastFrom: integer('last_from').notNull(), revision: integer().notNull() },
	(t) => [primaryKey({ columns: [t.model, t.environment, t.version, t.window] })],
)

/** The states of a series after a window that changed them; `states` is the text of `packStates`. */
export const ruleStates = sqliteTable(
	'rule_state',
	{ ...seriesColumns, from: integer('from_ms').notNull(), states: text().notNull() },
	(t) => [primaryKey({ columns: [t.model, t.environment, t.version, t.window, t.from] })],
)

/** Whether the traffic of a model in an environment is live (back-filled traffic is not). `version` is ''. */
export const feeds = sqliteTable(
	'feed',
	{
		model: text().notNull(),
		environment: text().notNull(),
		version: text().notNull(),
		/** End of the last hour that has rows. */
		lastTo: integer('last_to').notNull(),
		/** Clock time: when fresh rows were first and last seen arriving; null if never. */
		liveFrom: integer('live_from'),
		liveTo: integer('live_to'),
		/** The longest time between two hours with rows. */
		pauseMs: integer('pause_ms').notNull(),
	},
	(t) => [primaryKey({ columns: [t.model, t.environment, t.version] })],
)

export type IncidentStatus = 'open' | 'acknowledged' | 'resolved'
export type SeverityName = 'info' | 'warning' | 'critical'

/** One change that an incident describes. */
export type IncidentChange = {
	/** `$score` and `$decision` are the model's outputs; null for the model as a whole. */
	feature: string | null
	segment?: { name: string; value: string }
	group?: string
	kind: string
	/** Values before, multiplied by this, are like those after. */
	factor?: number
	before: number | null
	after: number | null
	/** Start of the first window that shows it (RFC 3339). */
	since: string
	text: string
}

export const incidents = sqliteTable('incident', {
	id: text().primaryKey(),
	model: text().notNull(),
	environment: text().notNull(),
	status: text().$type<IncidentStatus>().notNull(),
	severity: text().$type<SeverityName>().notNull(),
	title: text().notNull(),
	cause: text(),
	/** Event time: start of the first window that it is about, end of the window in which it ended. */
	began: integer().notNull(),
	ended: integer(),
	/** Clock time, as are the following. */
	openedAt: integer('opened_at').notNull(),
	acknowledgedAt: integer('acknowledged_at'),
	acknowledgedBy: text('acknowledged_by'),
	resolvedAt: integer('resolved_at'),
	resolvedBy: text('resolved_by'),
	channels: text({ mode: 'json' }).$type<string[]>().notNull(),
	announcedAt: integer('announced_at'),
	announceDue: integer('announce_due'),
	revision: integer().notNull(),
	changes: text({ mode: 'json' }).$type<IncidentChange[]>().notNull().default([]),
	/** What an incident without a rule is about; null for incidents of rules. */
	about: text(),
})

export const incidentEvents = sqliteTable(
	'incident_event',
	{
		incident: text().notNull(),
		revision: integer().notNull(),
		seq: integer().notNull(),
		at: integer().notNull(),
		who: text().notNull(),
		what: text().notNull(),
	},
	(t) => [primaryKey({ columns: [t.incident, t.revision, t.seq] })],
)

/** `undone`: late rows changed its windows, and with them it does not fire. */
export type AlertStatus = 'firing' | 'resolved' | 'undone'

export const alerts = sqliteTable('alert', {
	id: text().primaryKey(),
	rule: text().notNull(),
	model: text().notNull(),
	environment: text().notNull(),
	version: text().notNull(),
	window: text().$type<WindowSize | 'clock'>().notNull(),
	subjectKey: text('subject_key').notNull(),
	severity: text().$type<SeverityName>().notNull(),
	/** What happened, as a phrase that follows the subject: "drifted from the baseline". */
	title: text().notNull(),
	status: text().$type<AlertStatus>().notNull(),
	metric: text().notNull(),
	/** The value that it was opened on; `restated` is the current value of that window if late rows changed it. */
	value: real(),
	restated: real(),
	/** The value in the window before it began, if any. */
	before: real(),
	/** Event time: start of the first true window, the window that fired, the window that resolved. */
	began: integer().notNull(),
	firedFrom: integer('fired_from').notNull(),
	firedTo: integer('fired_to').notNull(),
	endedFrom: integer('ended_from'),
	endedTo: integer('ended_to'),
	rulesDigest: text('rules_digest').notNull(),
	/** Null while silenced, or when the rule has no action. */
	incident: text(),
	silence: text(),
	/** Indexes of the rule's actions that have run. */
	done: text({ mode: 'json' }).$type<number[]>().notNull(),
	createdAt: integer('created_at').notNull(),
})

export const silences = sqliteTable('silence', {
	id: text().primaryKey(),
	rules: text({ mode: 'json' }).$type<string[]>().notNull(),
	models: text({ mode: 'json' }).$type<string[]>().notNull(),
	environments: text({ mode: 'json' }).$type<string[]>().notNull(),
	features: text({ mode: 'json' }).$type<string[]>().notNull(),
	reason: text().notNull(),
	author: text().notNull(),
	createdAt: integer('created_at').notNull(),
	startsAt: integer('starts_at').notNull(),
	expiresAt: integer('expires_at').notNull(),
	revision: integer().notNull(),
})

/** What people recorded of an incident for a regulator: `alerting/incident/regulatory.schema.ts`. Rows never change. */
export const incidentFacts = sqliteTable(
	'incident_fact',
	{
		incident: text().notNull(),
		revision: integer().notNull(),
		at: integer().notNull(),
		who: text().notNull(),
		facts: text({ mode: 'json' }).$type<Record<string, string | number | null>>().notNull(),
	},
	(t) => [primaryKey({ columns: [t.incident, t.revision] })],
)
