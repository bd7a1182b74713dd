import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
	type CounterfactualInput,
	findCounterfactuals,
} from '../../../src/explain/counterfactual/find-counterfactuals.ts'
import { observe } from '../../../src/explain/counterfactual/movable.ts'
import { openLinear } from '../../../src/explain/formats/linear.ts'
import type { FeatureLimit } from '../../../src/explain/manifest.ts'
import type { Model } from '../../../src/explain/model.ts'
import { openCase, type PeerCase, readCases } from '../golden/case.ts'
import { smallTrees } from './small-trees.ts'

type Row = Record<string, unknown>
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const budget = { now: () => 0, ms: 1, steps: 50_000 }
const scoreOf = (model: Model, row: Row) => model.score(model.margin(model.encode(row).x))[0] as number

/** Rows of whole numbers from 0 to 6: the typical distance is known, and brute force is small. */
const grid = (features: readonly string[]) =>
	Array.from({ length: 7 }, (_, i) => Object.fromEntries(features.map((f) => [f, i])))
const find = (
	model: Model,
	row: Row,
	more: Partial<CounterfactualInput> & Pick<CounterfactualInput, 'target'>,
) =>
	findCounterfactuals({
		model,
		row,
		frozen: [],
		observed: observe(grid(model.features), model.features),
		budget,
		...more,
	})

const linear = (coefficients: object, intercept = 0) =>
	openLinear(bytes({ format: 'linear-json', link: 'logit', intercept, coefficients }))

describe('the nearest change of a linear model', () => {
	const model = linear({ income: 1, late: -2, tenure: 0.25 }, -4)
	const row = { income: 1, late: 1, tenure: 2 }
	const target = { threshold: 0.5, side: 'at-or-above' } as const

	it('flips the decision, and several answers change different features', () => {
		const result = find(model, row, { target })
		if (result.status !== 'found') throw new Error(result.reason)
		expect(result.counterfactuals.map((c) => Object.keys(c.changes))).toEqual([
			['income', 'late'],
			['income'],
		])
		for (const c of result.counterfactuals) {
			expect(c.score).toBe(scoreOf(model, { ...row, ...c.changes }))
			expect(c.score).toBeGreaterThanOrEqual(0.5)
			expect(c.proven).toBe(true)
			expect(Object.keys(c.from)).toEqual(Object.keys(c.changes))
		}
		expect(result.counterfactuals[0]?.changes).toEqual({ income: 4, late: 0 })
	})

	it.each<[string, Record<string, FeatureLimit>, string[]]>([
		['immutable', { late: { immutable: true } }, ['late']],
		['linked', { late: { linked: ['income'] } }, ['late', 'income']],
		['one-way', { late: { direction: 'increase' } }, ['late']],
		['bounded', { late: { min: 1 } }, ['late']],
	])('leaves %s features', (_, limits, kept) => {
		const result = find(model, row, { target, limits, maxChanges: 3 })
		const names =
			result.status === 'found' ? result.counterfactuals.flatMap((c) => Object.keys(c.changes)) : []
		for (const name of kept) expect(names).not.toContain(name)
	})

	it('never moves what is sensitive, or protected by its name', () => {
		const aged = linear({ age: 5, income: 1 }, -4)
		const result = find(aged, { age: 0, income: 0 }, { target, frozen: ['income'] })
		expect(result).toEqual({
			status: 'none',
			proven: true,
			reason: expect.stringMatching(/no feature may change/),
		})
	})

	it('says so, and that it is proven, when nothing within the limits turns the decision', () => {
		const result = find(model, row, { target, limits: { income: { max: 2 }, late: { immutable: true } } })
		expect(result).toMatchObject({ status: 'none', proven: true })
	})

	it('moves a number just across the threshold where any number will do', () => {
		const result = find(model, row, {
			target,
			limits: { late: { immutable: true }, tenure: { immutable: true } },
			observed: observe([{ income: 0.5 }, { income: 9.5 }, { income: 5.5 }], ['income']),
		})
		if (result.status !== 'found') throw new Error(result.reason)
		const income = result.counterfactuals[0]?.changes.income as number
		expect(income).toBeCloseTo(5.5, 12)
		expect(scoreOf(model, { ...row, income })).toBeGreaterThanOrEqual(0.5)
		expect(scoreOf(model, { ...row, income: income - 1e-12 })).toBeLessThan(0.5)
	})

	it('moves by whole steps', () => {
		const result = find(
			linear({ amount: -0.001 }, 1.2345),
			{ amount: 5000 },
			{
				target,
				limits: { amount: { step: 50, min: 0, max: 10_000 } },
			},
		)
		expect(result).toMatchObject({ counterfactuals: [{ changes: { amount: 1200 } }] })
	})

	it('tries other categories, written as they are logged', () => {
		const model = linear({ plan: { 1: -1, 2: 0.5, 3: 2 } })
		const result = find(model, { plan: 1 }, { target: { threshold: 0.8, side: 'at-or-above' } })
		expect(result).toMatchObject({ counterfactuals: [{ changes: { plan: 3 }, from: { plan: 1 } }] })
	})

	it('is quick where values are many', () => {
		const model = linear({ a: 1e-6, b: 1.1e-6, c: 0.9e-6, d: 1.05e-6 }, -2)
		const rows = Array.from({ length: 100 }, (_, i) => ({
			a: i * 7919,
			b: i * 6007,
			c: i * 9001,
			d: i * 5003,
		}))
		const row = { a: 10, b: 20, c: 30, d: 40 }
		const result = find(model, row, {
			target: { threshold: 0.3, side: 'at-or-above' },
			observed: observe(rows, model.features),
		})
		if (result.status !== 'found') throw new Error(result.reason)
		expect(result.counterfactuals[0]?.proven).toBe(true)
		for (const value of Object.values(result.counterfactuals[0]?.changes ?? {}))
			expect(value).toSatisfy(Number.isInteger)
	})
})

