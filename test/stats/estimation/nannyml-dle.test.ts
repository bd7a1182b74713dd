import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fitBoostedTrees, predictBoostedTrees } from '../../../src/stats/estimation/boosted-trees.ts'
import type { NannymlEstimate } from '../../../src/stats/estimation/nannyml-cbpe.ts'
import type { NannymlLoss } from '../../../src/stats/estimation/nannyml-dle.ts'
import { expectNear } from '../near.ts'

type Golden = {
	trees: { columns: Record<string, number[]>; labels: number[]; predictions: number[] }
	california: { month: string; answers: Record<NannymlLoss, NannymlEstimate> }[]
}

// What LightGBM and NannyML answer: golden/make.py, with its versions in the file.
const golden: Golden = JSON.parse(readFileSync(new URL('golden/trees.json', import.meta.url), 'utf8'))

describe('boosted trees', () => {
	const columns = Object.values(golden.trees.columns).map((c) => Float64Array.from(c))
	const { labels, predictions } = golden.trees

	it('predict as LightGBM does by default, on the rows they were fitted on and on others', () => {
		const model = fitBoostedTrees(
			columns.map((c) => c.slice(0, labels.length)),
			labels,
		)
		const ours = predictBoostedTrees(model, columns)
		expect(ours.length).toBe(predictions.length)
		expect(predictions.length).toBeGreaterThan(labels.length)
		predictions.forEach((theirs, i) => {
			expectNear(ours[i] as number, theirs, 1e-9, 1e-9)
		})
	})

	it('are the mean when there are too few rows to cut, or nothing to learn', () => {
		const few = fitBoostedTrees([Float64Array.of(1, 2, 3)], [1, 2, 6])
		expect(few.trees).toHaveLength(0)
		expect([...predictBoostedTrees(few, [Float64Array.of(-5, 9)])]).toEqual([3, 3])
		const constant = fitBoostedTrees(
			columns,
			predictions.map(() => 0.5),
		)
		expect(predictBoostedTrees(constant, columns).every((p) => p === 0.5)).toBe(true)
	})

	it('refuse NaN, no rows, and columns of unequal length', () => {
		expect(() => fitBoostedTrees([Float64Array.of(Number.NaN)], [1])).toThrow(RangeError)
		expect(() => fitBoostedTrees([], [])).toThrow(RangeError)
		expect(() => fitBoostedTrees([Float64Array.of(1, 2)], [1])).toThrow(RangeError)
	})
})
