import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { openScorecard } from '../../../src/explain/formats/scorecard.ts'
import type { Manifest } from '../../../src/explain/manifest.ts'
import { ArtifactError, FeatureError } from '../../../src/explain/model.ts'

const bytes = (value: unknown) =>
	new TextEncoder().encode(typeof value === 'string' ? value : stringify(value))

const card = `
format: scorecard
features:
  age:
    bins:
      - { to: 25, points: 10, share: 0.25 }
      - { from: 25, to: 40, points: 20, share: 0.5 }
      - { from: 40, points: 36, share: 0.15 }
    special:
      - { values: [-9999], points: 5, share: 0 }
    missing: { points: 15, share: 0.1 }
  home:
    bins:
      - { values: [own], points: 30, share: 0.6 }
      - { values: [rent, parents], points: 12, share: 0.4 }
basePoints: 400
`
const open = (text: unknown, manifest?: Manifest) => openScorecard(bytes(text), { manifest })
const points = (model: ReturnType<typeof open>, row: Record<string, unknown>) =>
	model.score(model.margin(model.encode(row).x))[0]

describe('a scorecard', () => {
	it('adds the points of the bins', () => {
		const model = open(card)
		expect(model).toMatchObject({ space: 'points', outputs: 1, features: ['age', 'home'] })
		expect(points(model, { age: 24.999, home: 'own' })).toBe(440)
		expect(points(model, { age: 25, home: 'rent' })).toBe(432)
		expect(points(model, { age: 40, home: 'parents' })).toBe(448)
		expect(points(model, { age: -9999, home: 'own' })).toBe(435)
		expect(points(model, { age: null, home: 'own' })).toBe(445)
		expect(points(model, { home: 'own' })).toBe(445)
	})

	it('explains a score as points minus mean points', () => {
		const model = open(card)
		const { base, contributions, method, sumError } = model.explain(model.encode({ age: 50, home: 'rent' }).x)
		const means = [0.25 * 10 + 0.5 * 20 + 0.15 * 36 + 0.1 * 15, 0.6 * 30 + 0.4 * 12]
		expect(base[0]).toBeCloseTo(400 + (means[0] as number) + (means[1] as number), 10)
		expect(contributions[0]?.[0]).toBeCloseTo(36 - (means[0] as number), 10)
		expect(contributions[0]?.[1]).toBeCloseTo(12 - (means[1] as number), 10)
		expect([method, sumError < 1e-9]).toEqual(['linear-shap', true])
	})

	it('takes mean points from a background instead', () => {
		const model = open(card)
		const rows = [
			{ age: 20, home: 'own' },
			{ age: 50, home: 'rent' },
		].map((r) => model.encode(r).x)
		const { contributions } = model.explain(rows[0] as Float64Array, model.background(rows))
		expect([...(contributions[0] ?? [])]).toEqual([10 - 23, 30 - 21])
	})

	it('is against the best bin when the card has no shares, and says so', () => {
		const model = open(card.replaceAll(/, share: [0-9.]+/g, ''))
		const { base, contributions, method } = model.explain(model.encode({ age: 30, home: 'rent' }).x)
		expect(method).toBe('scorecard/points-below-maximum')
		expect(base[0]).toBe(466)
		expect([...(contributions[0] ?? [])]).toEqual([-16, -18])
	})

	it('closes bins on the right where the card says so', () => {
		const model = open(card.replace('format: scorecard', 'format: scorecard\nclosed: right'))
		expect(points(model, { age: 25, home: 'own' })).toBe(440)
		expect(points(model, { age: 25.01, home: 'own' })).toBe(450)
	})

	it('names the feature of a value that is in no bin', () => {
		const model = open(card)
		expect(() => model.encode({ age: 30, home: 'boat' })).toThrow(/home is "boat"/)
		expect(() => model.encode({ age: 30, home: null })).toThrow(FeatureError)
		expect(() => model.encode({ age: 'old', home: 'own' })).toThrow(/age must be a number/)
		const bounded = open(card.replace('{ to: 25', '{ from: 18, to: 25'))
		expect(() => bounded.encode({ age: 17, home: 'own' })).toThrow(/age is 17/)
	})

	it('puts it into `other` where the card has that, and notes it', () => {
		const model = open(
			card
				.replace('      - { values: [own]', '      - { values: [own]')
				.replace('basePoints', '    other: { points: 7, share: 0 }\nbasePoints'),
		)
		const { x, notes } = model.encode({ age: 30, home: 'boat' })
		expect(model.margin(x)[0]).toBe(427)
		expect(notes).toMatchObject([{ feature: 'home', code: 'unseen-category' }])
	})
})

