import { minRows } from '../metrics/compare.ts'
import { lookupsOf, type Surroundings, type Unknown } from './evaluate.ts'
import type { FactTable } from './facts.ts'
import type { States } from './states.ts'
import type { SubjectState } from './step.ts'

/** Earlier windows, with enough rows, that must all have had a fact before it counts as lost: one may be chance. */
const windowsBefore = 2

/**
 * Gives each unknown subject a state: `unknown` where a fact that it lacks was known in the last windows that had enough
 * rows, else `never`. Facts that never were cannot be lost. A window of few rows says nothing either way, now or before.
 * `earlier` reads the windows before this one, the latest first.
 */
export async function markLost(
	states: States,
	lost: readonly Unknown[],
	from: number,
	earlier: AsyncIterable<FactTable>,
	around: Surroundings,
): Promise<States> {
	const open = new Map(lost.filter(({ subject }) => subject.n >= minRows).map((u) => [u, 0]))
	if (open.size === 0) return states
	const isMissed = [...open.keys()].some(({ rule }) => rule.noDataMs !== undefined)
	const after = new Map([...states].map(([name, of]) => [name, new Map(of)]))
	const settle = (unknown: Unknown, status: 'unknown' | 'never') => {
		const of = after.get(unknown.rule.name) ?? new Map<string, SubjectState>()
		after.set(unknown.rule.name, of.set(unknown.key, { status, since: from, count: 0, clear: 0 }))
		open.delete(unknown)
	}
	for await (const table of isMissed ? earlier : []) {
		const evaluated = new Map(lookupsOf(table, around).map((j) => [j.key, j]))
		for (const [unknown, seen] of open) {
			const before = evaluated.get(unknown.key)
			if (!before || before.subject.n < minRows) continue
			if (!unknown.missing.some((name) => before.lookup(name) !== undefined)) settle(unknown, 'never')
			else if (seen + 1 >= windowsBefore) settle(unknown, 'unknown')
			else open.set(unknown, seen + 1)
		}
		if (open.size === 0) break
	}
	for (const [unknown, seen] of [...open]) settle(unknown, seen > 0 ? 'unknown' : 'never')
	return after
}
