import { getOrInsert } from '../../core/maps.ts'
import { gainSequence } from '../../stats/sequential/comparison.ts'
import { sumLosses } from '../../stats/sequential/confidence-sequence.ts'
import type { Compared, ComparedRow } from './compared-rows.ts'
import { matchLosses } from './losses.ts'

/** `selective`: outcomes are known for rows that the versions choose differently. `unknown`: it is not known whether they do. */
export type Selection = { state: 'selective' | 'unknown'; reason: string }

/** Versions that decide more than this share of requests differently do not decide alike. */
const alike = 0.02
/** By how much the shares of the versions' rows with outcomes may differ. */
const sameCoverage = 0.1
const minRows = 20
const shares = { low: -1, high: 1 }

/**
 * Whether outcomes are known mostly for rows that were decided one way, such as approved ones, while the versions decide
 * differently, or for one version's rows more than for the other's: then each is measured on rows that it chose.
 */
export function selectionOf(compared: Compared): Selection | undefined {
	const { design, items } = compared
	const sides = (['champion', 'challenger'] as const).map((side) => items.flatMap((item) => item[side] ?? []))
	const choiceOf = choiceBy(sides.flat())
	const chosen = sides.map((rows) => rarelyKnown(rows, choiceOf)).find((found) => found !== undefined)
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
	const known = `outcomes are known for ${percent(chosen.share)} of the rows with ${named(chosen.choice)} and ${percent(chosen.other)} of the others`
	const { low, high } =
		design === 'paired'
			? disagreement(compared, choiceOf)
			: rateDifference(compared, (row) => choiceOf(row) === chosen.choice)
	if (low >= -alike && high <= alike) return undefined
	const differ = design === 'paired' ? low > alike : low > 0 || high < 0
	return differ
		? { state: 'selective', reason: `${known}, and the versions decide differently` }
		: { state: 'unknown', reason: `${known}, and it is not known yet whether the versions decide alike` }
}

const percent = (share: number): string => `${Math.round(100 * share)}%`
const named = (choice: string): string =>
	({ '+': 'the positive decision', '-': 'the negative decision', high: 'a high score', low: 'a low score' })[
		choice
	] ?? `the decision ${JSON.stringify(choice)}`

/** What a version chose for a row: its decision; without decisions, whether its score is above the median. '': no choice. */
function choiceBy(rows: readonly ComparedRow[]): (row: ComparedRow) => string {
	if (rows.some(({ decision }) => decision !== '')) return ({ decision }) => decision
	const scores = rows.flatMap(({ score }) => (Number.isNaN(score) ? [] : [score])).sort((a, b) => a - b)
	const median = scores[Math.floor(scores.length / 2)] as number
	return ({ score }) => (Number.isNaN(score) ? '' : score > median ? 'high' : 'low')
}

type Chosen = { choice: string; share: number; other: number }

/** The choice whose rows have outcomes less than half as often as all others, beyond chance (3.3 standard errors). */
function rarelyKnown(
	rows: readonly ComparedRow[],
	choiceOf: (row: ComparedRow) => string,
): Chosen | undefined {
	const counts = new Map<string, { n: number; known: number }>()
	const all = { n: 0, known: 0 }
	for (const row of rows) {
		const choice = choiceOf(row)
		if (choice === '') continue
		const own = getOrInsert(counts, choice, () => ({ n: 0, known: 0 }))
		for (const sum of [own, all]) {
			sum.n++
			if (row.actual) sum.known++
		}
	}
	for (const [choice, { n, known }] of counts) {
		const others = all.n - n
		if (n < minRows || others < minRows) continue
		const [share, other, pooled] = [known / n, (all.known - known) / others, all.known / all.n]
		const error = Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / others))
		if (share < other / 2 && other - share > 3.3 * error) return { choice, share, other }
	}
	return undefined
}

/** Interval of how much more often the champion chooses so than the challenger, over all rows. */
function rateDifference(compared: Compared, isChosen: (row: ComparedRow) => boolean) {
	const { gains } = matchLosses(compared, (row) => Number(isChosen(row)))
	return gainSequence({ gains, bounds: shares })
}

/** Interval of the share of requests that the versions choose differently for. */
function disagreement({ items }: Compared, choiceOf: (row: ComparedRow) => string) {
	const both = items.flatMap(({ champion, challenger }) =>
		champion && challenger ? [Number(choiceOf(champion) !== choiceOf(challenger))] : [],
	)
	return gainSequence({ gains: sumLosses(both), bounds: { low: 0, high: 1 } })
}
