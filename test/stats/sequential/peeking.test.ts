import { beforeAll, describe, expect, it } from 'vitest'
import { type PeekingRow, peekingTable } from '../../../bench/calibration/peeking.ts'

describe('200 looks at two versions', () => {
	let table: PeekingRow[]
	const runs = 16
	beforeAll(() => {
		table = peekingTable({ seed: 11, runs, rowsPerLook: 60 })
	})

	it('promote one of two equal versions in at most 5% of runs, whatever the errors and the split', () => {
		expect(table).toHaveLength(28)
		for (const { loss, allocation, equal } of table)
			expect(equal * runs, `${loss}, ${allocation}`).toBeLessThanOrEqual(2)
		const mean = table.reduce((sum, { equal }) => sum + equal, 0) / table.length
		expect(mean).toBeLessThanOrEqual(0.05)
	})

	it('promote one of them in over 15% of runs by a t-test', () => {
		expect(table.reduce((sum, { tTest }) => sum + tTest, 0) / table.length).toBeGreaterThan(0.15)
	})

	it('promote a version whose errors are a fifth smaller in nearly all runs of an even split, or of pairs', () => {
		for (const { loss, allocation, better } of table)
			if ((allocation === 'paired' || allocation === '50%') && loss !== 'Brier')
				expect(better, `${loss}, ${allocation}`).toBeGreaterThan(0.9)
	})
})
