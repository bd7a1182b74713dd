import { describe, expect, it } from 'vitest'
import { findChanges } from '../../../src/alerting/incident/find-changes.ts'
import { type Side, sideOf } from '../../../src/alerting/incident/window-rows.ts'
import { Chance } from '../../../src/demo/random.ts'
import { type Value, wrong } from '../../../src/monitoring/segments/feature-cells.ts'
import { sampleDistance } from '../../../src/stats/ordered-samples.ts'
import { unitChange } from '../../../src/stats/unit-change.ts'

const chance = new Chance(2026)
const draw = (count: number, one: () => Value): Side => {
	const values = Array.from({ length: count }, one)
	return sideOf(values, values.keys())
}
const income = () => Math.round(Math.exp(8 + 0.5 * chance.normal()))
const celsius = () => 15 + 8 * chance.normal()
const visits = () => Math.floor(-3 * Math.log(1 - chance.uniform()))
const tell = (before: Side, after: Side) => findChanges(before, after, undefined)

describe('a change of unit', () => {
	it.each([12, 1 / 12, 100, 0.01, 1000, 60, 3600, 2.20462, 1 / 1.609344])(
		'by %d is named, of skewed values and of counts with zeros',
		(factor) => {
			for (const one of [income, visits]) {
				const [found] = tell(
					draw(2000, one),
					draw(1000, () => one() * factor),
				)
				expect(found).toMatchObject({ kind: 'unit', factor: Number(factor.toPrecision(6)) })
			}
		},
	)

	it('by an unknown factor has the measured ratio', () => {
		const [found] = tell(
			draw(900, income),
			draw(600, () => income() * 6.55957),
		)
		expect(found?.kind).toBe('unit')
		expect(Math.abs((found?.factor ?? 0) / 6.55957 - 1)).toBeLessThan(0.1)
	})

	it('without a factor has a name: degrees, a sign, a logarithm', () => {
		const words = (one: () => number, turn: (x: number) => number) =>
			tell(
				draw(900, one),
				draw(300, () => turn(one())),
			)[0]?.words
		expect(words(celsius, (c) => 1.8 * c + 32)).toContain('°C to °F')
		expect(words(celsius, (c) => -c)).toContain('a change of sign')
		expect(words(income, Math.log1p)).toMatch(/a logarithm/)
	})

	it('in a part of the rows is reported with its share', () => {
		const [found] = tell(
			draw(900, income),
			draw(900, () => income() * (chance.uniform() < 0.3 ? 12 : 1)),
		)
		expect(found).toMatchObject({ kind: 'unit', factor: 12 })
		expect(found?.words).toMatch(/in (2|3)\d(\.\d)?% of rows/)
	})

	it('is not found when few rows moved, nor in growth that is close to a known factor', () => {
		const some = (count: number, one: () => number) => Float64Array.from({ length: count }, one).sort()
		for (const rows of [50, 120, 400])
			expect(
				unitChange(
					some(2000, () => chance.normal()),
					some(rows, () => 1 + chance.normal()),
				),
			).toBeUndefined()
		expect(
			unitChange(
				some(2000, income),
				some(1000, () => income() * 1.45),
			),
		).toBeUndefined()
	})

	it('is not found when values only shifted, nor when nothing changed', () => {
		const moved = tell(
			draw(900, celsius),
			draw(900, () => celsius() + 4),
		)
		expect(moved.map((f) => f.kind)).toEqual(['shift'])
		for (let i = 0; i < 50; i++) expect(tell(draw(400, income), draw(100, income))).toEqual([])
		expect(unitChange(new Float64Array(5), new Float64Array(5))).toBeUndefined()
	})
})

describe('another change of a feature', () => {
	it('is distinguished: clipped, constant, a placeholder', () => {
		const before = draw(1500, income)
		const kinds = (one: () => Value) => tell(before, draw(900, one)).map((f) => f.kind)
		expect(kinds(() => Math.min(income(), 4500))).toEqual(['truncation'])
		expect(kinds(() => 3000)).toEqual(['constant'])
		expect(kinds(() => (chance.uniform() < 0.2 ? -999 : income()))).toEqual(['spike'])
	})

	it('is counted: missing values, other types, new categories with their names and what they resemble', () => {
		const firm = () => chance.pick(['state', 'firm'])
		const before = draw(2000, firm)
		const after = draw(1000, () => {
			const u = chance.uniform()
			return u < 0.1 ? undefined : u < 0.15 ? wrong : u < 0.3 ? 'Firm ' : u < 0.303 ? `rare ${u}` : firm()
		})
		const found = tell(before, after)
		expect(found.map((f) => f.kind)).toEqual(['type', 'missing', 'new-category'])
		const [, missing, category] = found
		expect(missing?.before).toBe(0)
		expect(Math.abs((missing?.after ?? 0) - 0.1)).toBeLessThan(0.03)
		expect(category?.words).toContain('"Firm " in')
		expect(category?.words).toContain('which looks like "firm"')
		expect(category?.words).not.toContain('rare')
	})
})

it('the distance of samples is that of scipy.stats.ks_2samp', () => {
	const of = (...values: number[]) => Float64Array.from(values)
	expect(sampleDistance(of(1, 2, 3, 4), of(3, 4, 5, 6))).toBe(0.5)
	expect(sampleDistance(of(1, 1, 2), of(1, 2, 2))).toBeCloseTo(1 / 3, 12)
})
