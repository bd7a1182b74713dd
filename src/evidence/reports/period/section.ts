import { csvRecord } from '../../../tables/write-csv.ts'
import type { Cell, ReportChart, ReportSection, ReportTable } from '../template.ts'

export type SectionParts = {
	text: readonly string[]
	/** What it must hold and does not, with how to provide it, a sentence each: the section is then incomplete. */
	missing?: readonly string[]
	tables?: readonly ReportTable[]
	charts?: readonly ReportChart[]
}

export const section = (
	id: string,
	title: string,
	{ text, missing = [], tables = [], charts = [] }: SectionParts,
): ReportSection => ({
	id,
	title,
	status: missing.length > 0 ? 'incomplete' : 'complete',
	text: [...text.filter((part) => part !== ''), ...missing.map((what) => `Missing: ${what}`)].join('\n\n'),
	tables: [...tables],
	...(charts.length > 0 ? { charts: [...charts] } : {}),
})

/** A table whose columns are read from items, in the order in which they are given. */
export const tableOf = <T>(
	id: string,
	title: string,
	items: readonly T[],
	columns: Record<string, (item: T) => Cell | undefined>,
): ReportTable => ({
	id,
	title,
	columns: Object.keys(columns),
	rows: items.map((item) => Object.values(columns).map((of) => of(item) ?? null)),
})

/** A table of what is known of one thing; what is not known is null. */
export const factsTable = (
	id: string,
	title: string,
	facts: Record<string, Cell | undefined>,
): ReportTable => ({
	id,
	title,
	columns: ['item', 'value'],
	rows: Object.entries(facts).map(([item, value]) => [item, value ?? null]),
})

export const csvOf = ({ columns, rows }: Pick<ReportTable, 'columns' | 'rows'>): string =>
	[columns, ...rows].map(csvRecord).join('')

export const jsonOf = (content: unknown): string => `${JSON.stringify(content, null, '\t')}\n`

export const count = (n: number, one: string, many = `${one}s`): string =>
	`${n.toLocaleString('en-US')} ${n === 1 ? one : many}`
