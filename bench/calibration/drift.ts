import type { RuleSet } from '../../src/rules/rule-set.ts'
import { type Kind, kinds } from './traffic.ts'
import { watch } from './watch.ts'

export type Size = { models: number; weeks: number; volumes: readonly number[]; labelled?: boolean }

export type FalseIncidents = {
	kind: Kind
	rowsPerDay: number
	modelWeeks: number
	incidents: number
	first: string[]
}

/** Incidents of models in which nothing has changed. */
export async function falseIncidents(
	ruleSet: RuleSet,
	seed: number,
	{ models, weeks, volumes, labelled = false }: Size,
	which: readonly Kind[] = kinds,
): Promise<FalseIncidents[]> {
	const rows: FalseIncidents[] = []
	for (const kind of which)
		for (const rowsPerDay of volumes) {
			let incidents = 0
			const first: string[] = []
			for (let m = 0; m < models; m++) {
				const own = seed + 1000 * kinds.indexOf(kind) + m
				const watched = await watch(ruleSet, { kind, rowsPerDay, days: 7 * weeks, seed: own, labelled })
				incidents += watched.incidents
				first.push(...watched.fired.map((f) => `${own} ${f}`))
			}
			rows.push({ kind, rowsPerDay, modelWeeks: models * weeks, incidents, first })
		}
	return rows
}

export type Delay = {
	kind: Kind
	rowsPerDay: number
	by: number
	afterDays: number
	labelled?: boolean
	delays: (number | undefined)[]
}

/** Days until a lasting shift of one feature is found; undefined when it was not within four weeks. */
export async function daysToDetect(
	ruleSet: RuleSet,
	seed: number,
	models: number,
	cases: readonly Omit<Delay, 'delays'>[],
): Promise<Delay[]> {
	const rows: Delay[] = []
	for (const { kind, rowsPerDay, by, afterDays, labelled = false } of cases) {
		const delays: (number | undefined)[] = []
		for (let m = 0; m < models; m++) {
			const days = afterDays + 28
			const shift = { day: afterDays, by }
			delays.push(
				(await watch(ruleSet, { kind, rowsPerDay, days, seed: seed + m, shift, labelled })).firstFired,
			)
		}
		rows.push({ kind, rowsPerDay, by, afterDays, labelled, delays })
	}
	return rows
}

/** The shifts of the table of delays. */
export const shifts: readonly Omit<Delay, 'delays'>[] = [
	...[0, 7, 14, 35].map((afterDays) => ({ kind: 'i.i.d.' as const, rowsPerDay: 500, by: 0.5, afterDays })),
	{ kind: 'weekend mix', rowsPerDay: 500, by: 0.5, afterDays: 14, labelled: true },
	...[14, 35].map((afterDays) => ({ kind: 'weekend mix' as const, rowsPerDay: 500, by: 0.5, afterDays })),
	{ kind: 'day level', rowsPerDay: 500, by: 0.5, afterDays: 35 },
	{ kind: 'i.i.d.', rowsPerDay: 50, by: 1, afterDays: 0 },
	{ kind: 'i.i.d.', rowsPerDay: 50, by: 1, afterDays: 35 },
	{ kind: 'i.i.d.', rowsPerDay: 5000, by: 0.5, afterDays: 0 },
]
