import { logGamma } from '../distributions.ts'
import type { Estimate } from '../estimate.ts'
import { mixtureWeight, type SequenceOptions, tuningOf } from './confidence-sequence.ts'

/** Rows where only one of two models decided rightly. Counts of parts add up. */
export type Discordant = { championOnly: number; challengerOnly: number }

export type McNemar = {
	/** Share of discordant rows that the challenger got right, with an always-valid interval; 0.5 is a tie. */
	share: Estimate
	/** Logarithm of the e-value against a tie. */
	logE: number
	/** Always-valid p-value against a tie: 1 / e at this count, 1 at most. */
	p: number
}

/**
 * McNemar's test that is valid after every row: the beta-binomial mixture on the discordant rows (Robbins 1970;
 * confseq's beta_binomial_log_mixture at p = 1/2), exact at every count. Rows that both models got right or wrong do
 * not enter. `tuneAt` is in discordant rows, 200 by default.
 */
export function sequentialMcNemar(counts: Discordant, options: SequenceOptions = {}): McNemar {
	const { alpha, tuneAt } = tuningOf({ tuneAt: 200, ...options })
	const { championOnly: losses, challengerOnly: wins } = counts
	if (!(wins >= 0 && losses >= 0)) throw new RangeError('counts of discordant rows are not negative')
	const prior = Math.max(2 * mixtureWeight(tuneAt / 4, alpha) - 0.5, 0.0005)
	const mixture = logBeta(prior + wins, prior + losses) - logBeta(prior, prior)
	const logE = mixture + (wins + losses) * Math.LN2
	const value = wins / (wins + losses)
	const refuted = (share: number) =>
		mixture - xLogY(wins, share) - xLogY(losses, 1 - share) >= Math.log(1 / alpha)
	const p = Math.min(1, Math.exp(-logE))
	if (Number.isNaN(value)) return { share: { value, low: Number.NaN, high: Number.NaN }, logE, p }
	return { share: { value, low: border(0, value, refuted), high: border(1, value, refuted) }, logE, p }
}

const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b)

const xLogY = (x: number, y: number): number => (x === 0 ? 0 : x * Math.log(y))

/** Where, from the end towards what was seen, a share stops being refuted. */
function border(end: number, seen: number, refuted: (share: number) => boolean): number {
	if (!refuted(end)) return end
	let [out, inside] = [end, seen]
	for (let i = 0; i < 60; i++) {
		const middle = (out + inside) / 2
		if (refuted(middle)) out = middle
		else inside = middle
	}
	return out
}
