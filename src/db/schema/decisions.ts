import { integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { DeleteAfter, Maturity, Task } from './registry.ts'

/** The settings of a model that decide how a score is read, and those that reports show as they were. */
export type ModelSettings = {
	task: Task
	riskTier: string | null
	positiveLabel: string | null
	/** Absent in revisions of old versions, which did not have these settings. */
	negativeLabel?: string
	favourable?: string
	threshold: number | null
	sensitive: string[]
	/** Absent in revisions of old versions, as are the following. */
	owner?: string | null
	tags?: string[]
	segments?: string[]
	upstreams?: string[]
	maturity?: Maturity
	retentionMs?: number
	purpose?: string
	limitations?: string
	validatedAt?: number
	nextReview?: number
	deleteAfter?: DeleteAfter
}

export const modelHistory = sqliteTable(
	'model_history',
	{
		model: text().notNull(),
		revision: integer().notNull(),
		since: integer().notNull(),
		settings: text({ mode: 'json' }).$type<ModelSettings>().notNull(),
	},
	(t) => [primaryKey({ columns: [t.model, t.revision] })],
)

/** `content` is canonical JSON and `digest` its SHA-256. The table is approved once `approvedAt` is set. */
export const reasonTables = sqliteTable(
	'reason_table',
	{
		model: text().notNull(),
		revision: integer().notNull(),
		/** Null: for all versions without a table of their own. */
		version: text(),
		content: text().notNull(),
		digest: text().notNull(),
		proposer: text().notNull(),
		/** The person behind the proposer; null in tables of old versions. */
		proposerPerson: text('proposer_person'),
		reason: text().notNull(),
		createdAt: integer('created_at').notNull(),
		approvedAt: integer('approved_at'),
	},
	(t) => [primaryKey({ columns: [t.model, t.revision] })],
)

export const reasonTableApprovals = sqliteTable(
	'reason_table_approval',
	{
		model: text().notNull(),
		revision: integer().notNull(),
		approver: text().notNull(),
		/** Unique for each table. */
		person: text(),
		digest: text().notNull(),
		reason: text().notNull(),
		at: integer().notNull(),
	},
	(t) => [primaryKey({ columns: [t.model, t.revision, t.approver] })],
)

/** Logged decisions to compare with. `content` is canonical JSON and `digest` its SHA-256. */
export const backgrounds = sqliteTable('background', {
	digest: text().primaryKey(),
	model: text().notNull(),
	content: text().notNull(),
})

export const backgroundUses = sqliteTable(
	'background_use',
	{
		model: text().notNull(),
		version: text().notNull(),
		environment: text().notNull(),
		/** UTC day of the decisions that use it. */
		day: integer().notNull(),
		/** The settings by which decisions were selected, as JSON. */
		settings: text().notNull(),
		digest: text().notNull(),
		computedAt: integer('computed_at').notNull(),
	},
	(t) => [primaryKey({ columns: [t.model, t.version, t.environment, t.day, t.settings] })],
)

/** How the logged scores of one day compare with what the registered artefact returns for the logged features. */
export const replayDays = sqliteTable(
	'replay_day',
	{
		model: text().notNull(),
		environment: text().notNull(),
		version: text().notNull(),
		day: integer('day_ms').notNull(),
		sha256: text().notNull(),
		rows: integer().notNull(),
		sampled: integer().notNull(),
		matched: integer().notNull(),
		mismatched: integer().notNull(),
		unavailable: integer().notNull(),
		/** The largest difference. */
		worst: real(),
		/** Some mismatches of the sample, and all that explanations found, as JSON. */
		examples: text().notNull(),
		asked: text().notNull().default('[]'),
		/** How many rows were unavailable for which reason, as JSON. */
		reasons: text().notNull(),
		replayedAt: integer('replayed_at').notNull(),
		/** 1 from a mismatch on, until the rules evaluated it and a later replay does not confirm it. */
		unresolved: integer('standing').notNull(),
		evaluatedAt: integer('judged_at'),
	},
	(t) => [primaryKey({ columns: [t.model, t.environment, t.version, t.day] })],
)

/** Days whose rows or artefact changed since they were last replayed. */
export const replayDue = sqliteTable(
	'replay_due',
	{ series: integer().notNull(), day: integer('day_ms').notNull(), mark: integer().notNull() },
	(t) => [primaryKey({ columns: [t.series, t.day] })],
)
