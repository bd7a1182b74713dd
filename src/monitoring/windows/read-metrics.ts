import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { matchesGlob } from '../../core/glob.ts'
import { nearest } from '../../core/nearest.ts'
import { type WindowSize, windowSizes } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import { type MetricDescriptor, metricIds, metrics } from '../../metrics/index.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import type { Reference } from '../../metrics/reference.ts'
import { referenceByDigest } from '../../registry/baseline/current-reference.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { measureAttributions } from './attributions/measure-attributions.ts'
import { toAttributionRecord } from './attributions/records.ts'
import { measureRecord } from './measure-record.ts'
import { measureOutcomes } from './outcomes/measure-outcomes.ts'
import { toOutcomeRecord } from './outcomes/records.ts'
import { hoursOf, type RecordRow, recordColumns, toRecord } from './records.ts'
import { measureRejections, rejectionRecords } from './rejected-rows.ts'

export type AnswerQuery = {
	model: string
	/** Ids or globs such as `drift.*`; default all. */
	metrics?: readonly string[] | undefined
	feature?: string | undefined
	/** `name` for all values of a segment, `name:value` for one; default: over all rows. */
	segment?: string | undefined
	group?: string | undefined
	/** False: groups of fewer than 30 rows are left out, as groups and as segments. */
	namesSmall?: boolean | undefined
	/** Of rejected rows. */
	code?: string | undefined
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
			const message = `There is no metric "${name}".${near ? ` Did you mean "${near}"?` : ''}`
			const hint = near ? undefined : ({ to: 'list-metrics' } as const)
			throw new AppError('invalid', message, { faults: [{ path: 'metric', message }], hint })
		}
		for (const m of found) chosen.add(m)
	}
	return [...chosen]
}

/** Where a page ends: the record's key, and how many of its answers were given. `kind`: 0 profile, 1 outcomes, 2 attributions, 3 rejections. */
type Cursor = [from: number, hours: number, series: number, kind: number, revision: number, given: number]

function parseCursor(text: string | undefined): Cursor | undefined {
	if (text === undefined) return undefined
	const parts = text.split('.').map(Number)
	if (parts.length === 6 && parts.every((n) => Number.isSafeInteger(n)) && (parts[5] as number) >= 0)
		return parts as Cursor
	throw new AppError('invalid', 'The cursor is not one that this list gave. Leave it out to begin again.', {
		faults: [{ path: 'cursor', message: 'unknown' }],
	})
}

/** Stored statistics as answers, by window, oldest first. */
export async function readAnswers(
	context: Context,
	query: AnswerQuery,
): Promise<{ items: MetricPoint[]; next: string | null }> {
	const chosen = chooseMetrics(query.metrics)
	const limit = query.limit ?? defaultLimit
	const series = new Map((await chosenSeries(context, query)).map((s) => [s.id, s]))
	const isShown = await shownTo(context, query)
	const tables = tablesOf(chosen, query)
	const items: MetricPoint[] = []
	let cursor = parseCursor(query.cursor)
	if (tables.length === 0) return { items, next: null }
	for (;;) {
		const rows = await readRecords(context, [...series.keys()], tables, query, cursor)
		for (const row of rows) {
			const answers =
				row[9] === 3
					? measureRejections(context, query.model, rejectionsOf(row))
					: (await answersOf(context, series.get(row[0]) as Series, row, chosen, query)).filter(isShown)
			const key = row.slice(0, 3) as [number, number, number]
			const at: Cursor = [key[2], key[1], key[0], row[9], row[3], 0]
			const given = cursor && at.slice(0, 5).every((k, i) => k === cursor?.[i]) ? cursor[5] : 0
			const taken = answers.slice(given, given + limit - items.length)
			items.push(...taken)
			cursor = [at[0], at[1], at[2], at[3], at[4], given + taken.length]
			if (given + taken.length < answers.length) return { items, next: cursor.join('.') }
		}
		if (rows.length < recordsAtOnce) return { items, next: null }
		if (items.length >= limit) return { items, next: cursor?.join('.') ?? null }
	}
}

const summariseSubjects: readonly string[] = ['feature', 'model']

/** Which tables hold anything that is asked for. */
function tablesOf(chosen: readonly MetricDescriptor[], query: AnswerQuery): Kind[] {
	const ofInputSummaries =
		query.group === undefined && chosen.some((m) => summariseSubjects.includes(m.subject))
	const ofAttributions = query.group === undefined && chosen.some((m) => m.subject === 'attribution')
	const ofOutcomes =
		query.feature === undefined &&
		chosen.some((m) => !['attribution', 'rejection', ...summariseSubjects].includes(m.subject))
	const { feature, segment, group, version } = query
	const ofRejections =
		(feature ?? segment ?? group ?? version) === undefined && chosen.some((m) => m.subject === 'rejection')
	// Nothing else has a code.
	if (query.code !== undefined) return ofRejections ? [3] : []
	return ([ofInputSummaries, ofOutcomes, ofAttributions, ofRejections] as const).flatMap((isAsked, kind) =>
		isAsked ? [kind as Kind] : [],
	)
}

/** A segment may be a sensitive attribute: then its values are groups, and small ones are left out as groups are. */
async function shownTo(context: Context, { model, namesSmall = true }: AnswerQuery) {
	const sensitive: readonly string[] = namesSmall ? [] : (await findModel(context, model)).sensitive
	return ({ subject, n }: MetricPoint): boolean =>
		subject.segment === undefined || !sensitive.includes(subject.segment.name) || n >= defaultMinGroup
}

