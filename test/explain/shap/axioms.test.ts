import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seeded } from '../../../src/core/random.ts'
import { type ShapValues, shapValues } from '../../../src/explain/shap/explain-rows.ts'
import { planBackground } from '../../../src/explain/shap/interventional.ts'
import { planPaths } from '../../../src/explain/shap/path-dependent.ts'
import { decideAll, type TreeEnsemble } from '../../../src/explain/trees/ensemble.ts'
import { concatTrees, randomRow, randomTrees } from '../../support/random-trees.ts'

type Explain = (e: TreeEnsemble, x: Float64Array, background: Float64Array[]) => ShapValues

const decide = (e: TreeEnsemble, x: Float64Array) => decideAll(e, x, new Uint8Array(e.feature.length))
const kinds: [string, Explain][] = [
	['path-dependent', (e, x) => shapValues(planPaths(e), decide(e, x))],
	['interventional', (e, x, background) => shapValues(planBackground(e, background), decide(e, x))],
]
const seeds = fc.integer()
const rowsOf = (random: () => number, columns: number) =>
	Array.from({ length: 5 }, () => randomRow(random, columns))

test.each(kinds)('%s: a column that no tree asks for gets exactly 0', (_, explain) => {
	fc.assert(
		fc.property(seeds, (seed) => {
			const random = seeded(seed)
			const e = { ...randomTrees(random, { trees: 5, depth: 9, columns: 8, leaf: 0.1 }), columns: 9 }
			const { contributions } = explain(e, randomRow(random, 9), rowsOf(random, 9))
			expect(contributions[0]?.[8]).toBe(0)
		}),
		{ numRuns: 15 },
	)
})

test.each(kinds)('%s: values of an ensemble are the sums of those of its parts', (_, explain) => {
	fc.assert(
		fc.property(seeds, (seed) => {
			const random = seeded(seed)
			const one = randomTrees(random, { trees: 3, depth: 5, columns: 7 })
			const other = randomTrees(random, { trees: 2, depth: 11, columns: 7, leaf: 0.1 })
			const [x, rows] = [randomRow(random, 7), rowsOf(random, 7)]
			const [a, b] = [explain(one, x, rows), explain(other, x, rows)]
			explain(concatTrees(one, other), x, rows).contributions[0]?.forEach((v, i) => {
				const sum = (a.contributions[0]?.[i] as number) + (b.contributions[0]?.[i] as number)
				expect(Math.abs(v - sum)).toBeLessThan(1e-12)
			})
		}),
		{ numRuns: 20 },
	)
})

test.each(kinds)('%s: columns that change places in trees and rows change values', (_, explain) => {
	fc.assert(
		fc.property(seeds, (seed) => {
			const random = seeded(seed)
			const e = randomTrees(random, { trees: 4, depth: 7, columns: 6 })
			const swapped = { ...e, feature: e.feature.map((f) => (f === 1 ? 4 : f === 4 ? 1 : f)) }
			const swap = (row: Float64Array) => row.map((v, i) => row[i === 1 ? 4 : i === 4 ? 1 : i] ?? v)
			const [x, rows] = [randomRow(random, 6), rowsOf(random, 6)]
			const [a, b] = [explain(e, x, rows), explain(swapped, swap(x), rows.map(swap))]
			swap(a.contributions[0] as Float64Array).forEach((v, i) => {
				expect(Math.abs(v - (b.contributions[0]?.[i] as number))).toBeLessThan(1e-12)
			})
		}),
		{ numRuns: 20 },
	)
})

test.each(kinds)('%s: a constant tree moves the base and nothing else', (_, explain) => {
	const random = seeded(3)
	const e = randomTrees(random, { trees: 3, depth: 0, columns: 4, outputs: 1 })
	const { base, contributions } = explain(e, randomRow(random, 4), rowsOf(random, 4))
	expect(contributions).toEqual([new Float64Array(4)])
	expect(base[0]).toBeCloseTo(
		e.value.reduce((a, b) => a + b, e.base[0] as number),
		14,
	)
})
