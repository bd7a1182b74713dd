import type { ReportDocument } from '../document.ts'

/** The report as JSON: its numbers and texts, without what only the other forms show. */
export function renderJson({ title: _, sections, ...rest }: ReportDocument): string {
	const plain = sections.map(({ id, title, status, text, tables }) => ({
		...{ id, title, status, text },
		tables: tables.map(({ id, columns, rows }) => ({ id, columns, rows })),
	}))
	return `${JSON.stringify({ ...rest, sections: plain }, null, 2)}\n`
}
