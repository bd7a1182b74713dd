import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { windowMs } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import type { MetricDescriptor } from '../../metrics/index.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import { referenceByDigest } from '../../registry/baseline/current-reference.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { measureAttributions } from './attributions/measure-attributions.ts'
import { toAttributionRecord } from './attributions/records.ts'
import { measureRecord } from './measure-record.ts'
import { measureOutcomes } from './outcomes/measure-outcomes.ts'
import { type OutcomeRow, outcomeColumns, toOutcomeRecord } from './outcomes/records.ts'
import { chooseMetrics } from './read-metrics.ts'
import { hoursOf, type RecordRow, type RecordTable, recordColumns, toRecord } from './records.ts'

export type ExportedValue = {
	model: string
	environment: string
	metric: string
	feature: string
	/** Empty but for metrics of groups. */
	group: string
	value: number
}
/** When the window ended that the values of a metric are of, ms since the epoch. */
export type ExportedWindow = { model: string; environment: string; metric: string; end: number }

export type Exported = { values: ExportedValue[]; windows: ExportedWindow[]; leftOut: number }

type Known = Series & { newest: number }
type Measured = { count: number; values: ExportedValue[] | undefined; windows: ExportedWindow[] }

const size = '1d'
const seriesAtOnce = 100
/** Values that are kept in memory, in multiples of those that are shown: scoped keys see others. */
const keptTimes = 4

/**
 * The newest daily values of a few declared metrics, of all models. They are kept in memory and measured again only where
 * a window changed since, so that a look costs the same however many rows are stored.
 */
export class ExportedMetrics {
	private readonly metrics: readonly MetricDescriptor[]
	private readonly limit: number
	private readonly known = new Map<number, Known>()
	private readonly measured = new Map<number, Measured>()
	private since: number | undefined
	private kept = 0
	private running: Promise<unknown> = Promise.resolve()

	/** Throws `invalid` for a name that is no metric. Rejected rows have a counter of their own. */
	constructor(names: readonly string[], limit: number) {
		this.metrics = metricsOf(names)
		this.limit = limit
	}

