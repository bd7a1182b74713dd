import type { RuleSet } from '../../src/rules/rule-set.ts'
import { type Kind, kinds } from './traffic.ts'
import { watch } from './watch.ts'

export type Size = { models: number; weeks: number; volumes: readonly number[] }

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
	{ models, weeks, volumes }: Size,
	which: readonly Kind[] = kinds,
): Promise<FalseIncidents[]> {
	const rows: FalseIncidents[] = []
	for (const kind of which)
		for (const rowsPerDay of volumes) {
			let incidents = 0
			const first: string[] = []
			for (let m = 0; m < models; m++) {
				const own = seed + 1000 * kinds.indexOf(kind) + m
				const watched = await watch(ruleSet, { kind, rowsPerDay, days: 7 * weeks, seed: own })
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
	for (const { kind, rowsPerDay, by, afterDays } of cases) {
		const delays: (number | undefined)[] = []
		for (let m = 0; m < models; m++) {
			const days = afterDays + 28
			const shift = { day: afterDays, by }
			delays.push((await watch(ruleSet, { kind, rowsPerDay, days, seed: seed + m, shift })).firstFired)
		}
		rows.push({ kind, rowsPerDay, by, afterDays, delays })
	}
	return rows
}
