import type { Context } from '../../context.ts'
import { type WindowSize, windowMs } from '../../core/time.ts'
import type { Answer } from '../../metrics/answer.ts'
import { metrics } from '../../metrics/index.ts'
import { factParts } from '../../rules/facts.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { referenceByDigest } from '../baseline/current-grid.ts'
import { measureAttributions } from '../importance/measure-attributions.ts'
import { currentAttributions } from '../importance/records.ts'
import { measureOutcomes } from '../outcome/measure-outcomes.ts'
import { currentOutcomes } from '../outcome/records.ts'
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
	const outcomes = await currentOutcomes(
		context,
		series.map((s) => s.id),
		query.window,
		query.from,
	)
	const attributions = await currentAttributions(
		context,
		series.map((s) => s.id),
		{ size: query.window, from: query.from },
	)
	const subjects: FactTable['subjects'] = []
	for (const place of series.sort((a, b) => (a.segment < b.segment ? -1 : 1))) {
		const record = records.get(place.id)
		const answers: Answer[] = []
		if (record) {
			const reference = await referenceByDigest(context, place.model, place.version, record.baseline)
			answers.push(...measureRecord({ record, series: place, reference }, metrics, undefined, to))
		}
		const attribution = attributions.get(place.id)
		if (attribution)
			answers.push(...measureAttributions({ record: attribution, series: place }, metrics, undefined))
		const outcome = outcomes.get(place.id)
		// What is not mature is not judged: its facts are unknown. Alerts name no group of too few rows.
		if (outcome)
			answers.push(
				...measureOutcomes({ record: outcome, series: place }, metrics, undefined, defaultMinGroup).filter(
					(a) => !a.provisional,
				),
			)
		subjects.push(...bySubject(answers))
	}
	return { from: query.from, to, closed: to <= context.now(), subjects }
}

const parts = Object.keys(factParts) as (keyof typeof factParts)[]

/** The facts of one series, by what they are about. */
export function bySubject(answers: readonly Answer[]): FactTable['subjects'] {
	const found = new Map<string, FactTable['subjects'][number]>()
	for (const answer of answers) {
		const { metric, subject, status, value, n, m, trust } = answer
		const { feature, segment, group } = subject
		const key = JSON.stringify([feature, group])
		let entry = found.get(key)
		if (!entry) {
			entry = {
				...(feature === undefined ? {} : { feature }),
				...(segment ? { segment } : {}),
				...(group === undefined ? {} : { group }),
				facts: new Map(),
				n,
				m,
			}
			found.set(key, entry)
		}
		// An estimate that cannot be believed is no fact.
		if (status !== 'ok' || value === null || trust === 'doubtful') continue
		entry.facts.set(metric, value)
		for (const part of parts) {
			const known = answer[part]
			if (known !== null) entry.facts.set(`${metric}.${part}`, known)
		}
	}
	return [...found.values()]
}
