import { sql } from 'drizzle-orm'
import { isOverdue } from '../../approvals/request/request-record.ts'
import type { Context } from '../../context.ts'
import { formatTime } from '../../core/time.ts'
import { inList } from '../../db/database.ts'
import { type reports, requests } from '../../db/schema.ts'
import type { Report } from './report.schema.ts'

export type ReportRow = typeof reports.$inferSelect

/** Reports with the latest request for the approval of each. */
export async function toReports(context: Context, rows: readonly ReportRow[]): Promise<Report[]> {
	const target = sql<string>`json_extract(${requests.action}, '$.to')`
	const asked = await context.db
		.select({ report: target, id: requests.id, status: requests.status, expiresAt: requests.expiresAt })
		.from(requests)
		.where(
			sql`${requests.kind} = 'report' AND ${inList(
				target,
				rows.map(({ id }) => id),
			)}`,
		)
		.orderBy(requests.createdAt, sql`rowid`)
	const now = context.now()
	return rows.map((row) => {
		const request = asked.findLast(({ report }) => report === row.id)
		const { periodFrom, periodTo } = row
		return {
			id: row.id,
			template: row.template,
			templateVersion: row.templateVersion,
			model: row.model,
			period:
				periodFrom === null || periodTo === null
					? null
					: { from: formatTime(periodFrom), to: formatTime(periodTo) },
			predictionId: row.predictionId,
			subject: row.predictionId === null ? row.subject : null,
			incident: row.incident,
			status: row.status,
			digests: row.digests,
			manifest: row.manifest,
			cut: { size: row.cutSize, root: row.cutRoot },
			author: row.authorPerson,
			approvers: row.approvers,
			request: request?.id ?? null,
			requestStatus: !request ? null : isOverdue(request, now) ? 'expired' : request.status,
			createdAt: formatTime(row.createdAt),
			erasedAt: row.erasedAt === null ? null : formatTime(row.erasedAt),
		}
	})
}

export const toReport = async (context: Context, row: ReportRow): Promise<Report> =>
	(await toReports(context, [row]))[0] as Report
