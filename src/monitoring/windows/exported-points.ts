import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { sleep } from '../../core/retry.ts'
import { SerialQueue } from '../../core/serial-queue.ts'
import type { SeriesRef } from '../../core/series.ts'
import { windowMs } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import type { MetricDescriptor } from '../../metrics/index.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import { referenceByDigest } from '../../registry/baseline/current-reference.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { chooseMetrics } from './read-points.ts'
import { attributionPoints, inputPoints, outcomePoints } from './record-points.ts'
import {
	attributionRecords,
	hoursOf,
	inputRecords,
	outcomeRecords,
	type RecordRow,
	type RecordTable,
	toRecord,
	type WindowRecord,
} from './records.ts'

export type ExportedValue = {
	model: string
	environment: string
	metric: string
	feature: string
	/** Empty but for metrics of groups. */
	group: string
	value: number
}
/** When the window of a metric's values ended, ms since the epoch. */
export type ExportedWindow = { model: string; environment: string; metric: string; end: number }

export type Exported = { values: ExportedValue[]; windows: ExportedWindow[]; leftOut: number }

type Known = Series & { newest: number }
type Measured = { count: number; values: ExportedValue[] | undefined; windows: ExportedWindow[] }

const size = '1d'
const seriesAtOnce = 100
/** Values kept in memory, in multiples of those that are shown: keys with other scopes see others. */
const keptTimes = 4

/**
 * The newest daily values of a few declared metrics, of all models. They are kept in memory and read again only where a
 * window changed, so that a scrape costs the same however many rows are stored.
 */
export class ExportedMetrics {
	private readonly metrics: readonly MetricDescriptor[]
	private readonly limit: number
	private readonly known = new Map<number, Known>()
	private readonly measured = new Map<number, Measured>()
	private since: number | undefined
	private kept = 0
	private readonly queue = new SerialQueue()

	/** Throws `invalid` for an unknown metric. Rejected rows are left out: they have a counter of their own. */
	constructor(names: readonly string[], limit: number) {
		this.metrics = metricsOf(names)
		this.limit = limit
	}

	/** The values of the models that are visible, at most `limit`. */
	read(context: Context, isVisible: (model: string) => boolean): Promise<Exported> {
		if (this.metrics.length === 0) return Promise.resolve({ values: [], windows: [], leftOut: 0 })
		return this.queue.run(() => this.readNow(context, isVisible))
	}

	private async readNow(context: Context, isVisible: (model: string) => boolean): Promise<Exported> {
		await this.followChanges(context)
		const shown = (await this.serving(context)).filter((s) => isVisible(s.model))
		const missing = shown.filter((s) => !this.measured.has(s.id))
		for (let at = 0; at < missing.length; at += seriesAtOnce)
			await this.measure(context, missing.slice(at, at + seriesAtOnce))
		const exported: Exported = { values: [], windows: [], leftOut: 0 }
		for (const series of shown) {
			const room = this.limit - exported.values.length
			const { count, windows } = this.measured.get(series.id) as Measured
			const taken = Math.min(room, count)
			exported.leftOut += count - taken
			if (taken === 0) continue
			exported.values.push(...(await this.valuesOf(context, series)).slice(0, taken))
			exported.windows.push(...windows)
		}
		return exported
	}

	/** Reads all series first, then only those that changed since the last read. */
	private async followChanges(context: Context): Promise<void> {
		const [last] = await context.sql.all<{ sequence: number | null }>({
			sql: 'SELECT max(sequence) AS sequence FROM metric_change',
		})
		const until = last?.sequence ?? 0
		if (until === this.since) return
		type Row = SeriesRef & { id: number; newest: number | null }
		const rows = await context.sql.all<Row>(
			this.since === undefined
				? { sql: allSeries, params: [hoursOf(size)] }
				: { sql: changedSeries, params: [hoursOf(size), this.since] },
		)
		for (const { id, model, version, environment, newest: from } of rows) {
			if (from === null) continue
			const newest = Math.max(from, this.known.get(id)?.newest ?? from)
			this.known.set(id, { id, model, version, environment, segment: '', value: '', newest })
			this.kept -= this.measured.get(id)?.values?.length ?? 0
			this.measured.delete(id)
		}
		this.since = until
	}

	/** One series of each model and environment: the champion's, or where it has none the one with the newest window. */
	private async serving(context: Context): Promise<Known[]> {
		const rows = await context.sql.all<SeriesRef>({ sql: champions })
		const champion = new Map(rows.map((row) => [key(row.model, row.environment), row.version]))
		const chosen = new Map<string, Known>()
		for (const series of this.known.values()) {
			const at = key(series.model, series.environment)
			const rank = (s: Known) => (s.version === champion.get(at) ? Number.MAX_VALUE : s.newest)
			const before = chosen.get(at)
			if (!before || rank(series) >= rank(before)) chosen.set(at, series)
		}
		return [...chosen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, series]) => series)
	}

	private async valuesOf(context: Context, series: Known): Promise<ExportedValue[]> {
		const { values } = this.measured.get(series.id) as Measured
		if (values) return values
		return (await this.measure(context, [series])).get(series.id) as ExportedValue[]
	}

	private async measure(context: Context, list: readonly Known[]): Promise<Map<number, ExportedValue[]>> {
		const points = await newestPoints(context, list, this.metrics)
		const valuesBySeries = new Map<number, ExportedValue[]>()
		for (const series of list) {
			const own = points.get(series.id) ?? []
			const values = own.flatMap(toValue)
			valuesBySeries.set(series.id, values)
			const isKept = this.kept + values.length <= keptTimes * this.limit
			if (isKept) this.kept += values.length
			this.measured.set(series.id, {
				count: values.length,
				values: isKept ? values : undefined,
				windows: windowsOf(own),
			})
		}
		return valuesBySeries
	}
}

