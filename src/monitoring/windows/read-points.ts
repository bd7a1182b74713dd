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
import { inForceAt } from './past-records.ts'
import { attributionPoints, inputPoints, outcomePoints } from './record-points.ts'
import {
	attributionRecords,
	hoursOf,
	inputRecords,
	outcomeRecords,
	type RecordRow,
	toRecord,
} from './records.ts'
import { rejectionPoints, rejectionRecords } from './rejected-rows.ts'

export type PointQuery = {
	model: string
	/** Ids or globs such as `drift.*`; default all. */
	metrics?: readonly string[] | undefined
	feature?: string | undefined
	/** `name` for all values of a segment, `name:value` for one; default: over all rows. */
	segment?: string | undefined
	group?: string | undefined
	/** False leaves groups of fewer than 30 rows out, as groups and as segments. */
	namesSmall?: boolean | undefined
	/** Of rejected rows. */
	code?: string | undefined
	environment?: string | undefined
	version?: string | undefined
	/** Windows that begin in [from, to), ms since the epoch. */
	from?: number | undefined
	to?: number | undefined
	window?: WindowSize | undefined
	/** Also superseded values. */
	history?: boolean | undefined
	/** Only final values, as they were at this moment. */
	asOf?: number | undefined
	cursor?: string | undefined
	limit?: number | undefined
}

const defaultLimit = 100
const recordsAtOnce = 1000

/** The metrics that ids and globs name. Throws `invalid` for one that matches none, with the nearest id. */
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

/**
 * Where a page ends: the key of its last record, and how many points of that record were returned. `kind`: 0 inputs,
 * 1 outcomes, 2 attributions, 3 rejected rows.
 */
type Cursor = [from: number, hours: number, series: number, kind: number, revision: number, returned: number]

function parseCursor(text: string | undefined): Cursor | undefined {
	if (text === undefined) return undefined
	const parts = text.split('.').map(Number)
	if (parts.length === 6 && parts.every((n) => Number.isSafeInteger(n)) && (parts[5] as number) >= 0)
		return parts as Cursor
	throw new AppError('invalid', 'The cursor is not one that this list gave. Leave it out to begin again.', {
		faults: [{ path: 'cursor', message: 'unknown' }],
	})
}

/** Stored results as points, by window, oldest first. */
export async function readPoints(
	context: Context,
	query: PointQuery,
): Promise<{ items: MetricPoint[]; next: string | null }> {
	const chosen = chooseMetrics(query.metrics)
	const limit = query.limit ?? defaultLimit
	const series = new Map((await chosenSeries(context, query)).map((s) => [s.id, s]))
	const isShown = await shownTo(context, query)
	const kinds = kindsOf(chosen, query)
	const items: MetricPoint[] = []
	let cursor = parseCursor(query.cursor)
	if (kinds.length === 0) return { items, next: null }
	for (;;) {
		const rows = await readRecords(context, [...series.keys()], kinds, query, cursor)
		for (const row of rows) {
			const points =
				row.kind === rejections
					? rejectionPoints(context, query.model, row)
					: (await pointsOf(context, series.get(row.series) as Series, row, chosen, query)).filter(isShown)
			const at = [row.from_ms, row.hours, row.series, row.kind, row.revision] as const
			const returned = cursor && at.every((k, i) => k === cursor?.[i]) ? cursor[5] : 0
			const taken = points.slice(returned, returned + limit - items.length)
			items.push(...taken)
			cursor = [...at, returned + taken.length]
			if (returned + taken.length < points.length) return { items, next: cursor.join('.') }
		}
		if (rows.length < recordsAtOnce) return { items, next: null }
		if (items.length >= limit) return { items, next: cursor?.join('.') ?? null }
	}
}

/** The tables of records by kind; rejected rows are summed from their hours. */
const tables = [inputRecords, outcomeRecords, attributionRecords] as const
const rejections = 3
type StoredKind = 0 | 1 | 2
type Kind = StoredKind | typeof rejections

const inputSubjects: readonly string[] = ['feature', 'model']

/** The kinds that hold any of the wanted points. */
function kindsOf(chosen: readonly MetricDescriptor[], query: PointQuery): Kind[] {
	const { feature, segment, group, version, code } = query
	const hasInputs = group === undefined && chosen.some((m) => inputSubjects.includes(m.subject))
	const hasAttributions = group === undefined && chosen.some((m) => m.subject === 'attribution')
	const hasOutcomes =
		feature === undefined &&
		chosen.some((m) => !['attribution', 'rejection', ...inputSubjects].includes(m.subject))
	const hasRejections =
		(feature ?? segment ?? group ?? version) === undefined && chosen.some((m) => m.subject === 'rejection')
	// Only rejected rows have a code.
	if (code !== undefined) return hasRejections ? [rejections] : []
	return ([hasInputs, hasOutcomes, hasAttributions, hasRejections] as const).flatMap((has, kind) =>
		has ? [kind as Kind] : [],
	)
}

