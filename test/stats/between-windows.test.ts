import { describe, expect, it } from 'vitest'
import { Chance } from '../../src/demo/random.ts'
import {
	commonVariance,
	type Difference,
	differenceOf,
	overdispersedTest,
	variationOf,
} from '../../src/stats/between-windows.ts'
import { chiSquareHomogeneity } from '../../src/stats/chi-square.ts'

const tenths = [-1.2816, -0.8416, -0.5244, -0.2533, 0, 0.2533, 0.5244, 0.8416, 1.2816]

function draw(chance: Chance, rows: number, level: number): number[] {
	const counts = new Array(10).fill(0)
	for (let i = 0; i < rows; i++) {
		const x = chance.normal() + level
		counts[tenths.filter((t) => t < x).length]++
	}
	return counts
}

const differencesOf = (windows: number[][]): Difference[] =>
	windows.slice(1).map((w, i) => differenceOf(windows[i] as number[], w, 2))

describe('windows that vary by themselves', () => {
	it('have their variance estimated from successive differences', () => {
		const chance = new Chance(1)
		const windows = Array.from({ length: 60 }, () => draw(chance, 500, 0.3 * chance.normal()))
		const { variance } = variationOf(differencesOf(windows), 0.007, true)
		expect(variance).toBeGreaterThan(0.05)
		expect(variance).toBeLessThan(0.16)
	})

	it('are not told from windows that do not, by a lasting shift', () => {
		const chance = new Chance(2)
		const windows = Array.from({ length: 20 }, (_, d) => draw(chance, 500, d < 10 ? 0 : 0.5))
		expect(variationOf(differencesOf(windows), 0.007, true).variance).toBeLessThan(0.01)
	})

	it('share what the lower half of the columns shows', () => {
		const calm = { excess: 0, weight: 400, df: 9 }
		const shifted = { excess: 90, weight: 400, df: 9 }
		expect(commonVariance([], [calm, calm, shifted, shifted])).toBe(0.007)
		expect(commonVariance([], [calm, shifted, shifted, shifted])).toBe(0.045)
		expect(commonVariance([], [shifted])).toBe(0.045)
	})

	it('count a kind of day that was never seen as one that may differ', () => {
		expect(variationOf([], 0.007, false).variance).toBe(0.03)
		expect(variationOf([], 0.007, true).variance).toBe(0.007)
	})
})

describe('the test beside such variation', () => {
	it('is the plain test when there is none', () => {
		const [reference, current] = [
			[200, 300, 500],
			[30, 20, 50],
		]
		const plain = chiSquareHomogeneity(reference, current)
		expect(overdispersedTest(reference, current, undefined)).toEqual({ ...plain, nEffective: 100 })
		expect(overdispersedTest(reference, current, { variance: 0, df: 20, windows: 9 }).p).toBe(plain.p)
	})

	it.each([500, 5000])('holds its level over days of %i rows whose level moves by .2 sigma', (rows) => {
		const chance = new Chance(rows)
		let [small, tests] = [0, 0]
		for (let model = 0; model < 20; model++) {
			const baseline = draw(chance, 2000, 0)
			const days = Array.from({ length: 40 }, () => draw(chance, rows, 0.2 * chance.normal()))
			for (let d = 20; d < days.length; d++) {
				const variation = variationOf(differencesOf(days.slice(0, d)), 0.04, true)
				if (overdispersedTest(baseline, days[d] as number[], variation).p <= 0.01) small++
				tests++
			}
		}
		expect(small / tests).toBeLessThanOrEqual(0.01 + 4 * Math.sqrt(0.01 / tests))
	})

	it('finds half a standard deviation in one day of 500 rows after a fortnight of quiet days', () => {
		const chance = new Chance(4)
		let found = 0
		for (let model = 0; model < 20; model++) {
			const baseline = draw(chance, 2000, 0)
			const days = Array.from({ length: 14 }, () => draw(chance, 500, 0))
			const variation = variationOf(differencesOf(days), 0.007, true)
			if (overdispersedTest(baseline, draw(chance, 500, 0.5), variation).p <= 1e-4) found++
		}
		expect(found).toBeGreaterThanOrEqual(19)
	})
})
