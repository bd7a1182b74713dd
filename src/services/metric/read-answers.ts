import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { matchesGlob } from '../../core/glob.ts'
import { nearest } from '../../core/nearest.ts'
import { type WindowSize, windowSizes } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import type { Answer } from '../../metrics/answer.ts'
import { type MetricDescriptor, metricIds, metrics } from '../../metrics/index.ts'
import type { Reference } from '../../metrics/reference.ts'
import { referenceByDigest } from '../baseline/current-grid.ts'
import { measureRecord } from './measure-record.ts'
import { hoursOf, type MetricRecord, type RecordRow, recordColumns, toRecord } from './records.ts'

export type AnswerQuery = {
	model: string
	/** Ids or globs such as `drift.*`; default all. */
	metrics?: readonly string[] | undefined
	feature?: string | undefined
	/** `name` for all values of a segment, `name:value` for one; default: over all rows. */
	segment?: string | undefined
	group?: string | undefined
	environment?: string | undefined
	version?: string | undefined
	/** Windows that begin in [from, to), ms since the epoch. */
	from?: number | undefined
	to?: number | undefined
	window?: WindowSize | undefined
	/** With what was superseded. */
	history?: boolean | undefined
	cursor?: string | undefined
	limit?: number | undefined
}

const defaultLimit = 100
const recordsAtOnce = 1000

/** The metrics that ids and globs name. Throws `invalid` for one that names none, with the nearest id. */
export function chooseMetrics(wanted: readonly string[] | undefined): readonly MetricDescriptor[] {
	if (!wanted || wanted.length === 0) return metrics
	const chosen = new Set<MetricDescriptor>()
	for (const name of wanted) {
		const found = metrics.filter((m) => matchesGlob(name, m.id))
		if (found.length === 0) {
			const near = nearest(name, metricIds)
			const message = `There is no metric "${name}".${near ? ` Did you mean "${near}"?` : ' GET /docs lists them.'}`
			throw new AppError('invalid', message, { faults: [{ path: 'metric', message }] })
		}
		for (const m of found) chosen.add(m)
	}
	return [...chosen]
}

/** Where a page ends: the record's key, and how many of its answers were given. */
type Cursor = [from: number, hours: number, series: number, revision: number, given: number]

function parseCursor(text: string | undefined): Cursor | undefined {
	if (text === undefined) return undefined
	const parts = text.split('.').map(Number)
	if (parts.length === 5 && parts.every((n) => Number.isSafeInteger(n))) return parts as Cursor
	throw new AppError('invalid', 'The cursor is not one that this list gave. Leave it out to begin again.', {
		faults: [{ path: 'cursor', message: 'unknown' }],
	})
}

/** Stored statistics as answers, by window, oldest first. */
export async function readAnswers(
	context: Context,
	query: AnswerQuery,
): Promise<{ items: Answer[]; next: string | null }> {
	const chosen = chooseMetrics(query.metrics)
	const limit = query.limit ?? defaultLimit
	const series = new Map((await chosenSeries(context, query)).map((s) => [s.id, s]))
	const items: Answer[] = []
	let cursor = parseCursor(query.cursor)
	if (query.group !== undefined) return { items, next: null }
	for (;;) {
		const rows = await readRecords(context, [...series.keys()], query, cursor)
		for (const row of rows) {
			const place = series.get(row[0]) as Series
			const reference = await referenceByDigest(context, place.model, place.version, row[6])
			const record = toRecord(row, columnOf(reference, query.feature))
			const supersedes = record.revision > 1 ? await computedBefore(context, record) : undefined
			const answers = measureRecord(
				{ record, series: place, reference, supersedes },
				chosen,
				query.feature,
				context.now(),
			)
			const key: Cursor = [record.from, hoursOf(record.window), record.series, record.revision, 0]
			const given = cursor && key.slice(0, 4).every((k, i) => k === cursor?.[i]) ? cursor[4] : 0
			const taken = answers.slice(given, given + limit - items.length)
			items.push(...taken)
			cursor = [key[0], key[1], key[2], key[3], given + taken.length]
			if (given + taken.length < answers.length) return { items, next: cursor.join('.') }
		}
		if (rows.length < recordsAtOnce) return { items, next: null }
		if (items.length >= limit) return { items, next: cursor?.join('.') ?? null }
	}
}

/** The place of a feature among the columns; -1 when the version does not have it. */
const columnOf = (reference: Reference, feature: string | undefined): number | undefined =>
	feature === undefined ? undefined : reference.columns.findIndex((c) => c.grid.name === feature)

async function chosenSeries(context: Context, query: AnswerQuery): Promise<Series[]> {
	const [name, value] = query.segment === undefined ? [''] : query.segment.split(/:(.*)/s)
	return (await context.log.series(query.model)).filter(
		(s) =>
			s.segment === name &&
			(value === undefined || s.value === value) &&
			(query.version === undefined || s.version === query.version) &&
			(query.environment === undefined || s.environment === query.environment),
	)
}

/** Records from the cursor on, the cursor's own included: some of its answers may be left. */
async function readRecords(
	context: Context,
	series: readonly number[],
	query: AnswerQuery,
	cursor: Cursor | undefined,
): Promise<RecordRow[]> {
	const [from, hours, id, revision] = cursor ?? [query.from ?? Number.MIN_SAFE_INTEGER, 0, 0, 0]
	const windows = query.window === undefined ? windowSizes.map(hoursOf) : [hoursOf(query.window)]
	const rows = await context.sql.all({
		sql: `SELECT ${recordColumns} FROM metric_record WHERE ${among('series', series)} AND ${among('hours', windows)}
			AND from_ms >= ?1 AND from_ms < ?2
			AND (?3 = 1 OR superseded_at IS NULL) AND (from_ms, hours, series, revision) >= (?1, ?4, ?5, ?6)
			ORDER BY from_ms, hours, series, revision LIMIT ?7`,
		params: [
			from,
			query.to ?? Number.MAX_SAFE_INTEGER,
			query.history ? 1 : 0,
			hours,
			id,
			revision,
			recordsAtOnce,
		],
	})
	return rows as unknown as RecordRow[]
}

/** Numbers of ours, written out: with one of each, the rows stand in their order and need no sorting. */
const among = (column: string, numbers: readonly number[]): string =>
	numbers.length === 1 ? `${column} = ${numbers[0]}` : `${column} IN (${numbers.join(', ')})`

async function computedBefore(
	context: Context,
	{ series, window, from, revision }: MetricRecord,
): Promise<number | undefined> {
	const [row] = await context.sql.all({
		sql: 'SELECT max(computed_at) FROM metric_record WHERE series = ? AND hours = ? AND from_ms = ? AND revision < ?',
		params: [series, hoursOf(window), from, revision],
	})
	return ((row as [number | null] | undefined)?.[0] ?? undefined) as number | undefined
}