describe('scaling', () => {
	const scaled = {
		format: 'scorecard',
		scaling: { pdo: 20, score0: 600, odds0: 50 },
		intercept: -1.5,
		features: {
			late: {
				coefficient: -1,
				bins: [
					{ to: 1, woe: 0.5 },
					{ from: 1, woe: -0.9 },
				],
			},
			debt: {
				coefficient: -0.8,
				bins: [
					{ to: 1, woe: 0.2 },
					{ from: 1, woe: -0.3 },
				],
			},
		},
	}
	const factor = 20 / Math.log(2)
	const offset = 600 - factor * Math.log(50)

	it('makes points of WoE: offset + factor x the log odds of a good outcome', () => {
		const logOddsOfBad = -1.5 - 0.5 - 0.8 * -0.3
		expect(points(open(scaled), { late: 0, debt: 2 })).toBeCloseTo(offset - factor * logOddsOfBad, 9)
	})

	it('gives 600 points at odds of 50, and 20 more when the odds double', () => {
		const at = (logOdds: number) =>
			points(
				open({ ...scaled, intercept: -logOdds, features: { a: { coefficient: -1, bins: [{ woe: 0 }] } } }),
				{ a: 1 },
			)
		expect(at(Math.log(50))).toBeCloseTo(600, 9)
		expect(at(Math.log(100))).toBeCloseTo(620, 9)
	})

	it('may be against WoE 0', () => {
		const model = open({ ...scaled, reference: 'neutral' })
		const { base, contributions, method } = model.explain(model.encode({ late: 0, debt: 2 }).x)
		expect(method).toBe('scorecard/points-from-neutral')
		expect(base[0]).toBeCloseTo(offset + factor * 1.5, 9)
		expect(contributions[0]?.[0]).toBeCloseTo(factor * 0.5, 9)
	})

	it.each([
		['a wrong factor', { scaling: { ...scaled.scaling, factor: 30 } }, /scaling\.factor is 30/],
		['a wrong offset', { scaling: { ...scaled.scaling, offset: 500 } }, /scaling\.offset is 500/],
		['half a scaling', { scaling: { pdo: 20 } }, /scaling takes/],
		['odds of 0', { scaling: { ...scaled.scaling, odds0: 0 } }, /odds0 must be above 0/],
		['base points that do not fit', { basePoints: 600 }, /basePoints is 600/],
		['no intercept', { intercept: undefined }, /have no points/],
	])('with %s is refused', (_, change, message) => {
		expect(() => open({ ...scaled, ...change })).toThrow(message)
	})

	it('refuses points that contradict their WoE', () => {
		const bad = structuredClone(scaled) as unknown as { features: { late: { bins: object[] } } }
		const woes = open(scaled)
		const of = (late: number) => (points(woes, { late, debt: 2 }) as number) - 200
		for (const [name, feature] of Object.entries(scaled.features))
			Object.assign((bad.features as Record<string, object>)[name] as object, {
				bins: feature.bins.map((b, i) => ({ ...b, points: name === 'late' ? of(i) + i * 3.5 : 200 + i })),
			})
		expect(() => open(bad)).toThrow(/features\.late has points that do not match its WoE/)
	})
})

