import type { Context } from '../../../context.ts'
import { utf8 } from '../../../core/bytes.ts'
import type { ReportDocument } from '../document.ts'
import { renderCsv } from './csv.ts'
import { renderHtml } from './html.ts'

/** The report as JSON: its numbers and texts, without what only the other forms show. */
export function renderJson({ title: _, sections, ...rest }: ReportDocument): string {
	const plain = sections.map(({ id, title, status, text, tables }) => ({
		...{ id, title, status, text },
		tables: tables.map(({ id, columns, rows }) => ({ id, columns, rows })),
	}))
	return `${JSON.stringify({ ...rest, sections: plain }, null, 2)}\n`
}

/** A report in each form. `pdf` is null where the platform cannot make it. */
export type Forms = { json: Uint8Array; html: Uint8Array; pdf: Uint8Array | null; csv: Uint8Array }

export const renderForms = async (
	{ renderPdf }: Pick<Context, 'renderPdf'>,
	document: ReportDocument,
): Promise<Forms> => ({
	json: utf8(renderJson(document)),
	html: utf8(renderHtml(document)),
	pdf: renderPdf ? await renderPdf(JSON.stringify(document)) : null,
	csv: utf8(renderCsv(document)),
})
