import type { Context } from '../../context.ts'
import { type WindowSize, windowMs } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import { referenceByDigest } from '../../registry/baseline/current-reference.ts'
import type { FactTable, SubjectFacts, WindowSeries } from '../../rules/facts.ts'
import { currentAttributions } from './attributions/records.ts'
import { currentOutcomes } from './outcomes/records.ts'
import { currentRecords, type MetricRecord } from './records.ts'
import { type StoredWindow, subjectFacts } from './subject-facts.ts'

export type ChangedWindow = {
	model: string
	version: string
	environment: string
	window: WindowSize
	from: number
	sequence: number
}

const sizes: Record<number, WindowSize> = { 1: '1h', 24: '1d', 168: '7d' }

/** Windows whose values changed after `since` (a sequence number), by the time they begin. */
export async function computedWindows(context: Context, query: { since: number }): Promise<ChangedWindow[]> {
	const rows = (await context.sql.values({
		sql: `SELECT c.sequence, c.hours, c.from_ms, s.model, s.version, s.environment FROM metric_change c
			JOIN log_series s ON s.id = c.series WHERE c.sequence > ? ORDER BY c.from_ms, c.hours, c.sequence`,
		params: [query.since],
	})) as unknown as [number, number, number, string, string, string][]
	return rows.map(([sequence, hours, from, model, version, environment]) => ({
		model,
		version,
		environment,
		window: sizes[hours] as WindowSize,
		from,
		sequence,
	}))
}

/** Whose windows, of one size, and when they begin. */
export type FactQuery = WindowSeries & { froms: readonly number[] }

/** All that was computed of some windows, by subject; the first subject is the window as a whole. */
export async function readFacts(
	context: Context,
	{ model, version, environment, window, froms }: FactQuery,
): Promise<FactTable[]> {
	const series = (await context.log.series(model))
		.filter((s) => s.version === version && s.environment === environment)
		.sort((a, b) => (a.segment < b.segment ? -1 : 1))
	const ids = series.map((s) => s.id)
	const records = await currentRecords(context, ids, window, froms)
	const outcomes = await currentOutcomes(context, ids, window, froms)
	const attributions = await currentAttributions(context, ids, window, froms)
	const tables: FactTable[] = []
	for (const from of froms) {
		const to = from + windowMs[window]
		const subjects: SubjectFacts[] = []
		for (const own of series) {
			const { id } = own
			const stored: StoredWindow = {
				series: own,
				record: await placed(context, own, records.get(from)?.get(id)),
				outcome: outcomes.get(from)?.get(id),
				attribution: attributions.get(from)?.get(id),
			}
			subjects.push(...subjectFacts(stored, to))
		}
		tables.push({ from, to, closed: to <= context.now(), subjects })
	}
	return tables
}

const placed = async (context: Context, { model, version }: Series, record: MetricRecord | undefined) =>
	record && { record, reference: await referenceByDigest(context, model, version, record.baseline) }
