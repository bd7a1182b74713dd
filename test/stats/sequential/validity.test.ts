import { describe, expect, it } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { type Comparison, gainSequence, projectOutcomes } from '../../../src/stats/sequential/comparison.ts'
import { addLoss, lossVariance, meanLoss, noLosses } from '../../../src/stats/sequential/loss-sums.ts'
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

/** Gains with long tails. */
const lognormal = (chance: Chance) => Math.exp(chance.normal()) - Math.exp(chance.normal())

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
		if (excludes({ design: 'paired', gains })) return gains.n
	}
	return null
}

const leavesOut = ({ low, high }: { low: number; high: number }) => low > 0 || high < 0

/** Beyond the fixed interval at all? Each sequence is wider, so only there it has to be worked out. */
const beyondFixed = (c: Comparison): boolean => {
	if (c.design === 'paired') return Math.abs(c.gains.sum) > 1.9 * Math.sqrt(c.gains.n * lossVariance(c.gains))
	const error = Math.sqrt(
		lossVariance(c.champion) / c.champion.n + lossVariance(c.challenger) / c.challenger.n,
	)
	return !(Math.abs(meanLoss(c.champion) - meanLoss(c.challenger)) <= 1.9 * error)
}

const asymptotic = (c: Comparison) => beyondFixed(c) && leavesOut(gainSequence(c))
const exact = (c: Comparison) => beyondFixed(c) && leavesOut(gainSequence({ ...c, bounds }))
const tTest = (c: Comparison) =>
	c.design === 'paired' && Math.abs(meanLoss(c.gains)) > 1.96 * Math.sqrt(lossVariance(c.gains) / c.gains.n)

describe('two equal models, looked at after every 10 of 5,000 rows', () => {
	const cases = [
		{ name: 'decisions that differ in 10% of rows', draw: decisions(0.05, 0.05), bounded: true },
		{ name: 'decisions that differ in 2% of rows', draw: decisions(0.01, 0.01), bounded: true },
		{ name: 'Brier scores', draw: brier, bounded: true },
		{ name: 'long-tailed losses', draw: lognormal, bounded: false },
	]
	it.each(cases)('are told apart in at most 5% of runs, by a t-test in over 30%: $name', (c) => {
		expect(errors(c.draw, tTest)).toBeGreaterThan(0.3)
		expect(errors(c.draw, asymptotic)).toBeLessThanOrEqual(0.05)
		if (c.bounded) expect(errors(c.draw, exact)).toBeLessThanOrEqual(0.03)
	})

	it('of rare one-sided gains need the bounds: exact keeps its 5%, asymptotic does not', () => {
		const rare = (chance: Chance) => (chance.uniform() < 0.02 ? 0.98 : -0.02)
		expect(errors(rare, exact)).toBeLessThanOrEqual(0.03)
		expect(errors(rare, asymptotic)).toBeGreaterThan(0.05)
	})

	it("are told apart by McNemar's mixture in at most 5% of runs", () => {
		const refuted = (c: Comparison) => {
			if (c.design !== 'paired') return false
			const { sum, squares } = c.gains
			const counts = { championOnly: (squares - sum) / 2, challengerOnly: (squares + sum) / 2 }
			return sequentialMcNemar(counts).p <= 0.05
		}
		expect(errors(decisions(0.05, 0.05), refuted)).toBeLessThanOrEqual(0.05)
	})
})

describe('split traffic of two equal models, looked at after every 10 of 5,000 rows', () => {
	const splitErrors = (share: number, rate: number, excludes: (c: Comparison) => boolean) => {
		let wrong = 0
		for (let seed = 1; seed <= runs; seed++) {
			const chance = new Chance(seed * 31_337)
			let [champion, challenger] = [noLosses, noLosses]
			for (let n = 1; n <= looks.rows; n++) {
				const toChallenger = chance.uniform() < share
				const loss = chance.uniform() < rate ? 1 : 0
				if (toChallenger) challenger = addLoss(challenger, loss)
				else champion = addLoss(champion, loss)
				if (n % looks.every === 0 && excludes({ design: 'split', champion, challenger })) {
					wrong++
					break
				}
			}
		}
		return wrong / runs
	}
	const exactSplit = (c: Comparison) =>
		beyondFixed(c) && leavesOut(gainSequence({ ...c, bounds: { low: 0, high: 1 } }))

	it.each([
		{ share: 0.5, rate: 0.1 },
		{ share: 0.1, rate: 0.1 },
	])(
		'is told apart in at most 5% of runs: $share of rows to the challenger, $rate errors',
		({ share, rate }) => {
			expect(splitErrors(share, rate, asymptotic)).toBeLessThanOrEqual(0.05)
			expect(splitErrors(share, rate, exactSplit)).toBeLessThanOrEqual(0.02)
		},
	)

	it('of rare errors in a small canary needs the bounds', () => {
		expect(splitErrors(0.1, 0.02, exactSplit)).toBeLessThanOrEqual(0.02)
	})
})

describe('a better challenger', () => {
	it('is told apart in 9 of 10 runs of 5,000 rows: 8% of rows won, 5% lost', () => {
		const better = decisions(0.08, 0.05)
		expect(errors(better, asymptotic)).toBeGreaterThan(0.9)
		expect(errors(better, exact)).toBeGreaterThan(0.9)
	})

	it.each([200, 500])('is told apart about when the projection after %i rows said', (at) => {
		const better = decisions(0.075, 0.05)
		for (const [excludes, bound] of [
			[asymptotic, {}],
			[exact, { bounds }],
		] as const) {
			const ratios: number[] = []
			for (let seed = 1; seed <= 400; seed++) {
				const chance = new Chance(seed * 7919)
				let gains = noLosses
				while (gains.n < at) gains = addLoss(gains, better(chance))
				const needed = stopsAt(better, seed, excludes, 60_000)
				if (needed === null || needed <= at) continue
				const { moreOutcomes } = projectOutcomes({ design: 'paired', gains, ...bound }, 0)
				ratios.push((moreOutcomes === null ? Number.POSITIVE_INFINITY : at + moreOutcomes) / needed)
			}
			const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)]
			expect(ratios.length).toBeGreaterThan(330)
			expect(median).toBeGreaterThan(1 / 1.5)
			expect(median).toBeLessThan(1.5)
		}
	})
})

describe('the price of looking at any time', () => {
	it.each([500, 1000, 5000, 20_000])(
		'is an interval below 1.9 times as wide as the fixed one, at %i rows',
		(n) => {
			const gains = { n, sum: 0, squares: 0.1 * n }
			const fixed = 1.96 * Math.sqrt(0.1 / n)
			for (const c of [{ design: 'paired', gains } as const, { design: 'paired', gains, bounds } as const]) {
				const { low, high } = gainSequence(c)
				expect((high - low) / 2 / fixed).toBeGreaterThan(1.4)
				expect((high - low) / 2 / fixed).toBeLessThan(1.9)
			}
		},
	)
})
