import { negative, positive } from '../summaries/outcomes/label.ts'
import { scoreAt } from '../summaries/outcomes/outcome-summary.ts'
import type { OutcomeView } from './outcome-view.ts'

/** The rows of a band of scores: all, those with an outcome, those with the positive one, and the sum of the labelled scores. */
export type ScoreBand = { band: number; rows: number; labelled: number; positives: number; scoreSum: number }

/**
 * The rows of a day of a binary model by score. Bands are narrow and the same for every day, so that days add up to tables
 * of any period. `overrides`: decisions other than the one that the threshold gives, of `decided` rows.
 */
export type ScoreBands = {
	bands: ScoreBand[]
	overrides?: { decided: number; raised: number; lowered: number } | undefined
}

/** Bands are quarters of the log-odds, as far as this many to either side of even odds. */
export const outermostBand = 40
const bandsPerUnit = 4

const bandOf = (score: number): number => {
	const at = Math.round(bandsPerUnit * Math.log(score / (1 - score)))
	return Math.max(-outermostBand, Math.min(outermostBand, at))
}

/** Undefined for scores that are no probabilities. `threshold`: the one that decisions were made by, if it is known. */
export function scoreBands(
	{ outcomeSummary }: OutcomeView,
	threshold: number | undefined,
): ScoreBands | undefined {
	const { bins, actuals, level } = outcomeSummary
	const [yes, no] = [actuals.indexOf(positive) + 1, actuals.indexOf(negative) + 1]
	const byScore = new Map<number, Omit<ScoreBand, 'band' | 'scoreSum'>>()
	const overrides = { decided: 0, raised: 0, lowered: 0 }
	for (const [decision, ofDecision] of bins)
		for (const [score, bin] of ofDecision) {
			if (Number.isNaN(score)) continue
			if (score < 0 || score > 1) return undefined
			const [rows = 0, positives, negatives] = [
				bin[0],
				yes > 0 ? (bin[yes] ?? 0) : 0,
				no > 0 ? (bin[no] ?? 0) : 0,
			]
			const known = byScore.get(score) ?? { rows: 0, labelled: 0, positives: 0 }
			known.rows += rows
			known.labelled += positives + negatives
			known.positives += positives
			byScore.set(score, known)
			if (threshold === undefined || decision === '') continue
			overrides.decided += rows
			// Merged scores of the threshold's own bucket may be on either side of it.
			if (level > 0 && score === scoreAt(level, threshold)) continue
			if (decision === positive && score < threshold) overrides.raised += rows
			if (decision === negative && score >= threshold) overrides.lowered += rows
		}
	return { bands: toBands(byScore), ...(threshold === undefined ? {} : { overrides }) }
}

/** Sums are made in the order of the scores, so that they do not depend on the order of arrival. */
function toBands(byScore: ReadonlyMap<number, Omit<ScoreBand, 'band' | 'scoreSum'>>): ScoreBand[] {
	const bands = new Map<number, ScoreBand>()
	for (const [score, { rows, labelled, positives }] of [...byScore].sort(([a], [b]) => a - b)) {
		if (rows === 0 && labelled === 0) continue
		const band = bandOf(score)
		const sum = bands.get(band) ?? { band, rows: 0, labelled: 0, positives: 0, scoreSum: 0 }
		sum.rows += rows
		sum.labelled += labelled
		sum.positives += positives
		sum.scoreSum += score * labelled
		bands.set(band, sum)
	}
	return [...bands.values()]
}

/** The bands of several days as one. */
export function mergeBands(days: readonly ScoreBands[]): ScoreBand[] {
	const bands = new Map<number, ScoreBand>()
	for (const { bands: own } of days)
		for (const { band, ...sums } of own) {
			const into = bands.get(band) ?? { band, rows: 0, labelled: 0, positives: 0, scoreSum: 0 }
			for (const [name, value] of Object.entries(sums)) into[name as keyof typeof sums] += value
			bands.set(band, into)
		}
	return [...bands.values()].sort((a, b) => a.band - b.band)
}
