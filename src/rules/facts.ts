import type { SeriesRef } from '../core/series.ts'
import type { WindowSize } from '../core/time.ts'

export type FactValue = number | boolean | string
/** Looks up a fact. Undefined means unknown: not computed, too few rows, or not applicable. */
export type Lookup = (name: string) => FactValue | undefined

export type Subject = { feature?: string; segment?: { name: string; value: string }; group?: string }

/** What was computed of one subject in one window, from `n` rows of the window and `m` of the baseline. */
export type SubjectFacts = Subject & { facts: Pick<ReadonlyMap<string, number>, 'get'>; n: number; m: number }

export type FactTable = { from: number; to: number; closed: boolean; subjects: readonly SubjectFacts[] }

/** A series' windows of one size. */
export type WindowSeries = SeriesRef & { window: WindowSize }

export type FactType = 'number' | 'boolean' | 'string'

/** What a fact is known of: windows, a model now (`clock`), the service now, or any of these. */
type StateFact = { type: FactType; on: 'window' | 'clock' | 'service' | 'any'; about: string }

/** What conditions can name besides metric ids. */
export const stateFacts: Readonly<Record<string, StateFact>> = {
	n: { type: 'number', on: 'window', about: 'rows of the subject in the window' },
	m: { type: 'number', on: 'window', about: 'rows of the baseline that the window is compared with' },
	severity: { type: 'string', on: 'any', about: "the rule's severity; in actions the incident's" },
	'baseline.null_rate': {
		type: 'number',
		on: 'window',
		about: 'share of missing values of the feature in the baseline',
	},
	'baseline.unseen_rate': {
		type: 'number',
		on: 'window',
		about:
			'share of rows whose category is expected to be new to the baseline if nothing changes (Good-Turing)',
	},
	'baseline.missing': { type: 'boolean', on: 'any', about: 'a version with traffic has no baseline' },
	'feed.stopped': {
		type: 'boolean',
		on: 'clock',
		about: 'a live feed has been silent for twice its longest usual pause, and for at least two hours',
	},
	'quality.freshness_ms': {
		type: 'number',
		on: 'clock',
		about: 'time since the last prediction of a live feed',
	},
	'quality.rejected_rows': {
		type: 'number',
		on: 'clock',
		about: 'rows of the model that were rejected in this hour and the previous one',
	},
	'quality.rejected_share': {
		type: 'number',
		on: 'clock',
		about: 'their share of all rows that arrived in these hours',
	},
	'deployment.missing': {
		type: 'boolean',
		on: 'window',
		about: 'the version has traffic in an environment where another version is deployed',
	},
	'replay.mismatched': {
		type: 'number',
		on: 'clock',
		about:
			'replayed predictions whose logged score differs from that of the registered artefact, on days that no later replay contradicts',
	},
	'replay.mismatched_share': {
		type: 'number',
		on: 'clock',
		about: 'the largest share of mismatches among the replayed predictions of such a day',
	},
	'replay.worst_difference': {
		type: 'number',
		on: 'clock',
		about: 'the largest difference between a logged and a replayed score on such a day',
	},
	'job.missed': {
		type: 'boolean',
		on: 'service',
		about: 'a job was due more than once and did not run, or failed each time',
	},
	'job.late_ms': {
		type: 'number',
		on: 'service',
		about: 'the longest time that a missed job has had no successful run; 0 when no job is missed',
	},
}

/** Parts of a metric besides its value: `performance.roc_auc.high < 0.7` is below 0.7 by more than chance. */
export const factParts = {
	low: 'the lower end of its 95% interval',
	high: 'the upper end of its 95% interval',
	p: 'the chance of such a value if nothing changed',
	q: 'the same, adjusted for all tests of the run',
} as const

/** Everything that a condition can name, with its type. */
export function factNames(metricIds: Iterable<string>): Map<string, StateFact> {
	const names = new Map<string, StateFact>()
	for (const id of metricIds) {
		names.set(id, { type: 'number', on: 'window', about: 'a metric' })
		for (const [part, about] of Object.entries(factParts))
			names.set(`${id}.${part}`, { type: 'number', on: 'window', about })
	}
	for (const [name, fact] of Object.entries(stateFacts)) names.set(name, fact)
	return names
}

export type FactNames = ReturnType<typeof factNames>

/** The key of a subject, equal for equal subjects; '' for the model as a whole. */
export function subjectKey({ feature, segment, group }: Subject): string {
	if (segment === undefined && group === undefined) return feature === undefined ? '' : `f:${feature}`
	return JSON.stringify([feature ?? null, segment ? [segment.name, segment.value] : null, group ?? null])
}

/** The subject of a key. */
export function parseKey(key: string): Subject {
	if (key === '') return {}
	if (key.startsWith('f:')) return { feature: key.slice(2) }
	const [feature, segment, group] = JSON.parse(key) as [string | null, [string, string] | null, string | null]
	return {
		...(feature === null ? {} : { feature }),
		...(segment === null ? {} : { segment: { name: segment[0], value: segment[1] } }),
		...(group === null ? {} : { group }),
	}
}
