import { describe, expect, it } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { binColumn, type Column } from '../../../src/stats/segments/columns.ts'
import { searchSegments } from '../../../src/stats/segments/search.ts'
import { testSegments, worstSegments } from '../../../src/stats/segments/worst-segments.ts'

const regions = ['north', 'east', 'south', 'west', 'abroad']

/** Rows of numeric features x0.., a categorical region and a share of missing x1; the loss as `lossOf` draws it. */
function rowsOf(seed: number, n: number, numeric: number, lossOf: (row: Row, chance: Chance) => number) {
	const chance = new Chance(seed)
	const values = Array.from({ length: numeric }, () => new Float64Array(n))
	const codes = new Int32Array(n)
	const loss = new Float64Array(n)
	for (let i = 0; i < n; i++) {
		for (const column of values) column[i] = chance.uniform()
		if (values[1] && chance.uniform() < 0.1) values[1][i] = Number.NaN
		codes[i] = Math.floor(chance.uniform() * 5)
		const x = values.map((column) => column[i] as number)
		loss[i] = lossOf({ x, region: regions[codes[i] as number] as string }, chance)
	}
	const columns: Column[] = [
		...values.map((column, k) => ({ name: `x${k}`, values: column })),
		{ name: 'region', codes, names: regions },
	]
	return { columns, loss, random: () => chance.uniform() }
}

type Row = { x: number[]; region: string }
const at = (row: Row, k: number) => row.x[k] as number
const errorIn = (bad: (row: Row) => boolean) => (row: Row, chance: Chance) =>
	chance.uniform() < (bad(row) ? 0.35 : 0.1) ? 1 : 0

const planted = [
	{
		name: 'above a cut',
		bad: (r: Row) => at(r, 0) > 0.75,
		conditions: [{ feature: 'x0', op: '>', near: 0.75 }],
	},
	{
		name: 'of one category',
		bad: (r: Row) => r.region === 'west',
		conditions: [{ feature: 'region', op: 'in' }],
	},
	{
		name: 'with a feature missing',
		bad: (r: Row) => Number.isNaN(at(r, 1)),
		conditions: [{ feature: 'x1', op: 'missing' }],
	},
	{
		name: 'below a cut in one category',
		bad: (r: Row) => at(r, 2) <= 0.5 && r.region === 'south',
		conditions: [
			{ feature: 'region', op: 'in' },
			{ feature: 'x2', op: '<=', near: 0.5 },
		],
	},
	{
		name: 'between two cuts',
		bad: (r: Row) => at(r, 3) > 0.4 && at(r, 3) <= 0.6,
		conditions: [
			{ feature: 'x3', op: '<=', near: 0.6 },
			{ feature: 'x3', op: '>', near: 0.4 },
		],
	},
	{
		name: 'where three conditions meet',
		bad: (r: Row) => at(r, 0) > 0.5 && at(r, 2) > 0.5 && r.region !== 'west' && at(r, 3) <= 0.5,
		conditions: [
			{ feature: 'x0', op: '>', near: 0.5 },
			{ feature: 'x2', op: '>', near: 0.5 },
			{ feature: 'x3', op: '<=', near: 0.5 },
		],
	},
] as const

describe('a segment that was planted', () => {
	it.each(planted)('is found: $name', ({ bad, conditions }) => {
		const { columns, loss, random } = rowsOf(11, 20_000, 6, errorIn(bad))
		const { segments, reason } = worstSegments(columns, loss, { random })
		expect(reason).toBeUndefined()
		const worst = segments[0]
		const sorted = [...(worst?.conditions ?? [])].sort((a, b) =>
			`${a.feature}${a.op}`.localeCompare(`${b.feature}${b.op}`),
		)
		expect(sorted.map(({ feature, op }) => ({ feature, op }))).toEqual(
			conditions.map(({ feature, op }) => ({ feature, op })),
		)
		conditions.forEach((condition, i) => {
			if ('near' in condition) expect(Math.abs(Number(sorted[i]?.value) - condition.near)).toBeLessThan(0.05)
		})
		expect(segments).toHaveLength(1)
	})

	it('has a held-out mean near the truth, with shares that fit', () => {
		const { columns, loss, random } = rowsOf(
			12,
			20_000,
			6,
			errorIn((r) => at(r, 0) > 0.75),
		)
		const worst = worstSegments(columns, loss, { random }).segments[0]
		expect(worst?.metric).toBeCloseTo(0.35, 1)
		expect(worst?.low).toBeLessThan(0.35)
		expect(worst?.high).toBeGreaterThan(0.35)
		expect(worst?.restOfRows).toBeCloseTo(0.1, 1)
		expect(worst?.shareOfRows).toBeCloseTo(0.25, 1)
		expect(worst?.shareOfLoss).toBeCloseTo((0.25 * 0.35) / (0.25 * 0.35 + 0.75 * 0.1), 1)
		expect(worst?.text).toMatch(/^x0 > 0\.7/)
		expect(worst?.p).toBeLessThanOrEqual(worst?.adjusted ?? 0)
	})

	it('is found in absolute errors as well, and two apart as two', () => {
		const lossOf = (row: Row, chance: Chance) =>
			Math.abs(chance.normal()) * (row.region === 'north' ? 1.5 : at(row, 4) > 0.9 ? 2 : 1)
		const { columns, loss, random } = rowsOf(13, 20_000, 6, lossOf)
		const { segments } = worstSegments(columns, loss, { random })
		expect(segments.map(({ text }) => text)).toEqual([
			expect.stringMatching(/^x4 > 0\.[89]/),
			'region is north',
		])
	})

	it('tells where current rows are over-represented', () => {
		const { columns, loss, random } = rowsOf(14, 20_000, 6, (row, chance) =>
			chance.uniform() < (row.region === 'abroad' ? 2 / 3 : 0.45) ? 1 : 0,
		)
		const { segments } = worstSegments(columns, loss, { random })
		expect(segments.map(({ text }) => text)).toEqual(['region is abroad'])
	})
})

