import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'

// What a report is made of. A template computes content; the same content is rendered as JSON, HTML, PDF and CSV, and
// bundled with its data and proofs. Nothing here has a clock: everything is as of the cut.

export type Cell = string | number | boolean | null

/** `columns` are names; each row has a cell for each of them. */
export type ReportTable = { id: string; title?: string; columns: string[]; rows: Cell[][] }

/** Drawn from a table of the same section, so that its numbers are always there as text too. */
export type ReportChart = {
	id: string
	title: string
	kind: 'trend' | 'bars'
	/** The id of the table, the column on the x axis (times or names), and the numeric columns that are drawn. */
	table: string
	x: string
	y: string[]
}

/** `incomplete`: something it must hold is missing, and `text` says what and why. `text` is plain; empty lines part paragraphs. */
export type ReportSection = {
	id: string
	title: string
	status: 'complete' | 'incomplete'
	text: string
	tables: ReportTable[]
	charts?: ReportChart[]
}

/** The ledger at the cut. `at`: until when it was the whole ledger, in ms since the epoch; nothing later is in the report. */
export type ReportCut = { size: number; root: string; at: number }

/** What a report is about; which members are there depends on the template's `needs`. Times in ms since the epoch. */
export type ReportSubject = {
	model?: string
	/** `to` is exclusive. */
	period?: { from: number; to: number }
	predictionId?: string
	subject?: string
	incident?: string
}

/** A file under `data/` of the bundle: what the report was computed from. */
export type ReportData = { path: string; content: string | Uint8Array }

export type ReportContent = {
	model: { model: string; version: string | null; artifactSha256: string | null } | null
	rows: { included: number; excluded: { reason: string; rows: number }[] }
	sections: ReportSection[]
	data: ReportData[]
}

export type ReportTemplate = {
	id: string
	/** Changes whenever equal data would give other content. */
	version: string
	title: string
	/** What the report is about. */
	needs: 'decision' | 'period' | 'subject' | 'incident'
	/** Ids of rows of the law tables that it rests on. */
	law: readonly string[]
	/** Equal input gives equal content. Throws AppError when there is nothing to report, with what to do. */
	build(context: Context, actor: Actor, subject: ReportSubject, cut: ReportCut): Promise<ReportContent>
}
