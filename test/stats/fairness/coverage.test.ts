import { describe, expect, it } from 'vitest'
import { calibrationGap } from '../../../src/stats/fairness/calibration-gap.ts'
import type { Disparity } from '../../../src/stats/fairness/disparity.ts'
import { addRow, emptyCounts } from '../../../src/stats/fairness/group-counts.ts'
import { smd } from '../../../src/stats/fairness/mean-scores.ts'
import {
	demographicParityDifference,
	demographicParityRatio,
	disparateImpact,
} from '../../../src/stats/fairness/rate-disparities.ts'
import { type Interval, koopman, newcombe } from '../../../src/stats/fairness/shares.ts'
import { mantelHaenszelDifference } from '../../../src/stats/fairness/simpson.ts'
import { binomial, Chance, drawBinomial } from './chance.ts'
import { decided } from './support.ts'

const holds = ({ low, high }: Interval, truth: number) => low <= truth + 1e-12 && truth <= high + 1e-12

/** The chance that both intervals hold the truth, over all outcomes of two groups: nothing is drawn. */
function exactCoverage(n: number, m: number, p: number, q: number): { newcombe: number; koopman: number } {
	const [all, other] = [binomial(n, p), binomial(m, q)]
	const covered = { newcombe: 0, koopman: 0 }
	for (const a of all)
		for (const b of other) {
			const weight = a.chance * b.chance
			const shares = [
				{ successes: a.x, n },
				{ successes: b.x, n: m },
			] as const
			if (weight < 1e-9) continue
			if (holds(newcombe(...shares), p - q)) covered.newcombe += weight
			if (holds(koopman(...shares), p / q)) covered.koopman += weight
		}
	return covered
}

const rates = [0.01, 0.05, 0.2, 0.5]
const sizes = [
	[100, 100],
	[100, 1000],
	[1000, 1000],
] as const
const cases = [
	...sizes.flatMap(([n, m]) => rates.flatMap((q) => [1, 0.7].map((ratio) => ({ n, m, q, ratio })))),
	{ n: 10_000, m: 10_000, q: 0.01, ratio: 0.7 },
]

describe('the 95% intervals of two shares', () => {
	it.each(cases)(
		'hold a difference and a ratio of $ratio in 93% to 97%: $n rows, $m rows, base rate $q',
		(of) => {
			const { n, m, q, ratio } = of
			const covered = exactCoverage(n, m, q * ratio, q)
			expect(Math.min(covered.newcombe, covered.koopman)).toBeGreaterThan(0.93)
			// With one success expected on either side no interval can be so rarely wrong: none of the few outcomes is odd.
			const most = n * q >= 5 || m * q >= 5 ? 0.97 : 1
			expect(Math.max(covered.newcombe, covered.koopman)).toBeLessThan(most)
		},
	)

	it('hold them for 10,000 rows of a base rate of 50% too', () => {
		const chance = new Chance(11)
		const [a, b] = [drawBinomial(10_000, 0.45, chance), drawBinomial(10_000, 0.5, chance)]
		let [differences, ratios] = [0, 0]
		const runs = 4000
		for (let run = 0; run < runs; run++) {
			const shares = [
				{ successes: a(), n: 10_000 },
				{ successes: b(), n: 10_000 },
			] as const
			if (holds(newcombe(...shares), -0.05)) differences++
			if (holds(koopman(...shares), 0.9)) ratios++
		}
		for (const covered of [differences, ratios]) {
			expect(covered / runs).toBeGreaterThan(0.93)
			expect(covered / runs).toBeLessThan(0.97)
		}
	})
})

const manyGroups = [
	[0.3, 0.3],
	[0.3, 0.24],
	[0.3, 0.3, 0.3],
	[0.3, 0.2, 0.25],
	[0.3, 0.3, 0.3, 0.3, 0.3, 0.3],
	[0.3, 0.3, 0.3, 0.2, 0.2, 0.2],
	[0.05, 0.05, 0.05, 0.05, 0.05, 0.02],
]

describe('over groups, the choice of the two extremes', () => {
	it.each(manyGroups)('does not make an interval too narrow: rates %s, %s ...', (...shares) => {
		const chance = new Chance(shares.length)
		const n = 500
		const draws = shares.map((p) => drawBinomial(n, p, chance))
		const truth = [
			Math.max(...shares) - Math.min(...shares),
			Math.min(...shares) / Math.max(...shares),
			Math.min(...shares.slice(1)) / (shares[0] as number),
		]
		const covered = [0, 0, 0]
		const runs = 800
		for (let run = 0; run < runs; run++) {
			const groups = draws.map((draw, i) => decided(String(i), n, draw()))
			const all = [
				demographicParityDifference(groups),
				demographicParityRatio(groups),
				disparateImpact(groups, '0'),
			]
			all.forEach((of, i) => {
				if (holds(of, truth[i] as number)) covered[i] = (covered[i] as number) + 1
			})
		}
		// 95%, less three standard errors.
		for (const count of covered) expect(count / runs).toBeGreaterThan(0.927)
	})
})

/** Two groups whose scores differ by so much on the log-odds; the second group's outcomes are rarer by a factor. */
function scored(chance: Chance, n: number, shift: number, factor: number) {
	return [0, 1].map((side) => {
		const counts = emptyCounts()
		for (let i = 0; i < n; i++) {
			const score = 1 / (1 + Math.exp(1.5 - chance.normal() - side * shift))
			addRow(counts, { score, positive: chance.uniform() < score * (side === 1 ? factor : 1) })
		}
		return { group: String(side), counts }
	})
}

describe('the interval of', () => {
	const rows = 150
	const runs = 400
	const large = scored(new Chance(1), 200_000, 0.4, 0.7)

	it.each([
		['the calibration gap', calibrationGap],
		['the standardised mean difference', smd],
	] as [string, (groups: typeof large) => Disparity][])('%s holds the truth in about 95%', (_, of) => {
		const truth = of(large).value
		const chance = new Chance(5)
		let covered = 0
		for (let run = 0; run < runs; run++) if (holds(of(scored(chance, rows, 0.4, 0.7)), truth)) covered++
		expect(covered / runs).toBeGreaterThan(0.92)
		expect(covered / runs).toBeLessThan(0.985)
	})

	it.each([
		['few large segments', 4, 200],
		['many sparse segments', 120, 4],
	] as const)('the difference within %s holds the truth in about 95%', (_, segments, n) => {
		const chance = new Chance(9)
		const bases = Array.from({ length: segments }, () => 0.1 + 0.6 * chance.uniform())
		const draws = bases.map(
			(base) => [drawBinomial(n, base + 0.1, chance), drawBinomial(2 * n, base, chance)] as const,
		)
		let covered = 0
		for (let run = 0; run < 1000; run++) {
			const of = mantelHaenszelDifference(
				draws.map(([a, b]) => ({ a: { successes: a(), n }, b: { successes: b(), n: 2 * n } })),
			)
			if (holds(of, 0.1)) covered++
		}
		expect(covered / 1000).toBeGreaterThan(0.93)
		expect(covered / 1000).toBeLessThan(0.97)
	})
})