type Settings = {
	PLUMBLINE_PROMETHEUS_METRICS?: readonly string[] | undefined
	PLUMBLINE_PROMETHEUS_SERIES: number
}

/** From the environment's settings. Throws `invalid` for an unknown metric. */
export const exportedOf = (settings: Settings): ExportedMetrics =>
	new ExportedMetrics(settings.PLUMBLINE_PROMETHEUS_METRICS ?? [], settings.PLUMBLINE_PROMETHEUS_SERIES)

function metricsOf(names: readonly string[]): readonly MetricDescriptor[] {
	try {
		return names.length === 0 ? [] : chooseMetrics(names).filter((m) => m.subject !== 'rejection')
	} catch (cause) {
		throw new AppError('invalid', `PLUMBLINE_PROMETHEUS_METRICS: ${(cause as Error).message}`, { cause })
	}
}

const key = (model: string, environment: string) => JSON.stringify([model, environment])

const allSeries = `SELECT s.id AS id, s.model AS model, s.version AS version, s.environment AS environment,
		(SELECT max(c.from_ms) FROM metric_change c WHERE c.series = s.id AND c.hours = ?1) AS newest
	FROM log_series s WHERE s.segment = ''`

// By sequence alone: with the other index it would read all windows of all series.
const changedSeries = `SELECT s.id AS id, s.model AS model, s.version AS version, s.environment AS environment,
		max(c.from_ms) AS newest
	FROM metric_change c NOT INDEXED CROSS JOIN log_series s ON s.id = c.series
	WHERE c.sequence > ?2 AND c.hours = ?1 AND s.segment = '' GROUP BY s.id`

const champions = `SELECT model, environment, champion AS version FROM deployment d WHERE revision =
	(SELECT max(revision) FROM deployment l WHERE l.model = d.model AND l.environment = d.environment)`

/** The table that holds a metric. */
function tableOf({ subject }: MetricDescriptor): RecordTable<never>['name'] {
	if (subject === 'attribution') return 'attribution_record'
	return subject === 'feature' || subject === 'model' ? 'metric_record' : 'outcome_record'
}

/** Selects each series' newest day that is over (and whose outcomes are mature), or while there is none the newest. */
function newestRecords({ name, columns }: Pick<RecordTable<never>, 'name' | 'columns'>): string {
	const newest = (more: string) =>
		`SELECT n.from_ms FROM ${name} n WHERE n.series = i.value AND n.hours = ?2 AND n.superseded_at IS NULL ${more}
			ORDER BY n.from_ms DESC LIMIT 1`
	const isFinal = `AND n.provisional = 0 ${name === 'outcome_record' ? 'AND n.mature_at IS NULL' : ''}`
	return `SELECT ${columns} FROM json_each(?1) i JOIN ${name} r ON r.series = i.value AND r.hours = ?2
		AND r.superseded_at IS NULL AND r.from_ms = coalesce((${newest(isFinal)}), (${newest('')}))`
}

/** The points of each series' newest day, by series. */
async function newestPoints(
	context: Context,
	list: readonly Known[],
	metrics: readonly MetricDescriptor[],
): Promise<Map<number, MetricPoint[]>> {
	const points = new Map<number, MetricPoint[]>(list.map((s) => [s.id, []]))
	const seriesOf = new Map(list.map((s) => [s.id, s]))
	const params = [JSON.stringify(list.map((s) => s.id)), hoursOf(size)]
	const read = async <Result>(
		table: RecordTable<Result>,
		pointsOf: (record: WindowRecord<Result>, series: Series) => Promise<MetricPoint[]> | MetricPoint[],
	) => {
		if (!metrics.some((m) => tableOf(m) === table.name)) return
		for (const row of await context.sql.all<RecordRow>({ sql: newestRecords(table), params })) {
			const series = seriesOf.get(row.series) as Series
			points.get(row.series)?.push(...(await pointsOf(toRecord(table, row), series)))
		}
		// Requests come first.
		await sleep(0)
	}
	await read(inputRecords, async (record, series) => {
		const reference = await referenceByDigest(context, series.model, series.version, record.baseline)
		return inputPoints({ record, series, reference }, metrics, undefined, context.now())
	})
	// Whoever may scrape sees these values, so small groups are left out.
	await read(outcomeRecords, (record, series) =>
		outcomePoints({ record, series }, metrics, undefined, defaultMinGroup),
	)
	await read(attributionRecords, (record, series) =>
		attributionPoints({ record, series }, metrics, undefined),
	)
	return points
}

/** Doubtful values are not exported. */
function toValue({ metric, subject, status, value, trust }: MetricPoint): ExportedValue[] {
	if (status !== 'ok' || value === null || trust === 'doubtful') return []
	const { model, environment, feature = '', group = '' } = subject
	return [{ model, environment, metric, feature, group, value }]
}

function windowsOf(points: readonly MetricPoint[]): ExportedWindow[] {
	const windows = new Map<string, ExportedWindow>()
	for (const point of points)
		if (toValue(point).length > 0 && !windows.has(point.metric)) {
			const { model, environment } = point.subject
			const end = Date.parse(point.window.from) + windowMs[size]
			windows.set(point.metric, { model, environment, metric: point.metric, end })
		}
	return [...windows.values()]
}
