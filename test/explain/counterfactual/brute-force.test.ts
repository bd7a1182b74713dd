import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
	type CounterfactualInput,
	findCounterfactuals,
} from '../../../src/explain/counterfactual/find-counterfactuals.ts'
import { observe } from '../../../src/explain/counterfactual/movable.ts'
import { openLinear } from '../../../src/explain/formats/linear.ts'
import { openScorecard } from '../../../src/explain/formats/scorecard.ts'
import type { Model } from '../../../src/explain/model.ts'
import { smallTrees, type TreeShape, treeShape } from './small-trees.ts'

type Row = Record<string, unknown>
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const budget = { now: () => 0, ms: 1, steps: 50_000 }
const scoreOf = (model: Model, row: Row) => model.score(model.margin(model.encode(row).x))[0] as number
/** Rows of whole numbers from 0 to 6: the typical distance is known, and brute force is small. */
const grid = (features: readonly string[]) =>
	Array.from({ length: 7 }, (_, i) => Object.fromEntries(features.map((f) => [f, i])))
const linear = (coefficients: object, intercept = 0) =>
	openLinear(bytes({ format: 'linear-json', link: 'logit', intercept, coefficients }))

/** The least distance over all rows of whole numbers from 0 to 6 that change at maxChanges `maxChanges` features. */
function bruteForce(
	model: Model,
	row: Row,
	target: CounterfactualInput['target'],
	maxChanges: number,
): number {
	const observed = observe(grid(model.features), model.features)
	let best = Number.POSITIVE_INFINITY
	const walk = (at: number, now: Row, cost: number, left: number) => {
		if (cost >= best) return
		if (at === model.features.length) {
			const score = scoreOf(model, now)
			if (target.side === 'below' ? score < target.threshold : score >= target.threshold) best = cost
			return
		}
		const name = model.features[at] as string
		walk(at + 1, now, cost, left)
		const seen = observed.get(name)
		if (left > 0 && seen?.kind === 'number')
			for (let value = 0; value <= 6; value++) {
				const distance = Math.abs(value - (row[name] as number))
				if (distance > 0)
					walk(at + 1, { ...now, [name]: value }, cost + 0.1 + distance / seen.scale, left - 1)
			}
	}
	walk(0, row, 0, maxChanges)
	return best
}

function agreesWithBruteForce(
	model: Model,
	row: Row,
	target: CounterfactualInput['target'],
	maxChanges: number,
): void {
	const observed = observe(grid(model.features), model.features)
	const result = findCounterfactuals({ model, row, frozen: [], observed, budget, target, maxChanges })
	const best = bruteForce(model, row, target, maxChanges)
	if (best === 0 || best === Number.POSITIVE_INFINITY) {
		expect(result).toMatchObject({ status: 'none', proven: true })
		return
	}
	if (result.status !== 'found') throw new Error(`${result.reason}; brute force found one at ${best}`)
	expect(result.counterfactuals[0]?.distance).toBeCloseTo(best, 9)
	expect(result.counterfactuals[0]?.proven).toBe(true)
	for (const { changes } of result.counterfactuals) {
		const score = scoreOf(model, { ...row, ...changes })
		expect(target.side === 'below' ? score < target.threshold : score >= target.threshold).toBe(true)
		expect(Object.keys(changes).length).toBeLessThanOrEqual(maxChanges)
		for (const value of Object.values(changes)) {
			expect(value).toSatisfy(Number.isInteger)
			expect(value).toBeGreaterThanOrEqual(0)
			expect(value).toBeLessThanOrEqual(6)
		}
	}
}

describe('what is proven to be nearest is what brute force finds', () => {
	const whole = fc.integer({ min: 0, max: 6 })
	const side = fc.constantFrom('below' as const, 'at-or-above' as const)
	const maxChanges = fc.integer({ min: 1, max: 3 })

	it('for linear models', () => {
		const coefficient = fc.integer({ min: -8, max: 8 }).map((n) => n / 4)
		fc.assert(
			fc.property(
				fc.array(coefficient, { minLength: 4, maxLength: 4 }),
				fc.array(whole, { minLength: 4, maxLength: 4 }),
				fc.double({ min: 0.02, max: 0.98, noNaN: true }),
				side,
				maxChanges,
				(coefficients, values, threshold, side, maxChanges) => {
					const names = ['a', 'b', 'c', 'd']
					const model = linear(Object.fromEntries(names.map((n, i) => [n, coefficients[i]])), -1)
					const row = Object.fromEntries(names.map((n, i) => [n, values[i]]))
					agreesWithBruteForce(model, row, { threshold, side }, maxChanges)
				},
			),
			{ numRuns: 300 },
		)
	})

	it('for scorecards', () => {
		const points = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 4, maxLength: 4 })
		fc.assert(
			fc.property(
				fc.array(points, { minLength: 4, maxLength: 4 }),
				fc.array(whole, { minLength: 4, maxLength: 4 }),
				fc.integer({ min: 0, max: 160 }),
				side,
				maxChanges,
				fc.constantFrom('left', 'right'),
				(cards, values, threshold, side, maxChanges, closed) => {
					const names = ['a', 'b', 'c', 'd']
					const edges = [null, 1, 3.5, 5, null]
					const features = names.map((n, i) => [
						n,
						{
							bins: (cards[i] as number[]).map((points, k) => ({ from: edges[k], to: edges[k + 1], points })),
						},
					])
					const model = openScorecard(
						bytes({ format: 'scorecard', closed, features: Object.fromEntries(features) }),
					)
					const row = Object.fromEntries(names.map((n, i) => [n, values[i]]))
					agreesWithBruteForce(model, row, { threshold, side }, maxChanges)
				},
			),
			{ numRuns: 300 },
		)
	})

	it.each(['xgboost', 'lightgbm'] as const)('for trees as %s has them', (style) => {
		fc.assert(
			fc.property(
				fc.array(treeShape, { minLength: 1, maxLength: 5 }),
				fc.array(whole, { minLength: 4, maxLength: 4 }),
				fc.integer({ min: -6, max: 6 }).map((n) => n / 4),
				side,
				maxChanges,
				(shapes: TreeShape[], values, threshold, side, maxChanges) => {
					const model = smallTrees(shapes, style)
					const row = Object.fromEntries(model.features.map((n, i) => [n, values[i]]))
					agreesWithBruteForce(model, row, { threshold, side }, maxChanges)
				},
			),
			{ numRuns: 300 },
		)
	})
})
