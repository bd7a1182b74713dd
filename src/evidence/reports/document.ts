import type { ReportContent, ReportSection } from './template.ts'

/** A row of the law tables as it was in force. `confirm`: from a secondary source, so that counsel must confirm it. */
export type LegalBasis = {
	rule: string
	article: string
	inForceFrom: string
	source: string
	confirm: boolean
}

/**
 * A whole report: what each form is rendered from. Times are RFC 3339. It has no id and no clock, so that equal content
 * gives equal bytes.
 */
export type ReportDocument = {
	title: string
	template: string
	templateVersion: string
	status: 'draft' | 'approved'
	legalBasis: LegalBasis[]
	subject: { model?: string; predictionId?: string; subject?: string; incident?: string }
	period: { from: string; to: string } | null
	model: ReportContent['model']
	cut: { size: number; root: string }
	author: string
	approvers: string[]
	rows: ReportContent['rows']
	sections: ReportSection[]
}