/** A segment may be a sensitive attribute: its values are then groups, and small ones are left out as groups are. */
async function shownTo(context: Context, { model, namesSmall = true }: PointQuery) {
	const sensitive: readonly string[] = namesSmall ? [] : (await findModel(context, model)).sensitive
	return ({ subject, n }: MetricPoint): boolean =>
		subject.segment === undefined || !sensitive.includes(subject.segment.name) || n >= defaultMinGroup
}

async function pointsOf(
	context: Context,
	series: Series,
	row: KindRow,
	chosen: readonly MetricDescriptor[],
	query: PointQuery,
): Promise<MetricPoint[]> {
	const supersedes = row.revision > 1 ? await computedBefore(context, row) : undefined
	const stored = { series, supersedes }
	if (row.kind === 1) {
		const minRows = query.namesSmall === false ? defaultMinGroup : 0
		return outcomePoints({ ...stored, record: toRecord(outcomeRecords, row) }, chosen, query.group, minRows)
	}
	if (row.kind === 2)
		return attributionPoints({ ...stored, record: toRecord(attributionRecords, row) }, chosen, query.feature)
	const reference = await referenceByDigest(context, series.model, series.version, row.baseline)
	const record = toRecord(inputRecords, row, columnOf(reference, query.feature))
	return inputPoints({ ...stored, record, reference }, chosen, query.feature, query.asOf ?? context.now())
}

/** The index of a feature's column; -1 when the version does not have the feature. */
const columnOf = (reference: Reference, feature: string | undefined): number | undefined =>
	feature === undefined ? undefined : reference.columns.findIndex((c) => c.bins.name === feature)

async function chosenSeries(context: Context, query: PointQuery): Promise<Series[]> {
	const [name, value] = query.segment === undefined ? [''] : query.segment.split(/:(.*)/s)
	return (await context.log.series(query.model)).filter(
		(s) =>
			s.segment === name &&
			(value === undefined || s.value === value) &&
			(query.version === undefined || s.version === query.version) &&
			(query.environment === undefined || s.environment === query.environment),
	)
}

/** A row of any kind; of rejected rows, `bytes` is JSON text. */
type KindRow = RecordRow & { kind: Kind }

/** Records from the cursor on, its own included: some of that record's points may be left. */
async function readRecords(
	context: Context,
	series: readonly number[],
	kinds: readonly Kind[],
	query: PointQuery,
	cursor: Cursor | undefined,
): Promise<KindRow[]> {
	const [from, hours, id, kind, revision] = cursor ?? [query.from ?? Number.MIN_SAFE_INTEGER, 0, 0, 0, 0]
	const sizes = query.window === undefined ? windowSizes : [query.window]
	const more: (string | number)[] = []
	const placeholder = (value: string | number) => `?${8 + more.push(value)}`
	const inForce =
		query.asOf === undefined ? '(?3 = 1 OR superseded_at IS NULL)' : inForceAt(placeholder(query.asOf))
	const selectRejections = () =>
		sizes.map(
			(size) => `SELECT *, ${rejections} AS kind FROM (${rejectionRecords(size, query, placeholder)})
				WHERE from_ms >= ?1 AND from_ms < ?2 AND ${inForce}
				AND (from_ms, hours, series, ${rejections}, revision) >= (?1, ?4, ?5, ?6, ?7)`,
		)
	const selects = kinds.flatMap((k) =>
		k === rejections
			? selectRejections()
			: `SELECT ${tables[k].columns}, ${k} AS kind FROM ${tables[k].name}
			WHERE ${among('series', series)} AND ${among('hours', sizes.map(hoursOf))} AND from_ms >= ?1 AND from_ms < ?2
			AND ${inForce} AND (from_ms, hours, series, ${k}, revision) >= (?1, ?4, ?5, ?6, ?7)`,
	)
	return context.sql.all<KindRow>({
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
}

/** Numbers from our own tables, as literals: with `=`, rows come in the order of the key and need no sorting. */
const among = (column: string, numbers: readonly number[]): string =>
	numbers.length === 1 ? `${column} = ${numbers[0]}` : `${column} IN (${numbers.join(', ')})`

/** When the revision before a record was computed. */
async function computedBefore(
	context: Context,
	{ kind, series, hours, from_ms, revision }: KindRow,
): Promise<number | undefined> {
	const [row] = await context.sql.all<{ before: number | null }>({
		sql: `SELECT max(computed_at) AS before FROM ${tables[kind as StoredKind].name}
			WHERE series = ? AND hours = ? AND from_ms = ? AND revision < ?`,
		params: [series, hours, from_ms, revision],
	})
	return row?.before ?? undefined
}
