import type { Context } from '../../../context.ts'
import { utf8 } from '../../../core/bytes.ts'
import type { ReportDocument } from '../document.ts'
import { renderJson } from './json.ts'

/** A report in each form; null for one that this platform cannot make. */
export type Forms = {
	json: Uint8Array
	html: Uint8Array | null
	pdf: Uint8Array | null
	csv: Uint8Array | null
}

export const renderForms = async (_context: Context, document: ReportDocument): Promise<Forms> => ({
	json: utf8(renderJson(document)),
	html: null,
	pdf: null,
	csv: null,
})
