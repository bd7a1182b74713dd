import { describe, expect, it } from 'vitest'
import { BatchBuilder } from '../../../src/summaries/inputs/batch-builder.ts'
import type { RowBatch } from '../../../src/summaries/inputs/columns.ts'
import { concatBatches, joinable, sameRow } from '../../../src/summaries/inputs/select-rows.ts'

/** `rows` rows with a feature of each name. */
function batchOf(rows: number, names: readonly string[], prefix = 'row'): RowBatch {
	const builder = new BatchBuilder(rows)
	for (let r = 0; r < rows; r++)
		builder.add({
			id: `${prefix}-${r}`,
			timestamp: r,
			features: Object.fromEntries(names.map((name, i) => [name, i % 2 === 0 ? i * r : `${name}-${r}`])),
		})
	return builder.finish()
}
const namesOf = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`)
const self = (batch: RowBatch) => batch

describe('batches that are joined', () => {
	it('are joined as a whole when they share their features, however many rows they have', () => {
		const batches = Array.from({ length: 40 }, () => batchOf(500, namesOf('f', 30)))
		expect(joinable(batches, self)).toHaveLength(1)
	})

	it('are joined when they are small, whatever their features are', () => {
		const batches = Array.from({ length: 20 }, (_, b) => batchOf(3, namesOf(`f${b}_`, 20)))
		expect(joinable(batches, self)).toHaveLength(1)
	})

	it('never have over 100,000 cells of which more than half are holes', () => {
		const batches = Array.from({ length: 60 }, (_, b) => batchOf(2, namesOf(`f${b}_`, 1900)))
		const runs = joinable(batches, self)
		expect(runs.flat()).toEqual(batches)
		for (const run of runs) {
			const { rows, features } = concatBatches(run)
			const filled = run.reduce((sum, batch) => sum + batch.rows * batch.features.size, 0)
			expect(features.size * rows).toBeLessThanOrEqual(Math.max(100_000, 2 * filled))
		}
	})
})

it('a batch of very many features reads as one of few', () => {
	const names = namesOf('f', 300)
	const wide = batchOf(5, names)
	for (let r = 0; r < 5; r++) {
		for (const [i, name] of names.slice(0, 200).entries()) {
			const column = wide.features.get(name)
			const num = column?.nums[r] as number
			expect(i % 2 === 0 ? num : wide.strings[num]).toBe(i % 2 === 0 ? i * r : `${name}-${r}`)
		}
		const again = concatBatches([wide, batchOf(5, names)])
		expect(sameRow(again, r, again, 5 + r)).toBe(true)
	}
})
