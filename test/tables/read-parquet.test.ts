import fc from 'fast-check'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import type { Column } from '../../src/tables/columns.ts'
import { decodeHybrid } from '../../src/tables/parquet-pages.ts'
import { readParquet } from '../../src/tables/read-columns.ts'

class Cells implements Column {
	readonly values: unknown[] = []
	addBytes(): void {}
	addValue(value: unknown): void {
		this.values.push(value)
	}
}

async function read(file: ArrayBuffer, names: readonly string[]): Promise<Map<string, unknown[]>> {
	const cells = new Map(names.map((name) => [name, new Cells()]))
	const wanted = [...cells].map(([name, column]) => ({ name, required: true, takers: [column] }))
	await readParquet({ byteLength: file.byteLength, slice: (a, b) => file.slice(a, b) }, wanted)
	return new Map([...cells].map(([name, { values }]) => [name, values.map(comparable)]))
}

const comparable = (value: unknown) =>
	typeof value === 'bigint'
		? Number(value)
		: value instanceof Date
			? value.toISOString()
			: (value ?? undefined)

/** What the general reader says. */
async function expected(file: ArrayBuffer, names: readonly string[]): Promise<Map<string, unknown[]>> {
	const rows = await parquetReadObjects({ file, compressors })
	return new Map(names.map((name) => [name, rows.map((row) => comparable(row[name]))]))
}

const cell = fc.record({
	double: fc.option(fc.double(), { freq: 4 }),
	whole: fc.option(fc.integer(), { freq: 9 }),
	big: fc.option(fc.bigInt({ min: -(2n ** 52n), max: 2n ** 52n }), { freq: 5 }),
	flag: fc.option(fc.boolean()),
	text: fc.option(fc.string({ unit: 'binary', maxLength: 5 }), { freq: 6 }),
	few: fc.constantFrom('a', 'b', 'é'),
	time: fc.option(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })),
	nested: fc.option(fc.record({ a: fc.integer(), b: fc.integer() })),
})
const types = {
	double: 'DOUBLE',
	whole: 'INT32',
	big: 'INT64',
	flag: 'BOOLEAN',
	text: 'STRING',
	few: 'STRING',
	time: 'TIMESTAMP',
	nested: 'JSON',
} as const
const names = Object.keys(types) as (keyof typeof types)[]

describe('reading Parquet', () => {
	it('gives the cells of the general reader, in one row group or many, packed or not', async () => {
		const tables = fc.record({
			rows: fc.array(cell, { minLength: 1, maxLength: 60 }),
			rowGroupSize: fc.integer({ min: 1, max: 80 }),
			codec: fc.constantFrom('SNAPPY' as const, 'UNCOMPRESSED' as const),
		})
		await fc.assert(
			fc.asyncProperty(tables, async ({ rows, rowGroupSize, codec }) => {
				const columnData = names.map((name) => ({
					name,
					data: rows.map((row) => row[name]),
					type: types[name],
				}))
				const file = parquetWriteBuffer({ columnData, rowGroupSize, codec })
				expect(await read(file, names)).toEqual(await expected(file, names))
			}),
			{ numRuns: 60 },
		)
	})

	it('reads many rows of few values, as they come out of a data frame', async () => {
		const rows = 40_000
		const columnData = [
			{ name: 'score', data: Float64Array.from({ length: rows }, (_, i) => ((i * 7919) % rows) / rows) },
			{ name: 'group', data: Array.from({ length: rows }, (_, i) => `g${(i * i) % 7}`) },
			{ name: 'code', data: Array.from({ length: rows }, (_, i) => (i % 9 === 0 ? null : BigInt(i % 300))) },
		]
		const file = parquetWriteBuffer({ columnData, rowGroupSize: 15_000 })
		const all = columnData.map((c) => c.name)
		expect(await read(file, all)).toEqual(await expected(file, all))
	})

	it('takes runs and groups of eight as they come', () => {
		const runs = Uint8Array.from([0b110, 1, 0b011, 0b10110010])
		const out = new Uint8Array(11)
		decodeHybrid(runs, 1, out)
		expect([...out]).toEqual([1, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1])
	})

	it.each([1, 2, 3, 5, 8, 13, 20, 31, 32])('takes apart values of %d bits', (width) => {
		const values = Array.from({ length: 16 }, (_, i) => (i * 2654435761) % 2 ** width)
		const bits = values.flatMap((v) => Array.from({ length: width }, (_, b) => Math.floor(v / 2 ** b) % 2))
		const packed = Array.from({ length: bits.length / 8 }, (_, i) =>
			bits.slice(i * 8, i * 8 + 8).reduce((sum, bit, b) => sum + bit * 2 ** b, 0),
		)
		const out = new Uint32Array(16)
		decodeHybrid(Uint8Array.from([0b101, ...packed]), width, out)
		expect([...out]).toEqual(values)
	})
})
