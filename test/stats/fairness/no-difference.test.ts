import { describe, expect, it } from 'vitest'
import { calibrationGap } from '../../../src/stats/fairness/calibration-gap.ts'
import { addRow, emptyCounts, type Group } from '../../../src/stats/fairness/group-counts.ts'
import { meanScoreDifference, smd } from '../../../src/stats/fairness/mean-scores.ts'
import {
	demographicParityDifference,
	disparateImpact,
	equalizedOddsDifference,
} from '../../../src/stats/fairness/rate-disparities.ts'
import { equalSharesP } from '../../../src/stats/fairness/shares.ts'
import { Chance, drawBinomial } from './chance.ts'
import { confusion } from './support.ts'

/** Nominal 5%, and three standard errors of so many runs. */
const bound = (runs: number) => 0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs)

const baseRates = [0.02, 0.1, 0.5]
const sizes = [[50], [300], [2000], [50, 2000]]
const grid = [2, 3, 6].flatMap((k) =>
	baseRates.flatMap((base) =>
		sizes.map((of) => ({ k, base, n: Array.from({ length: k }, (_, i) => of[i % of.length] ?? 0) })),
	),
)

/** Groups with one selection rate, one base rate, one true and one false positive rate. */
function drawer(n: readonly number[], base: number, chance: Chance): () => Group[] {
	const draws = n.map((rows) => drawBinomial(rows, base, chance))
	const among = new Map<string, () => number>()
	const draw = (rows: number, p: number) => {
		if (rows === 0) return 0
		const key = `${rows} ${p}`
		const of = among.get(key) ?? drawBinomial(rows, p, chance)
		among.set(key, of)
		return of()
	}
	return () =>
		draws.map((positives, i) => {
			const yes = positives()
			const no = (n[i] ?? 0) - yes
			const [tp, fp] = [draw(yes, 0.6), draw(no, base)]
			return { group: String(i), counts: confusion({ tp, fn: yes - tp, fp, tn: no - fp }) }
		})
}

describe('groups that do not differ', () => {
	it.each(grid)('alarm in at most 5%: $k groups, base rate $base, rows $n', ({ k, base, n }) => {
		const runs = 1000
		const draw = drawer(n, base, new Chance(k * 1000 + base * 100))
		const alarms = { selection: 0, odds: 0, interval: 0, impact: 0 }
		for (let run = 0; run < runs; run++) {
			const groups = draw()
			const difference = demographicParityDifference(groups)
			if (difference.p <= 0.05) alarms.selection++
			if (difference.low > 0) alarms.interval++
			if (equalizedOddsDifference(groups).p <= 0.05) alarms.odds++
			if (disparateImpact(groups).high < 1) alarms.impact++
		}
		for (const count of [alarms.selection, alarms.odds, alarms.impact])
			expect(count / runs).toBeLessThanOrEqual(bound(runs))
		// The interval is not the test: with a few rows its discrete coverage goes down to 93%.
		expect(alarms.interval / runs).toBeLessThanOrEqual(bound(runs) + 0.02)
	})

	it.each(grid.filter(({ n }) => Math.min(...n) < 300))(
		'alarm in at most 5% by their scores: $k groups, base rate $base, rows $n',
		({ k, base, n }) => {
			const runs = n.includes(2000) ? 120 : 500
			const chance = new Chance(k)
			const alarms = [0, 0, 0]
			for (let run = 0; run < runs; run++) {
				const groups = n.map((rows, i) => {
					const counts = emptyCounts()
					for (let row = 0; row < Math.min(rows, 1000); row++) {
						const score = 1 / (1 + ((1 - base) / base) * Math.exp(chance.normal()))
						addRow(counts, { score, positive: chance.uniform() < score })
					}
					return { group: String(i), counts }
				})
				;[smd(groups), calibrationGap(groups), meanScoreDifference(groups)].forEach(({ p }, i) => {
					if (p <= 0.05) alarms[i] = (alarms[i] as number) + 1
				})
			}
			for (const count of alarms) expect(count / runs).toBeLessThanOrEqual(bound(runs))
		},
	)

	it('have a p of 1 when they are the same, and when nobody or everybody is selected', () => {
		for (const successes of [0, 7, 30]) {
			const share = { successes, n: 30 }
			expect(equalSharesP([share, share])).toBeCloseTo(1, 12)
			expect(equalSharesP([share, share, share])).toBeCloseTo(1, 12)
		}
	})
})

describe('groups that do differ', () => {
	it.each([2, 3, 6])('are found: one of %s with half the selection rate', (k) => {
		const chance = new Chance(k)
		const draws = Array.from({ length: k }, (_, i) => drawBinomial(400, i === 0 ? 0.15 : 0.3, chance))
		let found = 0
		for (let run = 0; run < 200; run++) {
			const groups = draws.map((draw, i) => {
				const selected = draw()
				return { group: String(i), counts: confusion({ tp: selected, fp: 0, tn: 400 - selected, fn: 0 }) }
			})
			const { p, low, groups: named } = demographicParityDifference(groups)
			if (p <= 0.05 && low > 0 && named[1] === '0') found++
		}
		expect(found / 200).toBeGreaterThan(0.95)
	})

	it('are found in a small group too, by the exact test', () => {
		const rest = { successes: 100, n: 1000 }
		expect(equalSharesP([rest, rest, { successes: 14, n: 40 }])).toBeLessThan(1e-3)
	})
})