describe('a search that is cut short', () => {
	const model = smallTrees(
		[
			{ column: 0, threshold: 2.5, left: -1, right: { column: 1, threshold: 3.5, left: -1, right: 4 } },
			{ column: 2, threshold: 1.5, left: 1, right: 0 },
		],
		'xgboost',
	)
	const row = { f0: 1, f1: 1, f2: 3, f3: 0 }
	const target = { threshold: 2, side: 'at-or-above' } as const

	it('answers what it can find, and does not call it the nearest', () => {
		const result = find(model, row, { target, budget: { ...budget, steps: 2 } })
		expect(result.status === 'found' ? result.counterfactuals[0]?.proven : result.proven).toBe(false)
	})

	it('answers with a far move, when there is time for no more than one', () => {
		const cheap = [1, 2, 3].map((column) => ({ column, threshold: 1.5, left: 0, right: 0.4 }))
		const far = smallTrees([...cheap, { column: 0, threshold: 5.5, left: 0, right: 1 }], 'xgboost')
		let at = 0
		const result = find(
			far,
			{ f0: 1, f1: 1, f2: 1, f3: 1 },
			{
				target: { threshold: 1, side: 'at-or-above' },
				maxChanges: 2,
				budget: { now: () => at++, ms: 2, steps: 0 },
			},
		)
		if (result.status !== 'found') throw new Error(result.reason)
		expect(Object.keys(result.counterfactuals[0]?.changes ?? {})).toEqual(['f0'])
	})

	it('is bounded by its clock', () => {
		let at = 0
		const ticking = { now: () => at++, ms: 0, steps: Number.MAX_SAFE_INTEGER }
		const result = find(model, row, { target, budget: ticking })
		expect(['found', 'none']).toContain(result.status)
		expect(at).toBeLessThan(50)
	})
})

describe('a model whose inside is not known', () => {
	const { structure: _, ...closed } = linear({ a: 1, b: 1 }, -9)
	it('is tried at values that others have, and nothing is proven', () => {
		const row = { a: 1, b: 2 }
		const result = find(closed, row, { target: { threshold: 0.5, side: 'at-or-above' } })
		expect(result).toMatchObject({ status: 'found', counterfactuals: [{ proven: false }] })
		expect(find(closed, row, { target: { threshold: 0.999999, side: 'at-or-above' } })).toMatchObject({
			status: 'none',
			proven: false,
		})
	})
})

it('says that the score is there already, or cannot be reached by any margin', () => {
	const model = linear({ a: 1 })
	expect(find(model, { a: 1 }, { target: { threshold: 0.5, side: 'at-or-above' } })).toMatchObject({
		status: 'none',
		reason: expect.stringMatching(/already/),
	})
	expect(find(model, { a: 1 }, { target: { threshold: 1.5, side: 'at-or-above' } })).toMatchObject({
		status: 'none',
		reason: expect.stringMatching(/no score/),
	})
})

describe('a category that is logged as its bare code', () => {
	const file = readFileSync(new URL('../golden/xgboost-1.7.6.ndjson.gz', import.meta.url))
	const { manifest, ...one } = readCases(file)[0] as PeerCase
	const { encodings = {} } = manifest as { encodings: Record<string, Record<string, number>> }
	// The file knows which columns are categories, and not their names.
	const model = openCase(one)
	const names = Object.keys(encodings)
	const rows = one.rows.map((row) => ({
		...row,
		...Object.fromEntries(names.map((n) => [n, encodings[n]?.[String(row[n])] ?? null])),
	}))
	const observed = observe(rows, model.features)
	const frozen = model.features.filter((f) => !names.includes(f))
	const changesOf = (limits: Record<string, FeatureLimit>) =>
		rows.flatMap((row) => {
			const score = scoreOf(model, row)
			const found = [-0.02, 0.02].map((by) =>
				find(model, row, {
					target: { threshold: score + by, side: by > 0 ? 'at-or-above' : 'below' },
					observed,
					frozen,
					limits,
				}),
			)
			return found.flatMap((f) => (f.status === 'found' ? f.counterfactuals.map((c) => c.changes) : []))
		})

	it('is not moved as if it were an amount', () => {
		expect(names.length).toBeGreaterThan(0)
		expect(changesOf({})).toEqual([])
	})

	it('is moved to the codes that limits name', () => {
		const limits = Object.fromEntries(names.map((n) => [n, { values: [0, 1, 2] }]))
		const changes = changesOf(limits)
		expect(changes.length).toBeGreaterThan(0)
		for (const change of changes)
			for (const value of Object.values(change)) expect([0, 1, 2]).toContain(value)
	})
})
