import { gainSequence } from '../../stats/sequential/comparison.ts'
import type { Matched } from '../../stats/sequential/matched.ts'
import type { Compared, ComparedRow } from './compared-rows.ts'
import { matchLosses } from './losses.ts'

/** `selective`: outcomes are known for a choice of rows that the versions make differently. `unknown`: perhaps they do. */
export type Selection = { state: 'selective' | 'unknown'; reason: string }

/** Versions that decide this share of requests differently, or more, do not decide alike. */
const alike = 0.02
/** Two versions' rows may have outcomes for shares that differ by this. */
const sameCoverage = 0.1
const leastRows = 20
const shares = { low: -1, high: 1 }

/**
 * Whether outcomes are known mostly for rows that were decided one way, such as approved ones, while the versions decide
 * differently, or for one version's rows more than for the other's: then each is measured on rows that it chose.
 */
export function selectionOf(compared: Compared): Selection | undefined {
	const { design, items } = compared
	const sides = (['champion', 'challenger'] as const).map((side) => items.flatMap((item) => item[side] ?? []))
	const chosen = sides.map(rarelyKnown).find((found) => found !== undefined)
	if (design === 'split') {
		const { gains, champion, challenger } = matchLosses(compared, ({ actual }) => (actual ? 1 : 0))
		const { low, high } = gainSequence({ gains, bounds: shares })
		if (low > sameCoverage || high < -sameCoverage)
			return {
				state: 'selective',
				reason: `outcomes are known for ${percent(champion)} of the champion's rows and ${percent(challenger)} of the challenger's`,
			}
	}
	if (!chosen) return undefined
	const known = `outcomes are known for ${percent(chosen.other)} of the rows decided otherwise and ${percent(chosen.share)} of those decided ${named(chosen.decision)}`
	const { low, high } =
		design === 'paired' ? disagreement(compared) : rateDifference(compared, chosen.decision)
	if (low >= -alike && high <= alike) return undefined
	const differ = design === 'paired' ? low > alike : low > 0 || high < 0
	return differ
		? { state: 'selective', reason: `${known}, and the versions decide differently` }
		: { state: 'unknown', reason: `${known}, and it is not known yet whether the versions decide alike` }
}

const percent = (share: number): string => `${Math.round(100 * share)}%`
const named = (decision: string): string =>
	decision === '+' ? 'positive' : decision === '-' ? 'negative' : JSON.stringify(decision)

type Chosen = { decision: string; share: number; other: number }

/** The decision whose rows have outcomes less than half as often as all others: beyond chance (3.3 standard errors). */
function rarelyKnown(rows: readonly ComparedRow[]): Chosen | undefined {
	const counts = new Map<string, { n: number; known: number }>()
	for (const { decision, actual } of rows) {
		if (decision === '') continue
		const own = counts.get(decision) ?? { n: 0, known: 0 }
		own.n++
		if (actual) own.known++
		counts.set(decision, own)
	}
	const all = [...counts.values()].reduce((a, b) => ({ n: a.n + b.n, known: a.known + b.known }), {
		n: 0,
		known: 0,
	})
	for (const [decision, { n, known }] of counts) {
		const others = all.n - n
		if (n < leastRows || others < leastRows) continue
		const [share, other, pooled] = [known / n, (all.known - known) / others, all.known / all.n]
		const error = Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / others))
		if (share < other / 2 && other - share > 3.3 * error) return { decision, share, other }
	}
	return undefined
}

/** Interval of how much more often the champion decides so than the challenger, over all rows. */
function rateDifference(compared: Compared, decision: string) {
	const { gains } = matchLosses(compared, (row) =>
		row.decision === '' ? Number.NaN : Number(row.decision === decision),
	)
	return gainSequence({ gains, bounds: shares })
}

/** Interval of the share of requests that the versions decide differently. */
function disagreement({ items }: Compared) {
	const sums = { n: 0, sum: 0, squares: 0 }
	for (const { champion, challenger } of items) {
		if (!champion?.decision || !challenger?.decision) continue
		const differs = Number(champion.decision !== challenger.decision)
		sums.n++
		sums.sum += differs
		sums.squares += differs
	}
	return gainSequence({ gains: sums satisfies Matched['gains'], bounds: { low: 0, high: 1 } })
}
