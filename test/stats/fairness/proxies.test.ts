import { describe, expect, it } from 'vitest'
import {
	aucInterval,
	aucOf,
	type FeatureCells,
	proxies,
	proxyAuc,
} from '../../../src/stats/fairness/proxies.ts'
import { Chance, drawBinomial } from './chance.ts'

describe('the AUC', () => {
	it('counts pairs, ties half', () => {
		const scored = [
			{ score: 1, inside: 1, outside: 0 },
			{ score: 0, inside: 1, outside: 1 },
			{ score: 2, inside: 0, outside: 1 },
		]
		// Pairs: 1 > 0, 1 < 2, 0 = 0, 0 < 2.
		expect(aucOf(scored)).toBe(1.5 / 4)
		expect(aucOf([])).toBeNaN()
	})

	it('has an interval within [0, 1] that has a width even at the ends', () => {
		const { low, high } = aucInterval(1, 20, 20)
		expect(high).toBe(1)
		expect(low).toBeGreaterThan(0.8)
		expect(low).toBeLessThan(0.99)
		const middle = aucInterval(0.7, 100, 400)
		expect(middle.low).toBeGreaterThan(0.6)
		expect(middle.high).toBeLessThan(0.8)
		expect(middle.low).toBeLessThan(0.7)
	})
})

describe('one feature', () => {
	it.each([
		[100, 20],
		[400, 50],
		[3000, 5],
	])(
		'of pure noise is .5 on average, and its interval seldom leaves that out: %s rows, %s cells',
		(rows, cells) => {
			const chance = new Chance(rows)
			const draw = drawBinomial(rows / cells, 0.3, chance)
			const runs = 300
			let [sum, alarms] = [0, 0]
			for (let run = 0; run < runs; run++) {
				const noise = Array.from({ length: cells }, () => {
					const inside = draw()
					return { inside, outside: rows / cells - inside }
				})
				const { value, low } = proxyAuc(noise, () => chance.uniform())
				sum += value
				if (low > 0.5) alarms++
			}
			expect(Math.abs(sum / runs - 0.5)).toBeLessThan(0.02)
			// 2.5% to one side, and three standard errors.
			expect(alarms / runs).toBeLessThan(0.052)
		},
	)

	it('has an interval that holds the AUC of the best order, from few rows too', () => {
		const chance = new Chance(12)
		const shares = Array.from({ length: 10 }, (_, i) => 0.15 + 0.03 * i)
		const truth = aucOf(shares.map((share) => ({ score: share, inside: share, outside: 1 - share })))
		const draws = shares.map((share) => drawBinomial(40, share, chance))
		let covered = 0
		for (let run = 0; run < 300; run++) {
			const cells = draws.map((draw) => {
				const inside = draw()
				return { inside, outside: 40 - inside }
			})
			const { low, high } = proxyAuc(cells, () => chance.uniform())
			if (low <= truth && truth <= high) covered++
		}
		expect(truth).toBeGreaterThan(0.6)
		expect(covered / 300).toBeGreaterThan(0.93)
	})

	it('that gives the group away has an AUC near 1; one that half does lies between', () => {
		const random = new Chance(4)
		const uniform = () => random.uniform()
		const sure = proxyAuc(
			[
				{ inside: 200, outside: 0 },
				{ inside: 0, outside: 300 },
			],
			uniform,
		)
		expect(sure.value).toBe(1)
		const half = proxyAuc(
			[
				{ inside: 150, outside: 100 },
				{ inside: 50, outside: 200 },
			],
			uniform,
		)
		// In the rows as they are: .75 x .667 + half of the ties.
		expect(half.value).toBeCloseTo(0.75 * (2 / 3) + 0.5 * (0.75 / 3 + 0.25 * (2 / 3)), 2)
		expect(half.low).toBeGreaterThan(0.6)
	})

	it('is not judged by a handful of rows', () => {
		expect(proxyAuc([{ inside: 9, outside: 100 }], () => 0.5).value).toBeNaN()
	})

	it('comes out the same from the same chance', () => {
		const cells = [
			{ inside: 20, outside: 30 },
			{ inside: 40, outside: 10 },
		]
		const run = (seed: number) => {
			const chance = new Chance(seed)
			return proxyAuc(cells, () => chance.uniform())
		}
		expect(run(1)).toEqual(run(1))
	})
})

/** Features of 8 cells: noise, or shifted by so much for members. */
function rowsOf(chance: Chance, rows: number, shifts: readonly number[]) {
	const members = Array.from({ length: rows }, () => chance.uniform() < 0.3)
	const features: FeatureCells[] = shifts.map((shift, i) => ({
		feature: `f${i}`,
		cells: 8,
		cellOf: members.map((member) => {
			const value = chance.normal() + (member ? shift : 0)
			return Math.min(7, Math.max(0, Math.floor(2 * value + 4)))
		}),
	}))
	return { members, features }
}

describe('all features together', () => {
	it('tell nothing when they are noise', () => {
		const chance = new Chance(8)
		let [sum, alarms, named] = [0, 0, 0]
		for (let run = 0; run < 40; run++) {
			const { members, features } = rowsOf(
				chance,
				400,
				Array.from({ length: 10 }, () => 0),
			)
			const { auc, top } = proxies(features, members, () => chance.uniform())
			sum += auc.value
			if (auc.low > 0.5) alarms++
			if ((top[0]?.auc.low ?? 1) > 0.5) named++
		}
		expect(Math.abs(sum / 40 - 0.5)).toBeLessThan(0.03)
		expect(alarms).toBeLessThanOrEqual(4)
		expect(named).toBeLessThanOrEqual(4)
	})

	it('tell more than the best of them, however many are noise, and name it first', () => {
		const chance = new Chance(6)
		const { members, features } = rowsOf(chance, 2000, [...Array.from({ length: 60 }, () => 0), 1, 0.8, 0.6])
		const { auc, top } = proxies(features, members, () => chance.uniform(), { top: 3 })
		expect(top.map(({ feature }) => feature)).toEqual(['f60', 'f61', 'f62'])
		const best = top[0]?.auc.value ?? 1
		expect(auc.value).toBeGreaterThan(best + 0.03)
		// Three independent shifts of normal features: Phi(sqrt(1 + .64 + .36) / sqrt 2) = .84, less what 8 cells lose.
		expect(auc.value).toBeGreaterThan(0.78)
		expect(auc.value).toBeLessThan(0.87)
	})

	it('need a cell of every feature for each row', () => {
		const one = (cellOf: number[]): FeatureCells[] => [{ feature: 'a', cells: 2, cellOf }]
		expect(() => proxies(one([0]), [true, false], () => 0)).toThrow(RangeError)
		expect(() => proxies(one([0, 2]), [true, false], () => 0)).toThrow(RangeError)
		expect(proxies(one([0, 1]), [true, false], () => 0).auc.value).toBeNaN()
	})
})
