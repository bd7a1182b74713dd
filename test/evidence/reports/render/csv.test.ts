import { parse } from 'csv-parse/sync'
import { expect, it } from 'vitest'
import { renderCsv } from '../../../../src/evidence/reports/render/csv.ts'
import { reportDocument } from '../../../support/report-document.ts'

type CsvRow = { section: string; table: string; row: string; cell_1: string; cell_2: string; cell_3: string }
const read = (text: string): CsvRow[] => parse(text, { columns: true })

it('holds each table with its names and rows, in one table that any reader takes', () => {
	const rows = read(renderCsv(reportDocument()))
	const reasons = rows.filter((r) => r.section === 'monitoring' && r.table === 'reasons')
	expect(reasons.map((r) => [r.row, r.cell_1, r.cell_2, r.cell_3])).toEqual([
		['0', 'reason', 'rows', 'share'],
		['1', 'income is too low', '900', '0.3'],
		['2', 'debt_ratio is too low', '777', '0.259'],
		['3', 'months_at_address is too low', '654', '0.218'],
		['4', 'age is too low', '531', '0.177'],
	])
	expect(rows.filter((r) => r.table === 'metrics')).toHaveLength(31)
	expect(rows[1]).toMatchObject({ table: 'report', cell_1: 'Draft' })
	expect(rows.find((r) => r.section === 'outcomes' && r.row === '2')?.cell_1).toMatch(/^Incomplete/)
})
