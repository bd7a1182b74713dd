import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seeded } from '../../../src/core/random.ts'
import { shapValues } from '../../../src/explain/shap/explain-rows.ts'
import { shapInteractions } from '../../../src/explain/shap/interactions.ts'
import { planBackground } from '../../../src/explain/shap/interventional.ts'
import { planPaths } from '../../../src/explain/shap/path-dependent.ts'
import { linkPaths, outputScale } from '../../../src/explain/shap/paths.ts'
import { addIntegrated, planQuadrature } from '../../../src/explain/shap/quadrature-trees.ts'
import { addWalks, planWalks } from '../../../src/explain/shap/walk-background.ts'
import { decideAll, type TreeEnsemble } from '../../../src/explain/trees/ensemble.ts'
import {
	bruteForceInteractions,
	bruteForceShapley,
	interventionalGame,
	marginOf,
	pathDependentGame,
} from '../../support/brute-force-shapley.ts'
import { chainTree, randomRow, randomTrees } from '../../support/random-trees.ts'

const decide = (e: TreeEnsemble, x: Float64Array) => decideAll(e, x, new Uint8Array(e.feature.length))

const shapes = fc.record({
	trees: fc.integer({ min: 1, max: 4 }),
	depth: fc.integer({ min: 0, max: 7 }),
	columns: fc.integer({ min: 1, max: 6 }),
	outputs: fc.integer({ min: 1, max: 3 }),
	style: fc.constantFrom('xgboost' as const, 'lightgbm' as const),
	average: fc.boolean(),
	categorical: fc.constantFrom(0, 0.3),
	leaf: fc.constantFrom(0, 0.2),
	empty: fc.constantFrom(0, 0.2),
})
const cases = fc.tuple(shapes, fc.integer())

function expectClose(actual: Float64Array, wanted: Float64Array, within = 1e-12) {
	expect(actual.length).toBe(wanted.length)
	actual.forEach((v, i) => {
		expect(Math.abs(v - (wanted[i] as number))).toBeLessThan(within)
	})
}

test('path-dependent values are the Shapley values of the cover-weighted game, by definition', () => {
	fc.assert(
		fc.property(cases, ([shape, seed]) => {
			const random = seeded(seed)
			const e = randomTrees(random, shape)
			const x = randomRow(random, shape.columns)
			const game = pathDependentGame(e, x)
			const { base, contributions } = shapValues(planPaths(e), decide(e, x))
			expectClose(base, game(0))
			bruteForceShapley(game, e.columns, e.outputs).forEach((wanted, k) => {
				expectClose(contributions[k] as Float64Array, wanted)
			})
		}),
		{ numRuns: 500 },
	)
})

test('interventional values are the Shapley values of the game over the background, by definition', () => {
	fc.assert(
		fc.property(cases, fc.integer({ min: 1, max: 9 }), ([shape, seed], rows) => {
			const random = seeded(seed)
			const e = randomTrees(random, shape)
			const x = randomRow(random, shape.columns)
			const background = Array.from({ length: rows }, () => randomRow(random, shape.columns))
			const game = interventionalGame(e, x, background)
			const { base, contributions } = shapValues(planBackground(e, background), decide(e, x))
			expectClose(base, game(0))
			bruteForceShapley(game, e.columns, e.outputs).forEach((wanted, k) => {
				expectClose(contributions[k] as Float64Array, wanted)
			})
		}),
		{ numRuns: 300 },
	)
})

test('a tree that is integrated or walked, as deep ones are, gets the values of the definition too', () => {
	fc.assert(
		fc.property(cases, ([shape, seed]) => {
			const random = seeded(seed)
			const e = randomTrees(random, { ...shape, outputs: 1 })
			const x = randomRow(random, shape.columns)
			const rows = Array.from({ length: 5 }, () => randomRow(random, shape.columns))
			const [integrated, walked] = [new Float64Array(e.columns), new Float64Array(e.columns)]
			const quadrature = planQuadrature(e, linkPaths(e), outputScale(e))
			const walks = planWalks(e, linkPaths(e), rows, (row, out) => decideAll(e, row, out))
			for (let tree = 0; tree < e.trees; tree++) {
				addIntegrated(quadrature, tree, decide(e, x), integrated, 0)
				addWalks(walks, tree, decide(e, x), walked, 0)
			}
			const [byPaths] = bruteForceShapley(pathDependentGame(e, x), e.columns, 1)
			const [byRows] = bruteForceShapley(interventionalGame(e, x, rows), e.columns, 1)
			expectClose(integrated, byPaths as Float64Array)
			expectClose(walked, byRows as Float64Array)
		}),
		{ numRuns: 200 },
	)
})

test('interaction values are those of the definition, and rows sum to the contributions', () => {
	fc.assert(
		fc.property(cases, ([shape, seed]) => {
			const random = seeded(seed)
			const e = randomTrees(random, shape)
			const x = randomRow(random, shape.columns)
			const game = pathDependentGame(e, x)
			const { contributions } = shapValues(planPaths(e), decide(e, x))
			const all = shapInteractions(e, decide(e, x))
			expect(all).toHaveLength(e.outputs)
			all?.forEach((pairs, k) => {
				expectClose(pairs, bruteForceInteractions(game, e.columns, k))
				const sums = contributions[k]?.map((_, i) =>
					pairs.slice(i * e.columns, (i + 1) * e.columns).reduce((a, b) => a + b, 0),
				)
				expectClose(sums as Float64Array, contributions[k] as Float64Array)
			})
		}),
		{ numRuns: 200 },
	)
})

test('interactions that would take minutes are not begun', () => {
	const e = chainTree(seeded(1), 1200, 1200)
	expect(shapInteractions(e, decide(e, randomRow(seeded(2), 1200)))).toBeUndefined()
	const wide = { ...randomTrees(seeded(1), { trees: 1, depth: 2, columns: 2 }), columns: 6000 }
	expect(shapInteractions(wide, decide(wide, new Float64Array(6000)))).toBeUndefined()
})

test('base and contributions add up to the margin', () => {
	fc.assert(
		fc.property(cases, ([shape, seed]) => {
			const random = seeded(seed)
			const e = randomTrees(random, { ...shape, columns: 30, depth: 11 })
			const x = randomRow(random, 30)
			const background = [randomRow(random, 30), randomRow(random, 30)]
			const margin = marginOf(e, x)
			const sums = [
				shapValues(planPaths(e), decide(e, x)),
				shapValues(planBackground(e, background), decide(e, x)),
			].map((s) => s.contributions.map((c, k) => c.reduce((a, b) => a + b, s.base[k] as number)))
			for (const sum of sums) expectClose(Float64Array.from(sum), margin, 1e-12)
		}),
		{ numRuns: 60 },
	)
})

test('a background of no rows is refused', () => {
	const e = randomTrees(seeded(1), { trees: 1, depth: 2, columns: 2 })
	expect(() => planBackground(e, [])).toThrow(RangeError)
})
