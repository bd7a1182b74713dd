import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openLinear } from '../../../src/explain/formats/linear.ts'
import { ArtifactError, FeatureError } from '../../../src/explain/model.ts'

const bytes = (value: unknown) =>
	new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const file = {
	format: 'linear-json',
	link: 'logit',
	intercept: -1.5,
	coefficients: { income: -0.5, late: 0.8, region: { north: 0.2, south: -0.4 } },
	means: { income: 3, late: 0.5, region: { north: 0.75, south: 0.25 } },
}
const row = { income: 2, late: 3, region: 'south' }
const explain = (model: ReturnType<typeof openLinear>, of: Record<string, unknown>) =>
	model.explain(model.encode(of).x)

describe('a linear model', () => {
	it('scores a row: the logistic of intercept and terms', () => {
		const model = openLinear(bytes(file))
		const margin = model.margin(model.encode(row).x)
		expect(margin[0]).toBeCloseTo(-1.5 - 1 + 2.4 - 0.4, 12)
		expect(model.score(margin)[0]).toBeCloseTo(1 / (1 + Math.exp(0.5)), 12)
		expect(model).toMatchObject({ space: 'log-odds', outputs: 1, features: ['income', 'late', 'region'] })
	})

	it('explains it by coefficient x (value - mean), and categories by their mean coefficient', () => {
		const { contributions, base, method, sumError } = explain(openLinear(bytes(file)), row)
		const expected = [-0.5 * (2 - 3), 0.8 * (3 - 0.5), -0.4 - (0.75 * 0.2 - 0.25 * 0.4)]
		expected.forEach((c, i) => {
			expect(contributions[0]?.[i]).toBeCloseTo(c, 12)
		})
		expect(base[0]).toBeCloseTo(-1.5 - 1.5 + 0.4 + 0.05, 12)
		expect(method).toBe('linear-shap')
		expect(sumError).toBeLessThan(1e-12)
	})

	it('takes the means of a background when there is one', () => {
		const model = openLinear(bytes(file))
		const rows = [
			{ income: 1, late: 0, region: 'north' },
			{ income: 2, late: 2, region: 'south' },
		]
		const background = model.background(rows.map((r) => model.encode(r).x))
		const { contributions, method } = model.explain(model.encode(row).x, background)
		expect([...(contributions[0] ?? [])]).toEqual([
			-0.5 * 2 - -0.5 * 1.5,
			expect.closeTo(0.8 * 2, 12),
			expect.closeTo(-0.4 + 0.1, 12),
		])
		expect(method).toBe('linear-shap/background')
		expect(() => openLinear(bytes(file)).explain(model.encode(row).x, background)).toThrow(RangeError)
		expect(() => model.background([])).toThrow(RangeError)
	})

	it('says that it is against zero when the file has no means', () => {
		const { means: _, ...rest } = file
		const { base, method } = explain(openLinear(bytes(rest)), row)
		expect(base[0]).toBe(-1.5)
		expect(method).toBe('linear/against-zero')
	})

	it('adds up for whatever rows, and an unused feature has no part', () => {
		const model = openLinear(
			bytes({
				...file,
				link: 'identity',
				coefficients: { a: 0, b: 1e3, c: -7 },
				means: { a: 9, b: 1, c: 2 },
			}),
		)
		const number = fc.double({ min: -1e9, max: 1e9, noNaN: true })
		fc.assert(
			fc.property(number, number, number, (a, b, c) => {
				const x = model.encode({ a, b, c }).x
				const { base, contributions } = model.explain(x)
				const sum = (contributions[0] as Float64Array).reduce((s, v) => s + v, base[0] as number)
				const margin = model.margin(x)[0] as number
				expect(Math.abs(sum - margin)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(margin), 1e12))
				expect(contributions[0]?.[0]).toBeCloseTo(0, 12)
			}),
		)
	})
})

describe('missing values and unseen categories', () => {
	it('are errors that name the feature, unless the file says what to do', () => {
		const model = openLinear(bytes(file))
		expect(() => model.encode({ late: 1, region: 'north' })).toThrow(FeatureError)
		expect(() => model.encode({ ...row, income: null })).toThrow(/income is missing/)
		expect(() => model.encode({ ...row, region: 'west' })).toThrow(/region is "west"/)
		expect(() => model.encode({ ...row, income: '2' })).toThrow(/income must be a number/)
		expect(() => model.encode({ ...row, income: Number.POSITIVE_INFINITY })).toThrow(FeatureError)
	})

	it('become the mean, which contributes nothing', () => {
		const model = openLinear(bytes({ ...file, missing: 'mean' }))
		const encoded = model.encode({ region: 'west' })
		expect(encoded.notes.map((n) => [n.feature, n.code])).toEqual([
			['income', 'missing'],
			['late', 'missing'],
			['region', 'unseen-category'],
		])
		expect([...(model.explain(encoded.x).contributions[0] ?? [])]).toEqual([0, 0, 0])
	})

	it('become what the file says of the feature', () => {
		const model = openLinear(bytes({ ...file, missing: { late: 0, region: 'north' } }), {
			manifest: { missing: -999 },
		})
		const { x } = model.encode({ income: 3, late: -999 })
		expect(model.margin(x)[0]).toBeCloseTo(-1.5 - 1.5 + 0.2, 12)
		expect(() => model.encode({ late: 1, income: -999 })).toThrow(/income is missing/)
	})
})

