import { type CsvCell, csvRecord } from '../../../tables/write-csv.ts'
import type { ReportDocument } from '../document.ts'
import type { ReportTable } from '../template.ts'
import { frontMatter, incompleteText, paragraphsOf } from './front-matter.ts'

type Block = { section: string; table: string; rows: CsvCell[][] }

const blockOf = (section: string, table: ReportTable): Block => ({
	section,
	table: table.id,
	rows: [table.columns, ...table.rows],
})

/**
 * All tables of a report as one table of RFC 4180. A record names its section and table and is numbered in it: record 0 has
 * the names of the columns. All records have equally many cells.
 */
export function renderCsv(report: ReportDocument): string {
	const { draft, facts, tables } = frontMatter(report)
	const opening: CsvCell[][] = draft === undefined ? facts : [['Draft', draft], ...facts]
	const blocks: Block[] = [
		{ section: '', table: 'report', rows: [['name', 'value'], ...opening] },
		...tables.map((table) => blockOf('', table)),
		...report.sections.flatMap((section) => [
			{
				section: section.id,
				table: '',
				rows: [
					['text'],
					[section.title],
					...(section.status === 'incomplete' ? [[incompleteText]] : []),
					...paragraphsOf(section).map((p) => [p]),
				],
			},
			...section.tables.map((table) => blockOf(section.id, table)),
		]),
	]
	const width = blocks.flatMap((b) => b.rows).reduce((most, row) => Math.max(most, row.length), 1)
	const names = Array.from({ length: width }, (_, i) => `cell_${i + 1}`)
	const padding: null[] = Array(width).fill(null)
	return [
		csvRecord(['section', 'table', 'row', ...names]),
		...blocks.flatMap(({ section, table, rows }) =>
			rows.map((row, i) => csvRecord([section, table, i, ...row, ...padding.slice(row.length)])),
		),
	].join('')
}
