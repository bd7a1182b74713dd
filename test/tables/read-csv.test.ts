import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodeColumn, firstCode, missingCode } from '../../src/cli/evaluate/code-column.ts'
import { NumberColumn, parseNumber } from '../../src/tables/columns.ts'
import { readCsv } from '../../src/tables/read-columns.ts'
import { pieces } from '../cli/evaluate/support.ts'

async function texts(csv: string | Uint8Array, name: string, size?: number): Promise<string[]> {
	const column = new CodeColumn('name')
	await readCsv(pieces(csv, size), [{ name, required: true, takers: [column] }])
	return Array.from(column.codes.values(), (code) => column.values[code - firstCode] ?? '')
}

const cell = fc.oneof(
	fc.string({ unit: 'binary', maxLength: 6 }),
	fc.stringMatching(/^[a",\r\n 0-9.é]{0,8}$/),
	fc.double().map(String),
)
const quoted = (text: string) =>
	/[",\r\n]/.test(text) || text.trim() !== text ? `"${text.replaceAll('"', '""')}"` : text

describe('reading CSV', () => {
	it('finds the cells that csv-parse finds, wherever the file is cut into pieces', async () => {
		const tables = fc.record({
			rows: fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 }),
			end: fc.constantFrom('\n', '\r\n'),
			last: fc.boolean(),
			mark: fc.boolean(),
			size: fc.integer({ min: 1, max: 40 }),
		})
		await fc.assert(
			fc.asyncProperty(tables, async ({ rows, end, last, mark, size }) => {
				const lines = [['a', 'b', 'c'], ...rows].map((row) => row.map(quoted).join(','))
				const csv = `${mark ? '\ufeff' : ''}${lines.join(end)}${last ? end : ''}`
				const expected = parse(Buffer.from(csv), {
					bom: true,
					columns: true,
					skip_empty_lines: true,
				}) as Record<string, string>[]
				for (const name of ['a', 'b', 'c'])
					expect(await texts(csv, name, size)).toEqual(expected.map((row) => row[name]))
			}),
			{ numRuns: 150 },
		)
	})

	it.each([
		['a,b\n1,2\n3\n', /^Line 3 .*it has 1 cells, and the header has 2/],
		['a,b\n1,2\n"x\n', /^Line 3 .*a quote is not closed/],
		['a,b\n1,"x"y\n', /^Line 2 .*there is text after a closing quote/],
		['"a";"b"\n1;2\n', /not separated by commas but by semicolons/],
		['a,b\n"1\n2",3\n4\n', /^Line 4 /],
		['', /empty/],
		['a,b,a\n1,2,3\n', /two columns "a"/],
		['x,b\n1,2\n', /There is no column "a"\. Did you mean "x"\? The columns are: x, b\./],
	])('reports what is wrong with %j', async (csv, message) => {
		await expect(texts(csv, 'a')).rejects.toThrow(message)
	})

	it('reads numbers as JavaScript does, to the bit', () => {
		const numbers = fc.oneof(
			fc.double().map(String),
			fc.double({ noNaN: true, min: 0, max: 1 }).map((x) => x.toPrecision(17)),
			fc.stringMatching(/^[-+]?\d{0,22}(\.\d{0,22})?([eE][-+]?\d{1,3})?$/),
			fc.stringMatching(/^[-+.eE0-9 ]{0,8}$/),
		)
		fc.assert(
			fc.property(numbers, (text) => {
				const bytes = Buffer.from(`,${text},`)
				const quick = parseNumber(bytes, 1, bytes.length - 1)
				// What the quick way does not take goes the slow way; what it takes is right.
				if (!Number.isNaN(quick)) expect(Object.is(quick, Number(text))).toBe(true)
			}),
			{ numRuns: 2000 },
		)
	})

	it.each([
		['0.25', 0.25],
		['-1e-3', -0.001],
		['  7 ', 7],
		['1e400', Number.NaN],
		['', Number.NaN],
		['0.1234567890123456789', 0.12345678901234568],
		['n/a', Number.NaN],
	])('takes the cell %j for %d', (text, expected) => {
		const column = new NumberColumn(false)
		const bytes = Buffer.from(text)
		column.addBytes(bytes, 0, bytes.length)
		expect([...column.numbers.values()]).toEqual([expected])
	})

	it('takes 1, 1.0 and true for what they are, and keeps the zeros of codes', () => {
		const add = (column: CodeColumn, cells: readonly string[]) => {
			for (const text of cells) column.addBytes(Buffer.from(text), 0, Buffer.byteLength(text))
			return Array.from(column.codes.values(), (c) => (c === missingCode ? '' : column.values[c - firstCode]))
		}
		expect(add(new CodeColumn('label'), ['1', '1.0', 'True', 'true', '', '007'])).toEqual([
			'1',
			'1',
			'true',
			'true',
			'',
			'007',
		])
		expect(add(new CodeColumn('name'), ['007', '7.0', '0', '0.5'])).toEqual(['007', '7.0', '0', '0.5'])
	})

	it('codes more values than a byte or two hold', () => {
		const column = new CodeColumn('label')
		const cells = Array.from({ length: 70_000 }, (_, i) => `v${i % 69_000}`)
		for (const text of cells) column.addBytes(Buffer.from(text), 0, text.length)
		const back = Array.from(column.codes.values(), (c) => column.values[c - firstCode])
		expect(back).toEqual(cells)
	})
})