describe('a loss that depends on nothing', () => {
	const noise = (_: Row, chance: Chance) => (chance.uniform() < 0.15 ? 1 : 0)
	const runs = Array.from({ length: 200 }, (_, seed) => rowsOf(500 + seed, 1000, 8, noise))

	it('gives a segment in at most 5% of 200 runs, where a search judged on its own rows gives one in over 90%', () => {
		let [held, naive] = [0, 0]
		const reasons = new Set<string | undefined>()
		for (const { columns, loss, random } of runs) {
			const { segments, reason } = worstSegments(columns, loss, { random })
			if (segments.length > 0) held++
			else reasons.add(reason)
			const rows = Uint32Array.from(loss.keys())
			const binned = columns.map((column, index) => binColumn(column, index, rows))
			const found = searchSegments(binned, loss, rows, { depth: 3, minRows: 60, carried: 10 })
			if (testSegments(found, binned, loss, rows).some(({ adjusted }) => adjusted <= 0.05)) naive++
		}
		expect([...reasons].sort()).toEqual([
			'no segment found on one half of the rows holds on the other',
			'no segment of enough rows stands out',
		])
		expect(held / runs.length).toBeLessThanOrEqual(0.05)
		expect(naive / runs.length).toBeGreaterThan(0.9)
	})
})

describe('too little to go by', () => {
	const random = () => 0.5

	it('is an answer with its reason', () => {
		const short: Column[] = [{ name: 'x', values: new Float64Array(50) }]
		expect(worstSegments(short, new Float64Array(50), { random }).reason).toMatch(
			/^50 rows with a loss are too few/,
		)
		const empty: Column[] = [{ name: 'x', values: new Float64Array(500).fill(Number.NaN) }]
		const loss = Float64Array.from({ length: 500 }, (_, i) => i % 2)
		const none = 'no segment of enough rows stands out'
		expect(worstSegments(empty, loss, { random }).reason).toBe(none)
		expect(worstSegments(empty, new Float64Array(500), { random }).reason).toBe(none)
		expect(worstSegments([], loss, { random }).reason).toBe(none)
	})

	it('leaves rows without a loss out', () => {
		const {
			columns,
			loss,
			random: chance,
		} = rowsOf(
			11,
			8000,
			3,
			errorIn((r) => at(r, 0) > 0.75),
		)
		for (let i = 0; i < loss.length; i += 4) loss[i] = Number.NaN
		const answer = worstSegments(columns, loss, { random: chance })
		expect(answer.heldOut).toBe(3000)
		expect(answer.segments[0]?.text).toMatch(/^x0 >/)
	})

	it('refuses columns of another length', () => {
		expect(() =>
			worstSegments([{ name: 'x', values: new Float64Array(3) }], new Float64Array(4), { random }),
		).toThrow(RangeError)
	})
})

describe('100,000 rows of 20 features', () => {
	it('of 100,000 rows and 19 columns are found as they are in few', () => {
		const { columns, loss, random } = rowsOf(
			3,
			100_000,
			19,
			errorIn((r) => at(r, 0) > 0.9),
		)
		const { segments } = worstSegments(columns, loss, { random })
		expect(segments[0]?.text).toMatch(/^x0 > 0\.9/)
	})
})
