import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { type ReportStatus, reports } from '../../db/schema.ts'
import { authorise, inScope, seesAll } from '../../registry/key/authorise.ts'
import { reachedModels } from '../../registry/model/find-model.ts'
import { reportRoles } from './create-report.ts'
import { readFile } from './files.ts'
import type { Report } from './report.schema.ts'
import { type ReportRow, toReport, toReports } from './report-record.ts'
import { accessExport } from './templates/access-export.ts'

/** A report all of whose models are in the actor's scope. Throws `not-found`. */
export async function findReport(context: Context, actor: Actor, id: string): Promise<ReportRow> {
	authorise(actor, reportRoles)
	const [row] = await context.db.select().from(reports).where(eq(reports.id, id))
	if (row?.models.every((model) => inScope(actor, model))) return row
	throw new AppError('not-found', `There is no report "${id.slice(0, 100)}".`, {
		hint: { to: 'list-reports' },
	})
}

/** A report that has its files. Throws `erased` for one that was about a person who has been erased. */
export async function findKept(context: Context, actor: Actor, id: string): Promise<ReportRow> {
	const row = await findReport(context, actor, id)
	// It has protected attributes, which analysts see as aggregates only. Approvers read what they sign.
	if (row.template === accessExport.id) authorise(actor, ['auditor', 'approver'])
	if (row.erasedAt === null) return row
	throw new AppError(
		'erased',
		`The report ${row.id} was erased on ${formatTime(row.erasedAt)}. Its entries in the ledger remain.`,
	)
}

export const getReport = async (context: Context, actor: Actor, id: string): Promise<Report> =>
	toReport(context, await findReport(context, actor, id))

type ReportQuery = PageQuery & {
	model?: string | undefined
	template?: string | undefined
	status?: ReportStatus | undefined
}

/** The reports in the actor's scope, the latest first. */
export async function listReports(context: Context, actor: Actor, query: ReportQuery): Promise<Page<Report>> {
	authorise(actor, reportRoles, query.model)
	const { model, template, status, limit } = query
	const after = cursorText(query.cursor)
	const rows = await context.db
		.select()
		.from(reports)
		.where(
			and(
				seesAll(actor) ? undefined : allAmong(await reachedModels(context, actor)),
				model === undefined ? undefined : eq(reports.model, model),
				template === undefined ? undefined : eq(reports.template, template),
				status === undefined ? undefined : eq(reports.status, status),
				after === undefined ? undefined : lt(reports.id, after),
			),
		)
		.orderBy(desc(reports.id))
		.limit(limit + 1)
	const page = toPage(
		rows,
		limit,
		(row) => row.id,
		(row) => row,
	)
	return { items: await toReports(context, page.items), next: page.next }
}

/** Whether every model of a report is among these. */
const allAmong = (names: readonly string[]) =>
	sql`NOT EXISTS (SELECT 1 FROM json_each(${reports.models}) m
		WHERE m.value NOT IN (SELECT value FROM json_each(${JSON.stringify(names)})))`

export const reportForms = ['json', 'html', 'pdf', 'csv'] as const
export type ReportForm = (typeof reportForms)[number]

/** The stored bytes of one form. Throws `unavailable` for a form that this platform could not make. */
export async function readForm(
	context: Context,
	actor: Actor,
	id: string,
	form: ReportForm,
): Promise<{ row: ReportRow; bytes: Uint8Array<ArrayBuffer> }> {
	const row = await findKept(context, actor, id)
	const bytes = await readFile(context, row.id, `report.${form}`)
	if (bytes) {
		await recordRead(context, actor, row, form)
		return { row, bytes }
	}
	throw new AppError(
		'not-found',
		`The report ${row.id} has no PDF: it was made on Workers, which cannot make one. Use the same path with .html.`,
	)
}

/** Whoever reads a report about a person leaves an entry. */
export async function recordRead(
	context: Context,
	actor: Actor,
	row: ReportRow,
	form: string,
): Promise<void> {
	if (row.predictionId === null && row.subject === null) return
	const details = { form, template: row.template }
	await commit(
		context,
		actor,
		{ action: 'read-report', object: `report:${row.id}`, model: row.model, details },
		[],
	)
}