describe('a manifest', () => {
	const columns = {
		...file,
		coefficients: { income: -0.5, r_north: 0.2, r_south: -0.4 },
		means: { income: 3, r_north: 0.5, r_south: 0.25 },
	}
	const oneHot = { region: { oneHot: { north: 'r_north', south: 'r_south' } } }
	it('puts one-hot columns together as the logged feature', () => {
		const model = openLinear(bytes(columns), { manifest: { encodings: oneHot } })
		expect(model.features).toEqual(['income', 'region'])
		const { contributions, base } = explain(model, { income: 3, region: 'south' })
		expect(contributions[0]?.[1]).toBeCloseTo(-0.4 - (0.1 - 0.1), 12)
		expect(base[0]).toBeCloseTo(-3, 12)
		expect(() => model.encode({ income: 3, region: 'east' })).toThrow(/does not know/)
	})

	it('knows the reference category, which has no column, from the declared values', () => {
		const model = openLinear(bytes(columns), {
			manifest: { encodings: oneHot },
			features: [{ name: 'region', values: ['north', 'south', 'east'] }],
		})
		expect(model.margin(model.encode({ income: 0, region: 'east' }).x)[0]).toBe(-1.5)
	})

	it('encodes categories as numbers', () => {
		const model = openLinear(bytes({ ...file, coefficients: { grade: 2 }, means: { grade: 1 } }), {
			manifest: { encodings: { grade: { A: 0, B: 1.5 } } },
		})
		expect(model.margin(model.encode({ grade: 'B' }).x)[0]).toBe(1.5)
		expect(() => model.encode({ grade: 'C' })).toThrow(/does not encode/)
	})

	it.each([
		['another link', { link: 'identity' }, /link/],
		['unknown features', { features: ['income', 'late', 'age'] }, /"age"/],
		['too few features', { features: ['income', 'late'] }, /"region"/],
		['a column that is not there', { encodings: { late: { oneHot: { a: 'late_a' } } } }, /late_a/],
		['numbers for categories', { encodings: { region: { north: 1 } } }, /region/],
	] as const)('with %s is refused', (_, manifest, message) => {
		expect(() => openLinear(bytes(file), { manifest: manifest as never })).toThrow(message)
		expect(() => openLinear(bytes(file), { manifest: manifest as never })).toThrow(ArtifactError)
	})

	it('puts the features in order', () => {
		const manifest = { features: ['region', 'income', 'late'] }
		expect(openLinear(bytes(file), { manifest }).features).toEqual(manifest.features)
	})
})

describe('a hostile or broken file', () => {
	it.each([
		['cut off', JSON.stringify(file).slice(0, 90), /not JSON/],
		[
			'an infinite coefficient',
			JSON.stringify(file).replace('0.8', '1e999'),
			/coefficients\.late must be a finite number/,
		],
		['a text as coefficient', { ...file, means: undefined, coefficients: { a: '0.5' } }, /coefficients\.a/],
		['no coefficients', { ...file, means: undefined, coefficients: {} }, /names no feature/],
		['a misspelt member', { ...file, intercpt: 1 }, /intercpt/],
		['another link', { ...file, link: 'probit' }, /link must be one of/],
		['a mean too few', { ...file, means: { income: 3, late: 1 } }, /means\.region is missing/],
		['a mean too many', { ...file, means: { ...file.means, age: 3 } }, /means\.age/],
		[
			'shares beyond 1',
			{ ...file, means: { ...file.means, region: { north: 0.9, south: 0.9 } } },
			/add up to 1/,
		],
		['a share of an unknown category', { ...file, means: { ...file.means, region: { west: 1 } } }, /west/],
		['missing by mean without means', { ...file, means: undefined, missing: 'mean' }, /has no `means`/],
		['missing of an unknown feature', { ...file, missing: { age: 1 } }, /missing\.age/],
		['missing as an unknown category', { ...file, missing: { region: 'west' } }, /west/],
		['a list', [], /must be an object/],
		['deep nesting', '['.repeat(1e5), /not JSON/],
		['another format', { format: 'scorecard' }, /format/],
	])('%s is refused with the place', (_, value, message) => {
		expect(() => openLinear(bytes(value))).toThrow(message)
		expect(() => openLinear(bytes(value))).toThrow(ArtifactError)
	})

	it('may have features with the names of built-in members', () => {
		const model = openLinear(
			bytes(
				'{"format":"linear-json","link":"identity","intercept":0,"coefficients":{"__proto__":2,"toString":3}}',
			),
		)
		const of = JSON.parse('{"__proto__":5,"toString":7}')
		expect(model.margin(model.encode(of).x)[0]).toBe(31)
		expect(() => model.encode({ __proto__: 1 })).toThrow(FeatureError)
	})

	it('never crashes otherwise than by ArtifactError', () => {
		const text = JSON.stringify(file)
		fc.assert(
			fc.property(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 6 }), (at, cut, more) => {
				try {
					openLinear(bytes(text.slice(0, at) + more + text.slice(at + cut)))
				} catch (error) {
					expect(error).toBeInstanceOf(ArtifactError)
				}
			}),
			{ numRuns: 3000 },
		)
	})
})
