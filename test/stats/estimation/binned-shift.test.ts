import { describe, expect, it } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { aucOfDistance, binnedShift } from '../../../src/stats/estimation/binned-shift.ts'
import { isFar } from '../../../src/stats/estimation/population-shift.ts'

/** Counts of rows that fall in bins with these shares. */
function counts(chance: Chance, rows: number, shares: readonly number[]): number[] {
	const bins = shares.map(() => 0)
	for (let row = 0; row < rows; row++) {
		let left = chance.uniform()
		const at = shares.findIndex((share) => {
			left -= share
			return left < 0
		})
		bins[at] = (bins[at] as number) + 1
	}
	return bins
}

describe('how far a column is by its bins', () => {
	it('is the AUC of the likelihood ratio, and the share of the reference that counts once weighted', () => {
		const { auc, effective } = binnedShift([5000, 5000], [1000, 3000])
		expect(auc).toBeCloseTo(0.625, 12)
		expect(effective).toBeCloseTo(1 / (0.25 ** 2 / 0.5 + 0.75 ** 2 / 0.5), 3)
		expect(binnedShift([50, 50, 0], [0, 0, 100])).toMatchObject({ auc: 1 })
		expect(binnedShift([9000, 1000], [0, 5000]).effective).toBeCloseTo(0.1, 3)
		expect(binnedShift([], [])).toEqual({ auc: 0.5, effective: 1 })
		expect(binnedShift([3, 4], [0, 0])).toEqual({ auc: 0.5, effective: 1 })
	})

	it('does not count what the reference holds a few times as known one by one', () => {
		const rare = Array.from({ length: 50 }, () => 2)
		expect(binnedShift([900, ...rare], [900, ...rare.map((_, i) => 4 * (i % 2))]).auc).toBeCloseTo(0.5, 12)
	})

	it('is that of normal distributions from their distance', () => {
		expect(aucOfDistance(0)).toBe(0.5)
		expect(aucOfDistance(0.6826894921)).toBeCloseTo(0.9213503965, 3)
		expect(aucOfDistance(1)).toBeLessThan(1)
	})

	it('is never far by chance: 60 columns of tenths and of 40 categories, in 200 windows of 50 to 1,000 rows', () => {
		const chance = new Chance(4)
		const tenths = Array.from({ length: 10 }, () => 0.1)
		const weights = Array.from({ length: 40 }, (_, k) => 1 / (k + 1))
		const sum = weights.reduce((a, b) => a + b, 0)
		const categories = weights.map((w) => w / sum)
		const sizes = [50, 100, 1000] as const
		let far = 0
		for (let window = 0; window < 200; window++) {
			const rows = sizes[window % 3] as number
			const columns = Array.from({ length: rows > 100 ? 4 : 60 }, (_, k) => {
				const shares = k % 2 === 0 ? tenths : categories
				return binnedShift(counts(chance, 2 * rows, shares), counts(chance, rows, shares))
			})
			if (columns.some(({ auc, effective }) => isFar({ domainAuc: auc, scoreAuc: 0.5, effective }))) far++
		}
		expect(far).toBe(0)
	})
})
