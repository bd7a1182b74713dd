import { expect, test } from 'vitest'
import { seeded } from '../../../src/core/random.ts'
import { shapValues } from '../../../src/explain/shap/explain-rows.ts'
import { planBackground } from '../../../src/explain/shap/interventional.ts'
import { planPaths } from '../../../src/explain/shap/path-dependent.ts'
import { linkPaths, outputScale, pathTo } from '../../../src/explain/shap/paths.ts'
import { addIntegrated, gaussLegendre, planQuadrature } from '../../../src/explain/shap/quadrature-trees.ts'
import { planTables } from '../../../src/explain/shap/tables.ts'
import { decideAll, type TreeEnsemble } from '../../../src/explain/trees/ensemble.ts'
import { marginOf } from '../../support/brute-force-shapley.ts'
import { chainTree, randomRow, randomTrees } from '../../support/random-trees.ts'

const decide = (e: TreeEnsemble, x: Float64Array) => decideAll(e, x, new Uint8Array(e.feature.length))

const digits = 10n ** 60n
const toFixed = (v: number) => (BigInt(Math.round(v * 2 ** 52)) * digits) / 2n ** 52n + rest(v)
/** What of a double lies below 2^-52, kept as well: the reference takes the same numbers as we do. */
const rest = (v: number) =>
	(BigInt(Math.round((v * 2 ** 52 - Math.round(v * 2 ** 52)) * 2 ** 100)) * digits) / 2n ** 152n
const times = (a: bigint, b: bigint) => (a * b) / digits

/**
 * Shapley values leaf by leaf, in 60 digits: the polynomial of the other columns' factors (z + o y) has, at y^s, what all
 * coalitions of size s are worth together.
 */
function exact(e: TreeEnsemble, x: Float64Array): number[] {
	const paths = linkPaths(e)
	const decisions = decide(e, x)
	const out = Array.from({ length: e.columns }, () => 0n)
	const factorial = (n: number): bigint => (n <= 1 ? 1n : BigInt(n) * factorial(n - 1))
	e.feature.forEach((feature, leaf) => {
		if (feature >= 0) return
		const { columns } = pathTo(e, paths, leaf)
		const z = columns.map(() => digits)
		const o = columns.map(() => true)
		for (let at = leaf; (paths.parent[at] as number) >= 0; at = paths.parent[at] as number) {
			const above = paths.parent[at] as number
			const slot = columns.indexOf(e.feature[above] as number)
			z[slot] = times(z[slot] as bigint, toFixed(paths.share[at] as number))
			if ((e.left[above] === at) !== (decisions[above] === 1)) o[slot] = false
		}
		const k = columns.length
		columns.forEach((column, i) => {
			let polynomial = [digits]
			columns.forEach((_, j) => {
				if (j === i) return
				const raised = o[j] ? [0n, ...polynomial] : [0n]
				polynomial = [...polynomial, 0n].map((c, s) => times(c, z[j] as bigint) + (raised[s] ?? 0n))
			})
			let sum = 0n
			polynomial.forEach((c, s) => {
				if (s < k) sum += (c * factorial(s) * factorial(k - s - 1)) / factorial(k)
			})
			const gain = (o[i] ? digits : 0n) - (z[i] as bigint)
			out[column] = (out[column] as bigint) + times(times(sum, gain), toFixed(e.value[leaf] as number))
		})
	})
	return out.map((v) => Number(v) / Number(digits))
}

test.each([6, 12, 20, 40])('paths of %i different columns hold 1e-12 against 60 digits', (depth) => {
	for (let seed = 0; seed < 4; seed++) {
		const random = seeded(seed)
		const e = chainTree(random, depth, depth)
		const x = randomRow(random, e.columns)
		const { contributions } = shapValues(planPaths(e), decide(e, x))
		exact(e, x).forEach((wanted, i) => {
			expect(Math.abs((contributions[0]?.[i] as number) - wanted)).toBeLessThan(1e-12)
		})
	}
})

test('trees of depth 20 with repeated columns are accurate to 1e-12 against 60 digits', () => {
	for (let seed = 0; seed < 3; seed++) {
		const random = seeded(seed)
		const e = randomTrees(random, { trees: 1, depth: 20, columns: 25, leaf: 0.35, empty: 0.02 })
		const x = randomRow(random, 25)
		const { contributions } = shapValues(planPaths(e), decide(e, x))
		exact(e, x).forEach((wanted, i) => {
			expect(Math.abs((contributions[0]?.[i] as number) - wanted)).toBeLessThan(1e-12)
		})
	}
})

test('looked up or integrated, the values of a tree are the same', () => {
	const random = seeded(5)
	const e = randomTrees(random, { trees: 40, depth: 6, columns: 9, leaf: 0.1, outputs: 2, empty: 0.05 })
	const plan = planPaths(e)
	const { has } = planTables(e, linkPaths(e), () => {})
	expect(has.every((tabled) => tabled === 1)).toBe(true)
	const quadrature = planQuadrature(e, linkPaths(e), outputScale(e))
	for (let i = 0; i < 50; i++) {
		const decisions = decide(e, randomRow(random, 9))
		const integrated = new Float64Array(18)
		for (let tree = 0; tree < e.trees; tree++)
			addIntegrated(quadrature, tree, decisions, integrated, (e.treeOutput[tree] as number) * 9)
		const { contributions } = shapValues(plan, decisions)
		integrated.forEach((v, c) => {
			expect(contributions[Math.floor(c / 9)]?.[c % 9]).toBeCloseTo(v, 12)
		})
	}
})

test('a chain of 50,000 splits is explained without a deep stack', () => {
	const random = seeded(2)
	const e = chainTree(random, 50_000, 40)
	const x = randomRow(random, 40)
	const margin = marginOf(e, x)[0] as number
	const background = [randomRow(random, 40), randomRow(random, 40)]
	for (const { base, contributions } of [
		shapValues(planPaths(e), decide(e, x)),
		shapValues(planBackground(e, background), decide(e, x)),
	])
		expect(contributions[0]?.reduce((a, b) => a + b, base[0] as number)).toBeCloseTo(margin, 9)
})

test('quadrature of n points integrates powers up to 2n - 1', () => {
	for (let n = 1; n <= 24; n++) {
		const { points, weights } = gaussLegendre(n)
		for (let power = 0; power < 2 * n; power++) {
			const sum = points.reduce((all, t, q) => all + (weights[q] as number) * t ** power, 0)
			expect(sum).toBeCloseTo(1 / (power + 1), 14)
		}
	}
	expect(() => gaussLegendre(0)).toThrow(RangeError)
})
