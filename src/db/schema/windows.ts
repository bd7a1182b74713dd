import { blob, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'

// What was computed of windows. `series` is the id of a row of `log_series`; times are milliseconds of event time.

const recordColumns = {
	series: integer().notNull(),
	hours: integer().notNull(),
	from: integer('from_ms').notNull(),
	revision: integer().notNull(),
	computedAt: integer('computed_at').notNull(),
	/** 1 while rows are still expected. */
	provisional: integer().notNull(),
	/** Digest of the baseline that it was compared with. */
	baseline: text(),
	bytes: blob().$type<Uint8Array>().notNull(),
	/** Null for the record in force. */
	supersededAt: integer('superseded_at'),
}

/** All metrics of a window's inputs, packed. */
export const inputRecords = sqliteTable('metric_record', recordColumns, (t) => [
	primaryKey({ columns: [t.series, t.hours, t.from, t.revision] }),
])

/** All metrics of a window's outcomes, packed. */
export const outcomeRecords = sqliteTable(
	'outcome_record',
	{
		...recordColumns,
		/** When the window counts as complete although outcomes are missing; null when it is complete or never will be. */
		matureAt: integer('mature_at'),
		labelled: integer().notNull(),
		/** Why it has no metrics. */
		reason: text(),
	},
	(t) => [primaryKey({ columns: [t.series, t.hours, t.from, t.revision] })],
)

/** All metrics of a window's attributions, packed. */
export const attributionRecords = sqliteTable('attribution_record', recordColumns, (t) => [
	primaryKey({ columns: [t.series, t.hours, t.from, t.revision] }),
])

/** The latest change of each window, in the order of the changes. */
export const windowChanges = sqliteTable('metric_change', {
	sequence: integer().primaryKey({ autoIncrement: true }),
	series: integer().notNull(),
	hours: integer().notNull(),
	from: integer('from_ms').notNull(),
})

/** The input summary of each computed day: a week is the sum of seven days, not of 168 hours. */
export const inputDays = sqliteTable(
	'metric_day',
	{
		series: integer().notNull(),
		day: integer('day_ms').notNull(),
		/** Digest of the bins. */
		bins: text('grid').notNull(),
		bytes: blob().$type<Uint8Array>().notNull(),
	},
	(t) => [primaryKey({ columns: [t.series, t.day] })],
)

/** The outcome summary of each computed day. */
export const outcomeDays = sqliteTable(
	'outcome_day',
	{
		series: integer().notNull(),
		day: integer('day_ms').notNull(),
		bytes: blob().$type<Uint8Array>().notNull(),
	},
	(t) => [primaryKey({ columns: [t.series, t.day] })],
)

/** Sums of the attributions of a sample of an hour's rows. */
export const attributionHours = sqliteTable(
	'attribution_hour',
	{
		series: integer().notNull(),
		hour: integer('hour_ms').notNull(),
		/** Digest of the model; `sent`; `none` without a model; `unexplained` when the model has no exact explanation. */
		source: text().notNull(),
		bytes: blob().$type<Uint8Array>().notNull(),
	},
	(t) => [primaryKey({ columns: [t.series, t.hour] })],
)

/** Hours whose rows changed since their attributions were summed. */
export const dirtyAttributionHours = sqliteTable(
	'attribution_dirty',
	{ series: integer().notNull(), hour: integer('hour_ms').notNull(), mark: integer().notNull() },
	(t) => [primaryKey({ columns: [t.series, t.hour] })],
)

/** The last `sequence` of `windowChanges` that was followed. */
export const attributionProgress = sqliteTable('attribution_state', {
	key: text().primaryKey(),
	value: integer().notNull(),
})

/** State of the concept-drift detectors, as JSON. */
export const conceptStates = sqliteTable('concept_state', {
	series: integer().primaryKey(),
	state: text().notNull(),
	revision: integer().notNull(),
})

/** What the concept-drift detectors found among the outcomes of one day's predictions. */
export const conceptDays = sqliteTable(
	'concept_day',
	{
		series: integer().notNull(),
		day: integer('day_ms').notNull(),
		n: integer().notNull(),
		error: real().notNull(),
		/** Changes by detector, as JSON. */
		changes: text().notNull(),
	},
	(t) => [primaryKey({ columns: [t.series, t.day] })],
)
