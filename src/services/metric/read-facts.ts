import type { Context } from '../../context.ts'
import { type WindowSize, windowMs } from '../../core/time.ts'
import { metrics } from '../../metrics/index.ts'
import { referenceByDigest } from '../baseline/current-grid.ts'
import { measureRecord } from './measure-record.ts'
import { currentRecords } from './records.ts'

export type ChangedWindow = {
	model: string
	version: string
	environment: string
	window: WindowSize
	from: number
	sequence: number
}

export type FactTable = {
	from: number
	to: number
	closed: boolean
	subjects: {
		feature?: string
		segment?: { name: string; value: string }
		group?: string
		/** Metric id to value; what is not there is unknown. */
		facts: Map<string, number>
		n: number
		m: number
	}[]
}

const sizes: Record<number, WindowSize> = { 1: '1h', 24: '1d', 168: '7d' }

/** Windows whose values changed after `since` (a sequence number), by the time they begin. */
export async function computedWindows(context: Context, query: { since: number }): Promise<ChangedWindow[]> {
	const rows = (await context.sql.all({
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

/** All that was computed of one window, by subject; the first subject is the window as a whole. */
export async function readFacts(
	context: Context,
	query: Omit<ChangedWindow, 'sequence'>,
): Promise<FactTable> {
	const to = query.from + windowMs[query.window]
	const series = (await context.log.series(query.model)).filter(
		(s) => s.version === query.version && s.environment === query.environment,
	)
	const records = await currentRecords(
		context,
		series.map((s) => s.id),
		query.window,
		query.from,
	)
	const subjects: FactTable['subjects'] = []
	for (const place of series.sort((a, b) => (a.segment < b.segment ? -1 : 1))) {
		const record = records.get(place.id)
		if (!record) continue
		const reference = await referenceByDigest(context, place.model, place.version, record.baseline)
		const byFeature = new Map<string, FactTable['subjects'][number]>()
		for (const { metric, subject, status, value, n, m } of measureRecord(
			{ record, series: place, reference },
			metrics,
			undefined,
			to,
		)) {
			const key = subject.feature ?? ''
			let entry = byFeature.get(key)
			if (!entry) {
				const { feature, segment } = subject
				entry = {
					...(feature === undefined ? {} : { feature }),
					...(segment ? { segment } : {}),
					facts: new Map(),
					n,
					m,
				}
				byFeature.set(key, entry)
			}
			if (status === 'ok' && value !== null) entry.facts.set(metric, value)
		}
		subjects.push(...byFeature.values())
	}
	return { from: query.from, to, closed: to <= context.now(), subjects }
}
