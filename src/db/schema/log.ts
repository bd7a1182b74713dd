import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

// The tables of the prediction log that are small enough to read row by row. Its bulk tables (chunks, keys, joins,
// summaries) are read as packed bytes, in SQL, by src/log alone; see the README there.

export const logState = sqliteTable('log_state', {
	key: text().primaryKey(),
	value: text().notNull(),
})

/** Digests of the bins that hours are summarised on. */
export const logBins = sqliteTable('log_grid', {
	id: integer().primaryKey(),
	digest: text().notNull().unique(),
})

/** One row for each model, version, environment and segment value. `segment` is '' for all rows of the series. */
export const logSeries = sqliteTable('log_series', {
	id: integer().primaryKey(),
	model: text().notNull(),
	version: text().notNull(),
	environment: text().notNull(),
	segment: text().notNull(),
	value: text().notNull(),
})

/** Size and digest of each archive file; files written by old versions have no row. */
export const logArchive = sqliteTable('log_archive', {
	file: text().primaryKey(),
	bytes: integer().notNull(),
	sha256: text().notNull(),
})

// A mark counts the changes of an hour, so that a change during a computation is not lost.
const dirtyHour = { series: integer().notNull(), hour: integer().notNull(), mark: integer().notNull() }

/** Hours whose inputs changed since they were computed. */
export const dirtyInputHours = sqliteTable('log_dirty', dirtyHour, (t) => [
	primaryKey({ columns: [t.series, t.hour] }),
])

/** Hours whose outcomes changed since they were computed. */
export const dirtyOutcomeHours = sqliteTable('log_tally_dirty', dirtyHour, (t) => [
	primaryKey({ columns: [t.series, t.hour] }),
])

/** How many predictions are named by outcomes that came before them. */
export const pendingOutcomes = sqliteTable('log_outcome_waiting', {
	model: text().primaryKey(),
	count: integer().notNull(),
})

/** Values of sensitive attributes that are groups of their own. */
export const groupValues = sqliteTable(
	'log_group_value',
	{ model: text().notNull(), attribute: text().notNull(), value: text().notNull() },
	(t) => [primaryKey({ columns: [t.model, t.attribute, t.value] })],
)

/** Rejected rows by the hour in which they arrived. The code '' counts the rows that were accepted beside them. */
export const rejectedRows = sqliteTable(
	'rejected_row',
	{
		model: text().notNull(),
		hour: integer('hour_ms').notNull(),
		environment: text().notNull(),
		code: text().notNull(),
		rows: integer().notNull(),
		at: integer().notNull(),
	},
	(t) => [primaryKey({ columns: [t.model, t.hour, t.environment, t.code] })],
)

/** Rejected rows of all time, for a counter that only grows. */
export const rejectedTotals = sqliteTable(
	'rejected_total',
	{ model: text().notNull(), code: text().notNull(), rows: integer().notNull() },
	(t) => [primaryKey({ columns: [t.model, t.code] })],
)
