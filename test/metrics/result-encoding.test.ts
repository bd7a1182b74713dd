import { expect, it } from 'vitest'
import { decodeResult, encodeResult } from '../../src/metrics/result-encoding.ts'
import type { ColumnResult, WindowResult } from '../../src/metrics/window-result.ts'

const plain: ColumnResult = {
	groups: Float64Array.of(5, 300, 0),
	rangeViolations: 1,
	domainViolations: 0,
	constant: false,
	ks: 0.25,
	wasserstein: Number.NaN,
	q: 0.5,
	min: Number.NaN,
	max: Number.NaN,
	stoodOut: false,
}
const full: ColumnResult = {
	...plain,
	min: -3.5,
	max: 1e6,
	stoodOut: true,
	expected: Float64Array.of(4.5, 290.0625, 0),
	variation: { variance: 0.013, df: 21.5, windows: 33 },
	identifier: true,
	outside: 17,
}
const result: WindowResult = {
	rows: 305,
	duplicates: 2,
	errors: 0,
	schemaViolations: 1,
	subjects: 60,
	lastMs: 1000,
	latency: { p50: 1, p95: 2, p99: Number.NaN },
	columns: [plain, full, plain, { ...full, q: 1, outside: 3 }, { ...plain, q: 1 }],
}

it('a result is the same after encoding and decoding, as a whole or one column of it', () => {
	expect(decodeResult(encodeResult(result))).toEqual(result)
	for (const i of result.columns.keys())
		expect(decodeResult(encodeResult(result), i).columns[i]).toEqual(result.columns[i])
})

it('what columns share is written once', () => {
	const bytes = (columns: ColumnResult[]) => encodeResult({ ...result, columns }).length
	const own = bytes([full, { ...full, variation: { variance: 0.02, df: 21.5, windows: 33 } }])
	expect(own - bytes([full, full])).toBe(17)
})

it('the second format can be read', () => {
	const text =
		'AssBAAEAywEAAAAAAAAUQAAAAAAAAPh/AAAAAAAA+H8AAAAAAAD4fwMFDAAAAAAAANA/AAAAAAAA8D8AAAAAAAD4vwAAAAAAAABAeekmMQisfD8AAAAAAAAwQAMBAAMDyAEABQwAAAAAAADQPwAAAAAAAOA/AAAAAAAA+L8AAAAAAAAAQHnpJjEIrHw/AAAAAAAAMEADAQADA8gBAAEIAAAAAAAA0D8AAAAAAAD4vwAAAAAAAABAAQADA8gBAA=='
	const variation = { variance: 0.007, df: 16, windows: 3 }
	const common = { ...plain, groups: Float64Array.of(3, 200, 0), min: -1.5, max: 2 }
	const columns = [
		{ ...common, q: 1, variation },
		{ ...common, variation },
		{ ...common, q: Number.NaN },
	]
	const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
	expect(decodeResult(bytes)).toMatchObject({ rows: 203, errors: 1, columns })
	expect(decodeResult(bytes, 1).columns[1]).toEqual(columns[1])
})

it('the first format can be read: without subjects, and with what stood out by q', () => {
	const bytes = [1, 9, 0, 0, 0, ...new Array(32).fill(0), 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 5]
	const { rows, subjects, columns } = decodeResult(Uint8Array.from(bytes))
	expect([rows, subjects]).toEqual([9, 9])
	expect(columns[0]).toMatchObject({ q: 0, stoodOut: true, groups: Float64Array.of(4, 5) })
})