async function answersOf(
	context: Context,
	place: Series,
	row: AnyRow,
	chosen: readonly MetricDescriptor[],
	query: AnswerQuery,
): Promise<MetricPoint[]> {
	const [series, hours, from, revision, computedAt, provisional, baseline, bytes, superseded, kind] = row
	const supersedes =
		revision > 1
			? await computedBefore(context, kind as StoredKind, { series, hours, from, revision })
			: undefined
	if (kind === 1) {
		const record = toOutcomeRecord([
			series,
			hours,
			from,
			revision,
			computedAt,
			provisional,
			row[10],
			row[11],
			baseline,
			bytes,
		])
		const minRows = query.namesSmall === false ? defaultMinGroup : 0
		return measureOutcomes({ record, series: place, supersedes }, chosen, query.group, minRows)
	}
	if (kind === 2) {
		const record = toAttributionRecord([
			series,
			hours,
			from,
			revision,
			computedAt,
			provisional,
			baseline,
			bytes,
			superseded,
		])
		return measureAttributions({ record, series: place, supersedes }, chosen, query.feature)
	}
	const reference = await referenceByDigest(context, place.model, place.version, baseline)
	const record = toRecord(
		[series, hours, from, revision, computedAt, provisional, baseline, bytes, superseded],
		columnOf(reference, query.feature),
	)
	return measureRecord({ record, series: place, reference, supersedes }, chosen, query.feature, context.now())
}

const rejectionsOf = ([, hours, from, , computedAt, , , counts]: AnyRow) => ({
	hours,
	from,
	computedAt,
	counts: counts as unknown as string,
})

/** The place of a feature among the columns; -1 when the version does not have it. */
const columnOf = (reference: Reference, feature: string | undefined): number | undefined =>
	feature === undefined ? undefined : reference.columns.findIndex((c) => c.bins.name === feature)

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

/** An index into `tables`; 3 is rejected rows, which are summed from their hours. */
type Kind = StoredKind | 3
type StoredKind = 0 | 1 | 2

/** Of any table: what only outcomes have is null for the others. */
type AnyRow = [...RecordRow, kind: Kind, matureAt: number | null, change: string | null]

const tables = ['metric_record', 'outcome_record', 'attribution_record'] as const
const ownColumns = ['NULL, NULL', 'mature_at, reason', 'NULL, NULL', 'NULL, NULL'] as const

/** Records from the cursor on, the cursor's own included: some of its answers may be left. */
async function readRecords(
	context: Context,
	series: readonly number[],
	kinds: readonly Kind[],
	query: AnswerQuery,
	cursor: Cursor | undefined,
): Promise<AnyRow[]> {
	const [from, hours, id, kind, revision] = cursor ?? [query.from ?? Number.MIN_SAFE_INTEGER, 0, 0, 0, 0]
	const sizes = query.window === undefined ? windowSizes : [query.window]
	const more: string[] = []
	const placeholder = (value: string) => `?${8 + more.push(value)}`
	const rejections = () =>
		sizes.map(
			(size) => `SELECT *, 3 AS kind, NULL, NULL FROM (${rejectionRecords(size, query, placeholder)})
				WHERE from_ms >= ?1 AND from_ms < ?2 AND (from_ms, hours, series, 3, revision) >= (?1, ?4, ?5, ?6, ?7)`,
		)
	const selects = kinds.flatMap((k) =>
		k === 3
			? rejections()
			: `SELECT ${recordColumns}, ${k} AS kind, ${ownColumns[k]} FROM ${tables[k]}
			WHERE ${among('series', series)} AND ${among('hours', sizes.map(hoursOf))} AND from_ms >= ?1 AND from_ms < ?2
			AND (?3 = 1 OR superseded_at IS NULL) AND (from_ms, hours, series, ${k}, revision) >= (?1, ?4, ?5, ?6, ?7)`,
	)
	const rows = await context.sql.values({
		sql: `${selects.join(' UNION ALL ')} ORDER BY from_ms, hours, series${selects.length > 1 ? ', kind' : ''}, revision LIMIT ?8`,
		params: [
			from,
			query.to ?? Number.MAX_SAFE_INTEGER,
			query.history ? 1 : 0,
			hours,
			id,
			kind,
			revision,
			recordsAtOnce,
			...more,
		],
	})
	return rows as unknown as AnyRow[]
}

/** Numbers of ours, written out: with one of each, the rows stand in their order and need no sorting. */
const among = (column: string, numbers: readonly number[]): string =>
	numbers.length === 1 ? `${column} = ${numbers[0]}` : `${column} IN (${numbers.join(', ')})`

async function computedBefore(
	context: Context,
	kind: StoredKind,
	{ series, hours, from, revision }: { series: number; hours: number; from: number; revision: number },
): Promise<number | undefined> {
	const [row] = await context.sql.values({
		sql: `SELECT max(computed_at) FROM ${tables[kind]} WHERE series = ? AND hours = ? AND from_ms = ? AND revision < ?`,
		params: [series, hours, from, revision],
	})
	return ((row as [number | null] | undefined)?.[0] ?? undefined) as number | undefined
}
