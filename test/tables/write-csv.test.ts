import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type CsvCell, csvRecord } from '../../src/tables/write-csv.ts'

const formulas = ['=1+1', '+1+1', '-2+3', '@SUM(A1)', '\t=1', '  =1', '\u2003=1', '＝1', '\r\n=1']

it('gives back every cell, and none is a formula of a spreadsheet', () => {
	const cell: fc.Arbitrary<CsvCell> = fc.oneof(
		fc.string({ unit: 'binary' }),
		fc.constantFrom(...formulas, '-0.5', '+1', '1e-7', "'", 'a"b', 'a,b', '\r\n', ''),
		fc.double({ noNaN: true, noDefaultInfinity: true }),
		fc.constantFrom(null, true),
	)
	fc.assert(
		fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 }), (rows) => {
			const found: string[][] = parse(`a,b,c\r\n${rows.map(csvRecord).join('')}`, { from: 2 })
			expect(found).toHaveLength(rows.length)
			for (const [i, row] of rows.entries())
				for (const [j, value] of row.entries()) {
					const text = (found[i] as string[])[j] as string
					if (typeof value === 'number') expect(Number(text)).toBe(value + 0)
					else {
						const same = String(value ?? '')
							.toWellFormed()
							.replaceAll('\u0000', '\ufffd')
						expect([same, `'${same}`]).toContain(text)
						expect(text).toMatch(/^(?!\s*[=+\-@＝＋－＠])|^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i)
					}
				}
		}),
		{ numRuns: 40 },
	)
})

it('puts an apostrophe before what begins like a formula, and leaves numbers as they are', () => {
	for (const formula of formulas) expect(csvRecord([formula])).toMatch(/^"?'/)
	expect(csvRecord(['-0.5', -0.5, '+1', 'a,"b"', null, false])).toBe('-0.5,-0.5,+1,"a,""b""",,false\r\n')
})
