import { formatTime } from '../../core/time.ts'
import type { ReportStatus } from '../../db/schema.ts'
import type { ReportContent, ReportCut, ReportSection, ReportSubject } from './template.ts'

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
	status: ReportStatus
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

type Parts = {
	template: { id: string; version: string; title: string }
	legalBasis: LegalBasis[]
	subject: ReportSubject
	cut: ReportCut
	author: string
	content: ReportContent
}

/** A draft. */
export function documentOf({ template, legalBasis, subject, cut, author, content }: Parts): ReportDocument {
	const { period, ...about } = subject
	return {
		title: template.title,
		template: template.id,
		templateVersion: template.version,
		status: 'draft',
		legalBasis,
		subject: about,
		period: period ? { from: formatTime(period.from), to: formatTime(period.to) } : null,
		model: content.model,
		cut: { size: cut.size, root: cut.root },
		author,
		approvers: [],
		rows: content.rows,
		sections: content.sections.map((each) => ({ ...each, text: withoutMarks(each.text) })),
	}
}

/** Names of settings are in quotation marks, as people write them. */
const withoutMarks = (text: string): string => text.replace(/`([^`\n]+)`/g, '"$1"')
