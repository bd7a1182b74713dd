import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromArchive, toArchive } from '../../../src/log/codec/archive-rows.ts'
import { decodeChunk, encodeBody, encodeIds } from '../../../src/log/codec/chunk.ts'
import { BatchBuilder, type RowInput } from '../../../src/summaries/inputs/batch-builder.ts'
import type { RowBatch } from '../../../src/summaries/inputs/columns.ts'
import { concatBatches, sameRow, selectRows } from '../../../src/summaries/inputs/select-rows.ts'

const cell = fc.oneof(
	fc.double({ noNaN: true }),
	fc.integer(),
	fc.string(),
	fc.boolean(),
	fc.constant(null),
	fc.constant(undefined),
	fc.array(fc.integer(), { maxLength: 2 }),
)
const name = fc.constantFrom('age', 'income', '__proto__', 'constructor', 'ünïcode', '')
const cells = fc.array(fc.tuple(name, cell), { maxLength: 6 }).map((pairs) => {
	const record: Record<string, unknown> = Object.create(null)
	for (const [key, value] of pairs) record[key] = value
	return record
})
const row: fc.Arbitrary<RowInput> = fc.record({
	id: fc.oneof(fc.uuid(), fc.string({ minLength: 1 })),
	timestamp: fc.integer({ min: 0, max: 4e12 }),
	version: fc.constantFrom('1', '2'),
	environment: fc.constantFrom('production', 'canary'),
	subject: fc.option(fc.string(), { nil: undefined }),
	features: fc.option(cells, { nil: undefined }),
	score: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined }),
	label: cell.filter((v) => !Array.isArray(v)),
	latencyMs: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
	extra: fc.option(fc.json(), { nil: undefined }),
	segment: fc.option(cells, { nil: undefined }),
})

const batchOf = (rows: readonly RowInput[]): RowBatch => {
	const builder = new BatchBuilder(Math.max(1, rows.length))
	for (const r of rows) builder.add(r)
	return builder.finish()
}

const expectSame = (a: RowBatch, b: RowBatch) => {
	expect(b.rows).toBe(a.rows)
	for (let r = 0; r < a.rows; r++) expect(sameRow(a, r, b, r)).toBe(true)
}

describe('a chunk', () => {
	it('reads back as it was written, whatever its cells hold', () => {
		fc.assert(
			fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (rows) => {
				const batch = batchOf(rows)
				expectSame(batch, decodeChunk(encodeIds(batch.ids), encodeBody(batch)))
			}),
			{ numRuns: 500 },
		)
	})

	it('reads back one row alone', () => {
		fc.assert(
			fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), fc.nat(), (rows, pick) => {
				const batch = batchOf(rows)
				const at = pick % rows.length
				const one = decodeChunk(encodeIds(batch.ids), encodeBody(batch), at)
				expect([one.rows, one.ids]).toEqual([1, [batch.ids[at]]])
				expect(sameRow(batch, at, one, 0)).toBe(true)
			}),
			{ numRuns: 500 },
		)
	})

	it('reads back from an archive file as it was written', () => {
		fc.assert(
			fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
				const batch = batchOf(rows)
				const columns = toArchive(batch)
				const objects = batch.ids.map((_, r) =>
					Object.assign(Object.create(null), Object.fromEntries(columns.map((c) => [c.name, c.data[r]]))),
				)
				const json = new Set(columns.filter((c) => c.type === 'JSON').map((c) => c.name))
				expectSame(batch, fromArchive(objects, json))
			}),
			{ numRuns: 500 },
		)
	})

	it('is the same whether its rows come in one batch or in many', () => {
		fc.assert(
			fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), (rows) => {
				expectSame(batchOf(rows), concatBatches(rows.map((r) => batchOf([r]))))
			}),
		)
	})

	it('keeps the chosen rows only', () => {
		const batch = batchOf([1, 2, 3].map((n) => ({ id: `id${n}`, timestamp: n, features: { n } })))
		expect(selectRows(batch, Int32Array.of(2, 0)).ids).toEqual(['id3', 'id1'])
	})

	it('stores full-precision, tiny, huge and constant columns without loss', () => {
		for (const values of [
			[0.1 + 0.2, 1 / 3],
			[5e-324, 1e308],
			[7, 7],
			[1.25, -3.5, 1e12],
			[2 ** 46 + 0.5, 1],
			[123456789.123, 0.000001],
		]) {
			const batch = batchOf(values.map((x, i) => ({ id: `${i}`, timestamp: i, features: { x } })))
			const back = decodeChunk(encodeIds(batch.ids), encodeBody(batch))
			expect([...(back.features.get('x')?.nums ?? [])]).toEqual(values)
		}
	})

	it('rejects bytes that are not a chunk', () => {
		expect(() => decodeChunk(encodeIds([]), new Uint8Array([9, 1, 2]))).toThrow(RangeError)
	})
})
