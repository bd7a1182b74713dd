import { blob, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Role } from '../../core/actor.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'

export const accessKeys = sqliteTable('access_key', {
	id: text().primaryKey(),
	hash: text().notNull(),
	name: text().notNull(),
	role: text().$type<Role>().notNull(),
	models: text({ mode: 'json' }).$type<string[]>().notNull(),
	createdAt: integer('created_at').notNull(),
	expiresAt: integer('expires_at'),
	revokedAt: integer('revoked_at'),
	/** Whose key it is: two keys of one owner are one person. */
	owner: text(),
	/** To the hour. */
	lastUsedAt: integer('last_used_at'),
})

export type Task = 'binary' | 'multiclass' | 'regression' | 'ranking'

/** When a window's outcomes are complete: once this share of them is known, or this long after its end. */
export type Maturity = { coverage: number; delay: string }

export const deletedKinds = ['predictions', 'features', 'outcomes', 'groups', 'reports'] as const
/** A duration, or `law`: the longest time that a law in force says for the kind. */
export type DeleteAfter = { [Kind in (typeof deletedKinds)[number]]?: string | undefined }

export const models = sqliteTable('model', {
	name: text().primaryKey(),
	task: text().$type<Task>().notNull(),
	owner: text(),
	riskTier: text('risk_tier'),
	tags: text({ mode: 'json' }).$type<string[]>().notNull(),
	positiveLabel: text('positive_label'),
	negativeLabel: text('negative_label'),
	/** The decision that favours the person. */
	favourable: text(),
	/** The negative label that rows have shown while none is configured; written by the log. */
	seenNegative: text('seen_negative'),
	threshold: real(),
	sensitive: text({ mode: 'json' }).$type<string[]>().notNull(),
	segments: text({ mode: 'json' }).$type<string[]>().notNull(),
	upstreams: text({ mode: 'json' }).$type<string[]>().notNull(),
	bands: text({ mode: 'json' }).$type<Record<string, number[]>>().notNull().default({}),
	maturity: text({ mode: 'json' }).$type<Maturity>().notNull().default({ coverage: 0.8, delay: '30d' }),
	retentionMs: integer('retention_ms').notNull(),
	deleteAfter: text('delete_after', { mode: 'json' }).$type<DeleteAfter>(),
	/** Rows are stored encrypted, from the time on at which it was set. */
	encrypt: integer({ mode: 'boolean' }).notNull().default(false),
	purpose: text(),
	limitations: text(),
	validatedAt: integer('validated_at'),
	nextReview: integer('next_review'),
	createdAt: integer('created_at').notNull(),
	revision: integer().notNull(),
})

export const modelVersions = sqliteTable(
	'model_version',
	{
		model: text().notNull(),
		version: text().notNull(),
		features: text({ mode: 'json' }).$type<FeatureSpec[]>().notNull(),
		artifact: text({ mode: 'json' }).$type<Record<string, unknown>>(),
		manifest: text({ mode: 'json' }).$type<Record<string, unknown>>(),
		lineage: text({ mode: 'json' }).$type<Record<string, unknown>>(),
		metrics: text({ mode: 'json' }).$type<Record<string, unknown>>(),
		createdAt: integer('created_at').notNull(),
	},
	(t) => [primaryKey({ columns: [t.model, t.version] })],
)

/** Model files in the artefact store: one row per version, never changed. */
export const versionArtifacts = sqliteTable(
	'version_artifact',
	{
		model: text().notNull(),
		version: text().notNull(),
		sha256: text().notNull(),
		format: text().notNull(),
		bytes: integer().notNull(),
		storedAt: integer('stored_at').notNull(),
	},
	(t) => [primaryKey({ columns: [t.model, t.version] })],
)

/** Bins and summaries are encoded by src/summaries. The baseline in force has no `replacedAt`. */
export const baselines = sqliteTable(
	'baseline',
	{
		model: text().notNull(),
		version: text().notNull(),
		digest: text().notNull(),
		rows: integer().notNull(),
		bins: blob('grid').$type<Uint8Array>().notNull(),
		inputSummary: blob('profile').$type<Uint8Array>().notNull(),
		/** Null if the rows came without actuals. */
		outcomeSummary: blob('tally').$type<Uint8Array>(),
		/** The rows by hour of week; null unless they cover four weeks. */
		seasons: blob().$type<Uint8Array>(),
		summary: text({ mode: 'json' }).$type<{ name: string; cells: number; warnings: string[] }[]>().notNull(),
		createdAt: integer('created_at').notNull(),
		replacedAt: integer('replaced_at'),
	},
	(t) => [primaryKey({ columns: [t.model, t.version, t.digest] })],
)

/** Every change is a new revision; the highest one is in effect. */
export const deployments = sqliteTable(
	'deployment',
	{
		model: text().notNull(),
		environment: text().notNull(),
		revision: integer().notNull(),
		champion: text().notNull(),
		challenger: text(),
		canary: text({ mode: 'json' }).$type<{ version: string; percent: number }>(),
		since: integer().notNull(),
	},
	(t) => [primaryKey({ columns: [t.model, t.environment, t.revision] })],
)

/** Some rows of a baseline as they were given: a summary does not show what the model makes of them. */
export const baselineSamples = sqliteTable(
	'baseline_sample',
	{
		model: text().notNull(),
		version: text().notNull(),
		digest: text().notNull(),
		rows: integer().notNull(),
		content: text().notNull(),
	},
	(t) => [primaryKey({ columns: [t.model, t.version, t.digest] })],
)

/** What a version came from, by kind and value: a look-up reads no other version. `source` says who stated it. */
export const lineageLinks = sqliteTable(
	'lineage_link',
	{
		kind: text().notNull(),
		value: text().notNull(),
		model: text().notNull(),
		version: text().notNull(),
		source: text().notNull(),
	},
	(t) => [primaryKey({ columns: [t.kind, t.value, t.model, t.version] })],
)

/** What a tracking server answered about a run; a new row each time the answer changed. */
export const trainingRuns = sqliteTable(
	'training_run',
	{
		run: text().notNull(),
		readAt: integer('read_at').notNull(),
		content: text().notNull(),
		confirmedAt: integer('confirmed_at').notNull(),
	},
	(t) => [primaryKey({ columns: [t.run, t.readAt] })],
)
