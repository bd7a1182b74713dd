import type { Target } from './target.ts'

/** How much of it: `full` for `npm run attack`, `small` for the tests. */
export type Scale = 'full' | 'small'

export type Outcome = {
	/** What was seen, in a few words: statuses, counts. */
	figure: string
	/** What did not hold. Empty when all did. */
	faults: string[]
}

/** One kind of attack on a running service. Timed figures are taken beside it, by the watch. */
export type Attack = {
	name: string
	sent: string
	holds: string
	/** How slow `/healthz` may be meanwhile; without one, 250 ms. A service that is killed or frozen answers nothing. */
	healthMs?: number
	run(target: Target, scale: Scale): Promise<Outcome>
}

/** `200 x3, 413 x1` */
export function countOf(values: readonly (string | number)[]): string {
	const counts = new Map<string | number, number>()
	for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
	return [...counts].map(([value, count]) => (count === 1 ? `${value}` : `${value} x${count}`)).join(', ')
}

/** A fault for each value that is not among the allowed ones. */
export function unexpected(
	what: string,
	values: readonly (string | number)[],
	allowed: readonly (string | number)[],
) {
	const others = values.filter((value) => !allowed.includes(value))
	return others.length === 0 ? [] : [`${what}: ${countOf(others)} where ${allowed.join(' or ')} must come`]
}
