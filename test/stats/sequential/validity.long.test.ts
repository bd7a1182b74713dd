import { describe, expect, it } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { type Comparison, gainSequence, projectOutcomes } from '../../../src/stats/sequential/comparison.ts'
import { addLoss, lossVariance, noLosses } from '../../../src/stats/sequential/confidence-sequence.ts'
import { lossBlocks } from '../../../src/stats/sequential/matched.ts'
import { sequentialMcNemar } from '../../../src/stats/sequential/mcnemar.ts'

const runs = 200
const looks = { every: 10, rows: 5000 }
const bounds = { low: -1, high: 1 }

/** Gains of decisions: +1 with chance `better`, -1 with chance `worse`. */
const decisions = (better: number, worse: number) => (chance: Chance) => {
	const u = chance.uniform()
	return u < better ? 1 : u < better + worse ? -1 : 0
}

/** Gains of Brier scores: two forecasts that are off by as much, each its own way. */
function brier(chance: Chance): number {
	const p = chance.uniform()
	const forecast = () => Math.min(1, Math.max(0, p + 0.1 * chance.normal()))
	const outcome = chance.uniform() < p ? 1 : 0
	return (forecast() - outcome) ** 2 - (forecast() - outcome) ** 2
}

/** Share of runs in which some look leaves 0 out. */
function errors(draw: (chance: Chance) => number, excludes: (comparison: Comparison) => boolean): number {
	let wrong = 0
	for (let seed = 1; seed <= runs; seed++) if (stopsAt(draw, seed, excludes) !== null) wrong++
	return wrong / runs
}

function stopsAt(
	draw: (chance: Chance) => number,
	seed: number,
	excludes: (comparison: Comparison) => boolean,
	rows = looks.rows,
): number | null {
	const chance = new Chance(seed * 7919)
	let gains = noLosses
	while (gains.n < rows) {
		for (let i = 0; i < looks.every; i++) gains = addLoss(gains, draw(chance))
		if (excludes({ gains, bounds })) return gains.n
	}
	return null
}

const leavesOut = ({ low, high }: { low: number; high: number }) => low > 0 || high < 0

/** Beyond the fixed interval at all? A sequence is wider, so only there it has to be worked out. */
const isBeyond = ({ gains }: Comparison, z: number) =>
	Math.abs(gains.sum) > z * Math.sqrt(gains.n * lossVariance(gains))

const exact = (c: Comparison) => isBeyond(c, 1.9) && leavesOut(gainSequence(c))
const tTest = (c: Comparison) => isBeyond(c, 1.96)

describe('two equal models, looked at after every 10 of 5,000 rows', () => {
	it.each([
		{ name: 'decisions that differ in 10% of rows', draw: decisions(0.05, 0.05) },
		{ name: 'decisions that differ in 2% of rows', draw: decisions(0.01, 0.01) },
		{ name: 'Brier scores', draw: brier },
	])('are told apart in at most 3% of runs, by a t-test in over 30%: $name', ({ draw }) => {
		expect(errors(draw, tTest)).toBeGreaterThan(0.3)
		expect(errors(draw, exact)).toBeLessThanOrEqual(0.03)
	})

	it('are told apart in at most 3% of runs when gains are rare and one-sided', () => {
		const rare = (chance: Chance) => (chance.uniform() < 0.02 ? 0.98 : -0.02)
		expect(errors(rare, exact)).toBeLessThanOrEqual(0.03)
	})

	it("are told apart by McNemar's mixture in at most 5% of runs", () => {
		const refuted = (c: Comparison) => {
			const { sum, squares } = c.gains
			const counts = { championOnly: (squares - sum) / 2, challengerOnly: (squares + sum) / 2 }
			return sequentialMcNemar(counts).p <= 0.05
		}
		expect(errors(decisions(0.05, 0.05), refuted)).toBeLessThanOrEqual(0.05)
	})
})

describe('split traffic of two equal models, looked at after every 10 of 5,000 rows', () => {
	const splitErrors = (share: number, rate: number) => {
		let wrong = 0
		for (let seed = 1; seed <= runs; seed++) {
			const chance = new Chance(seed * 31_337)
			const blocks = lossBlocks((loss: number) => loss)
			for (let n = 1; n <= looks.rows; n++) {
				const side = chance.uniform() < share ? 'challenger' : 'champion'
				blocks.add({ period: 0, [side]: chance.uniform() < rate ? 1 : 0 })
				if (n % looks.every === 0 && exact({ gains: blocks.matched().gains, bounds })) {
					wrong++
					break
				}
			}
		}
		return wrong / runs
	}

	it.each([
		{ share: 0.5, rate: 0.1 },
		{ share: 0.1, rate: 0.1 },
		{ share: 0.1, rate: 0.02 },
		{ share: 0.05, rate: 0.02 },
		{ share: 0.95, rate: 0.1 },
	])(
		'is told apart in at most 3% of runs: $share of rows to the challenger, $rate errors',
		({ share, rate }) => {
			expect(splitErrors(share, rate)).toBeLessThanOrEqual(0.03)
		},
	)
})

describe('a better challenger', () => {
	it('is told apart in 9 of 10 runs of 5,000 rows: 8% of rows won, 5% lost', () => {
		const better = decisions(0.08, 0.05)
		expect(errors(better, exact)).toBeGreaterThan(0.9)
	})

	it.each([200, 500])('is told apart about when the projection after %i rows said', (at) => {
		const better = decisions(0.075, 0.05)
		const ratios: number[] = []
		for (let seed = 1; seed <= 200; seed++) {
			const chance = new Chance(seed * 7919)
			let gains = noLosses
			while (gains.n < at) gains = addLoss(gains, better(chance))
			const needed = stopsAt(better, seed, exact, 60_000)
			if (needed === null || needed <= at) continue
			const { moreOutcomes } = projectOutcomes({ gains, bounds }, 0)
			ratios.push((moreOutcomes === null ? Number.POSITIVE_INFINITY : at + moreOutcomes) / needed)
		}
		const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)]
		expect(ratios.length).toBeGreaterThan(165)
		expect(median).toBeGreaterThan(1 / 1.5)
		expect(median).toBeLessThan(1.5)
	})
})

describe('the price of looking at any time', () => {
	it.each([500, 1000, 5000, 20_000])(
		'is an interval below 1.9 times as wide as the fixed one, at %i rows',
		(n) => {
			const gains = { n, sum: 0, squares: 0.1 * n }
			const fixed = 1.96 * Math.sqrt(0.1 / n)
			const { low, high } = gainSequence({ gains, bounds })
			expect((high - low) / 2 / fixed).toBeGreaterThan(1.4)
			expect((high - low) / 2 / fixed).toBeLessThan(1.9)
		},
	)
})
