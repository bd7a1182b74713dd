import { normalTail } from '../../../src/stats/distributions.ts'
import type { ScoreCounts } from '../../../src/stats/score-counts.ts'
import { Chance } from '../fairness/chance.ts'

export { Chance }

export const logit = (p: number) => Math.log(p / (1 - p))
export const expit = (x: number) => 1 / (1 + Math.exp(-x))

const perUnit = 100
const [least, most] = [-6, 12]
const cells = (most - least) * perUnit

const empty = (scores: Float64Array): ScoreCounts => ({
	scores,
	positives: new Float64Array(scores.length),
	negatives: new Float64Array(scores.length),
})

/**
 * Two classes whose scores are normal, rounded to a hundredth: the negatives' standard, the positives' with a mean and
 * a deviation of their own. A sample has just so many of either.
 */
export function binormal(mean: number, deviation: number) {
	const scores = Float64Array.from({ length: cells }, (_, i) => least + i / perUnit)
	const cellOf = (x: number) => Math.min(cells - 1, Math.max(0, Math.round((x - least) * perUnit)))
	const mass = (x: number, half: number) => normalTail(x - half) - normalTail(x + half)
	return {
		sample(positives: number, negatives: number, chance: Chance): ScoreCounts {
			const counts = empty(scores)
			for (let i = 0; i < positives; i++) add(counts.positives, cellOf(mean + deviation * chance.normal()))
			for (let i = 0; i < negatives; i++) add(counts.negatives, cellOf(chance.normal()))
			return counts
		},
		population(positives: number, negatives: number): ScoreCounts {
			const half = 0.5 / perUnit
			return {
				scores,
				positives: scores.map((x) => 1e6 * positives * mass((x - mean) / deviation, half / deviation)),
				negatives: scores.map((x) => 1e6 * negatives * mass(x, half)),
			}
		},
	}
}

const points = 512

/**
 * Probabilities whose logits are spread normally by `spread` about that of `base`, and outcomes that follow `truth` of
 * them, in 512 distinct scores of equal weight.
 */
export function logistic(base: number, spread: number, truth: (score: number) => number) {
	const centre = logit(base) - (base < 0.3 ? (spread * spread * (1 - 2 * base)) / 2 : 0)
	const scores = Float64Array.from({ length: points }, (_, i) =>
		expit(centre + spread * normalQuantile((i + 0.5) / points)),
	)
	const rates = scores.map(truth)
	return {
		sample(n: number, chance: Chance): ScoreCounts {
			const counts = empty(scores)
			for (let row = 0; row < n; row++) {
				const i = Math.floor(chance.uniform() * points)
				add(chance.uniform() < (rates[i] as number) ? counts.positives : counts.negatives, i)
			}
			return counts
		},
		population: (): ScoreCounts => ({
			scores,
			positives: rates.map((rate) => 1e6 * rate),
			negatives: rates.map((rate) => 1e6 * (1 - rate)),
		}),
	}
}

const add = (counts: Float64Array, i: number) => {
	counts[i] = (counts[i] as number) + 1
}

function normalQuantile(p: number): number {
	let [low, high] = [-9, 9]
	for (let i = 0; i < 60; i++) {
		const middle = (low + high) / 2
		if (1 - normalTail(middle) < p) low = middle
		else high = middle
	}
	return low
}
