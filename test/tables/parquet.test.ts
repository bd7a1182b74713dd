import type { SchemaElement } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, it } from 'vitest'
import { openParquet } from '../../src/tables/parquet.ts'

type Written = Omit<SchemaElement, 'name'>

/** A file of one column, as other tools write it. */
function fileOf(element: Written, data: readonly unknown[], more: object = {}): ArrayBuffer {
	const schema = [
		{ name: 'root', num_children: 1 },
		{ name: 'c', repetition_type: 'OPTIONAL', ...element },
	] as SchemaElement[]
	return parquetWriteBuffer({ columnData: [{ name: 'c', data: [...data] }], schema, ...more })
}

async function cells(file: ArrayBuffer): Promise<unknown[]> {
	const table = await openParquet({ byteLength: file.byteLength, slice: (from, to) => file.slice(from, to) })
	const groups = await Promise.all(
		table.groups.map(async (rows, group) => (await table.rows(group, 0, rows))[0] ?? []),
	)
	return groups.flat()
}

const micros = BigInt(Date.parse('2026-03-01T12:00:00Z')) * 1000n + 123_456n
const int64 = (logical_type: object, converted_type?: string): Written =>
	({ type: 'INT64', logical_type, ...(converted_type ? { converted_type } : {}) }) as Written
const timestamp = (unit: string, isAdjustedToUTC: boolean) =>
	int64({ type: 'TIMESTAMP', unit, isAdjustedToUTC })
const fixed = (type_length: number, logical_type?: object): Written =>
	({ type: 'FIXED_LEN_BYTE_ARRAY', type_length, ...(logical_type ? { logical_type } : {}) }) as Written

it.each<[string, Written, unknown[], unknown[]]>([
	['a moment', timestamp('MICROS', true), [micros, null], ['2026-03-01T12:00:00.123456Z', null]],
	['a moment in nanoseconds', timestamp('NANOS', true), [micros * 1000n], ['2026-03-01T12:00:00.123456Z']],
	['a time without a zone', timestamp('MICROS', false), [micros], ['2026-03-01T12:00:00.123456']],
	['a moment before 1970', timestamp('MILLIS', true), [-1n], ['1969-12-31T23:59:59.999Z']],
	['what no date can be', timestamp('MILLIS', true), [2n ** 62n], ['4611686018427387904000000']],
	['an older moment', int64({}, 'TIMESTAMP_MICROS'), [micros], ['2026-03-01T12:00:00.123456Z']],
	['a day', { type: 'INT32', converted_type: 'DATE' }, [20_513], ['2026-03-01']],
	['a time of day', int64({ type: 'TIME', unit: 'MICROS', isAdjustedToUTC: false }), [1_000_004n], ['00:00:01.000004']],
	['an id beyond 2^53', int64({ type: 'INTEGER', bitWidth: 64, isSigned: true }), [617700169958293503n, 7n, null], [617700169958293503n, 7, null]],
	['an unsigned id', int64({ type: 'INTEGER', bitWidth: 64, isSigned: false }, 'UINT_64'), [2n ** 64n - 1n], [2n ** 64n - 1n]],
	['a small number', { type: 'INT32', converted_type: 'INT_8' }, [-3, 4, null], [-3, 4, null]],
	['money', { type: 'INT64', converted_type: 'DECIMAL', precision: 10, scale: 2 }, [1999n, -5n, null], [19.99, -0.05, null]],
	['long money', { type: 'INT64', converted_type: 'DECIMAL', precision: 18, scale: 2 }, [123_456_789_012_345_678n], ['1234567890123456.78']],
	['an UUID', fixed(16, { type: 'UUID' }), [Uint8Array.from({ length: 16 }, (_, i) => i)], ['00010203-0405-0607-0809-0a0b0c0d0e0f']],
	['half floats', fixed(2, { type: 'FLOAT16' }), [0.5, -2], [0.5, -2]],
	['bytes', { type: 'BYTE_ARRAY' }, [Uint8Array.of(0xff, 0xfe), new TextEncoder().encode('süß')], ['0xfffe', 'süß']],
	['texts', { type: 'BYTE_ARRAY', converted_type: 'UTF8' }, ['a', '', null, '007'], ['a', '', null, '007']],
	['flags', { type: 'BOOLEAN' }, [true, false, null], [true, false, null]],
	['nothing but nulls', { type: 'DOUBLE' }, [null, null], [null, null]],
	['no rows', { type: 'DOUBLE' }, [], []],
])('reads %s', async (_, element, data, expected) => {
	for (const codec of ['UNCOMPRESSED', 'SNAPPY'])
		expect(await cells(fileOf(element, data, { codec }))).toEqual(expected)
}) // biome-ignore format: a table

it('names a text that is not UTF-8 with its column', async () => {
	const latin = Buffer.from('M\xfcller', 'latin1')
	await expect(cells(fileOf({ type: 'BYTE_ARRAY', converted_type: 'UTF8' }, [latin]))).rejects.toMatchObject({
		code: 'malformed',
		message: expect.stringContaining('"c" holds a text that is not UTF-8'),
	})
})

it('reads a struct, a list and what is in them as JSON', async () => {
	const schema = [
		{ name: 'root', num_children: 1 },
		{ name: 'c', repetition_type: 'OPTIONAL', num_children: 2 },
		{ name: 'id', repetition_type: 'OPTIONAL', type: 'INT64' },
		{ name: 'at', repetition_type: 'OPTIONAL', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
	] as SchemaElement[]
	const data = [{ id: 2n ** 60n, at: new Date(0) }, { id: 1n, at: null }, null]
	const file = parquetWriteBuffer({ columnData: [{ name: 'c', data }], schema })
	const table = await openParquet({ byteLength: file.byteLength, slice: (from, to) => file.slice(from, to) })
	expect(table.columns).toEqual([{ name: 'c', nested: 'struct' }])
	expect((await table.rows(0, 0, Number.POSITIVE_INFINITY))[0]).toEqual([
		{ id: '1152921504606846976', at: '1970-01-01T00:00:00.000Z' },
		{ id: 1, at: null },
		null,
	])
})