	/** The values of the models that are visible, at most `limit`. */
	read(context: Context, isVisible: (model: string) => boolean): Promise<Exported> {
		if (this.metrics.length === 0) return Promise.resolve({ values: [], windows: [], leftOut: 0 })
		const next = this.running.then(() => this.readNow(context, isVisible))
		this.running = next.catch(() => {})
		return next
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

	/** Reads which series there are, then only those that changed since the last look. */
	private async followChanges(context: Context): Promise<void> {
		const [last] = await context.sql.values({ sql: 'SELECT coalesce(max(sequence), 0) FROM metric_change' })
		const until = (last as [number])[0]
		if (until === this.since) return
		const rows = (await context.sql.values(
			this.since === undefined
				? { sql: allSeries, params: [hoursOf(size)] }
				: { sql: changedSeries, params: [hoursOf(size), this.since] },
		)) as unknown as [number, string, string, string, number | null][]
		for (const [id, model, version, environment, from] of rows) {
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
		const rows = (await context.sql.values({ sql: champions })) as unknown as [string, string, string][]
		const champion = new Map(rows.map(([model, environment, version]) => [key(model, environment), version]))
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
		const answers = await newestAnswers(context, list, this.metrics)
		const found = new Map<number, ExportedValue[]>()
		for (const series of list) {
			const own = answers.get(series.id) ?? []
			const values = own.flatMap(toValue)
			found.set(series.id, values)
			const isKept = this.kept + values.length <= keptTimes * this.limit
			if (isKept) this.kept += values.length
			this.measured.set(series.id, {
				count: values.length,
				values: isKept ? values : undefined,
				windows: windowsOf(own),
			})
		}
		return found
	}
}

type Settings = {
	PLUMBLINE_PROMETHEUS_METRICS?: readonly string[] | undefined
	PLUMBLINE_PROMETHEUS_SERIES: number
}

/** As the environment says. Throws `invalid` for a name that is no metric. */
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

const allSeries = `SELECT s.id, s.model, s.version, s.environment,
		(SELECT max(c.from_ms) FROM metric_change c WHERE c.series = s.id AND c.hours = ?1)
	FROM log_series s WHERE s.segment = ''`

// By sequence alone: the other index would have all windows of all series read.
const changedSeries = `SELECT s.id, s.model, s.version, s.environment, max(c.from_ms)
	FROM metric_change c NOT INDEXED CROSS JOIN log_series s ON s.id = c.series
	WHERE c.sequence > ?2 AND c.hours = ?1 AND s.segment = '' GROUP BY s.id`

const champions = `SELECT model, environment, champion FROM deployment d WHERE revision =
	(SELECT max(revision) FROM deployment l WHERE l.model = d.model AND l.environment = d.environment)`

/** Which table holds a metric. */
function tableOf({ subject }: MetricDescriptor): RecordTable {
	if (subject === 'attribution') return 'attribution_record'
	return subject === 'feature' || subject === 'model' ? 'metric_record' : 'outcome_record'
}

/** Of each series the newest day that is over (and whose outcomes are mature), or while there is none the newest. */
function newestRecords(table: RecordTable, columns: string): string {
	const newest = (more: string) =>
		`SELECT n.from_ms FROM ${table} n WHERE n.series = i.value AND n.hours = ?2 AND n.superseded_at IS NULL ${more}
			ORDER BY n.from_ms DESC LIMIT 1`
	const isFinal = `AND n.provisional = 0 ${table === 'outcome_record' ? 'AND n.mature_at IS NULL' : ''}`
	return `SELECT ${columns} FROM json_each(?1) i JOIN ${table} r ON r.series = i.value AND r.hours = ?2
		AND r.superseded_at IS NULL AND r.from_ms = coalesce((${newest(isFinal)}), (${newest('')}))`
}

async function newestAnswers(
	context: Context,
	list: readonly Known[],
	metrics: readonly MetricDescriptor[],
): Promise<Map<number, MetricPoint[]>> {
	const found = new Map<number, MetricPoint[]>(list.map((s) => [s.id, []]))
	const seriesOf = new Map(list.map((s) => [s.id, s]))
	const params = [JSON.stringify(list.map((s) => s.id)), hoursOf(size)]
	const read = async <Row extends readonly unknown[]>(
		table: RecordTable,
		columns: string,
		measure: (row: Row, series: Series) => Promise<MetricPoint[]> | MetricPoint[],
	) => {
		if (!metrics.some((m) => tableOf(m) === table)) return
		for (const row of await context.sql.values({ sql: newestRecords(table, columns), params })) {
			const id = row[0] as number
			found.get(id)?.push(...(await measure(row as unknown as Row, seriesOf.get(id) as Series)))
		}
		// Requests come first.
		await new Promise((resolve) => setTimeout(resolve, 0))
	}
	await read<RecordRow>('metric_record', recordColumns, async (row, series) => {
		const record = toRecord(row)
		const reference = await referenceByDigest(context, series.model, series.version, record.baseline)
		return measureRecord({ record, series, reference }, metrics, undefined, context.now())
	})
	// Whoever sees the boards sees these: small groups are not among them.
	await read<OutcomeRow>('outcome_record', outcomeColumns, (row, series) =>
		measureOutcomes({ record: toOutcomeRecord(row), series }, metrics, undefined, defaultMinGroup),
	)
	await read<RecordRow>('attribution_record', recordColumns, (row, series) =>
		measureAttributions({ record: toAttributionRecord(row), series }, metrics, undefined),
	)
	return found
}

/** A value that cannot be relied on is none. */
function toValue({ metric, subject, status, value, trust }: MetricPoint): ExportedValue[] {
	if (status !== 'ok' || value === null || trust === 'doubtful') return []
	const { model, environment, feature = '', group = '' } = subject
	return [{ model, environment, metric, feature, group, value }]
}

function windowsOf(answers: readonly MetricPoint[]): ExportedWindow[] {
	const windows = new Map<string, ExportedWindow>()
	for (const answer of answers)
		if (toValue(answer).length > 0 && !windows.has(answer.metric)) {
			const { model, environment } = answer.subject
			const end = Date.parse(answer.window.from) + windowMs[size]
			windows.set(answer.metric, { model, environment, metric: answer.metric, end })
		}
	return [...windows.values()]
}
