import type { Context } from '../../../context.ts'
import { utf8 } from '../../../core/bytes.ts'
import type { ReportDocument } from '../document.ts'
import { renderCsv } from './csv.ts'
import { renderHtml } from './html.ts'
import { renderJson } from './json.ts'

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