describe('the scorecards of optbinning', () => {
	const golden = JSON.parse(
		gunzipSync(readFileSync(new URL('golden/optbinning.json.gz', import.meta.url))).toString(),
	) as {
		rows: Record<string, unknown>[]
		cards: Record<string, { card: object; scores: number[] }>
	}
	it.each(Object.keys(golden.cards))('%s: every row has the points that it gives', (name) => {
		const { card: file, scores } = golden.cards[name] as { card: object; scores: number[] }
		const model = open(file)
		golden.rows.forEach((row, i) => {
			expect(points(model, row)).toBeCloseTo(scores[i] as number, 9)
		})
	})

	it('have the same points when they are made of WoE alone', () => {
		const { card: file, scores } = golden.cards.unrounded as { card: object; scores: number[] }
		const model = open(JSON.stringify(file).replaceAll(/"points":[0-9.e-]+,/g, ''))
		golden.rows.forEach((row, i) => {
			expect(points(model, row)).toBeCloseTo(scores[i] as number, 9)
		})
	})
})

describe('a broken card', () => {
	const swap = (from: string, to: string) => card.replace(from, to)
	it.each([
		[
			'overlapping bins',
			swap('{ from: 25, to: 40', '{ from: 24, to: 40'),
			/features\.age\.bins\[1\] begins at 24.*overlap/,
		],
		[
			'a gap',
			swap('{ from: 25, to: 40', '{ from: 26, to: 40'),
			/features\.age\.bins\[1\] begins at 26.*no bin/,
		],
		['an empty bin', swap('{ from: 25, to: 40', '{ from: 25, to: 25'), /bins\[1\] ends at 25/],
		[
			'NaN',
			swap('points: 20', 'points: .nan'),
			/features\.age\.bins\[1\]\.points must be a finite number, not NaN/,
		],
		['points as text', swap('points: 20', 'points: "20"'), /points must be a finite number/],
		['a value in two bins', swap('[rent, parents]', '[rent, own]'), /"own", which is already in another bin/],
		[
			'a WoE as a bin',
			swap('missing: { points: 15, share: 0.1 }', 'missing: -0.53'),
			/features\.age\.missing must be an object, not -0\.53/,
		],
		[
			'bounds among categories',
			swap('{ values: [own]', '{ from: 1, values: [own]'),
			/home\.bins\[0\] has bounds/,
		],
		['shares beyond 1', swap('share: 0.25', 'share: 0.9'), /shares that add up to 1\.65/],
		['a share too few', swap(', share: 0.25', ''), /age\.bins\[0\] has no share/],
		['a bin without points', swap('points: 20, ', ''), /age\.bins\[1\] has no points/],
		['a misspelt member', swap('points: 20', 'point: 20'), /"point"/],
		['a feature twice', swap('home:', 'age:'), /neither YAML nor JSON.*"age" appears twice/],
		['no features', 'format: scorecard\nfeatures: {}', /names no feature/],
		['no YAML', '{', /neither YAML nor JSON/],
		['aliases', 'a: &a [1]\nb: *a', /neither YAML nor JSON/],
		[
			'30,000 names',
			Array.from({ length: 30_000 }, (_, i) => `n${i}: 1`).join('\n'),
			/"n0" that is not known/,
		],
		['deep nesting', '['.repeat(20_000), /neither YAML nor JSON/],
	])('with %s is refused with the place', (_, text, message) => {
		expect(() => open(text)).toThrow(message)
		expect(() => open(text)).toThrow(ArtifactError)
	})

	it('is refused when the manifest contradicts it', () => {
		expect(() => open(card, { link: 'logit' })).toThrow(/link/)
		expect(() => open(card, { features: ['age', 'income'] })).toThrow(/"income"/)
		expect(() => open(card, { encodings: { home: { own: 1 } } })).toThrow(/encodes "home"/)
	})

	it('never crashes otherwise than by ArtifactError', () => {
		fc.assert(
			fc.property(fc.nat(card.length), fc.nat(12), fc.string({ maxLength: 6 }), (at, cut, more) => {
				try {
					open(card.slice(0, at) + more + card.slice(at + cut))
				} catch (error) {
					expect(error).toBeInstanceOf(ArtifactError)
				}
			}),
			{ numRuns: 250 },
		)
	})
})
