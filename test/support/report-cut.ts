import type { Context } from '../../src/context.ts'
import type { ReportContent, ReportCut, ReportTable } from '../../src/evidence/reports/template.ts'
import type { Json } from './server.ts'

/** A cut after the newest entry, as a checkpoint would be. */
export async function cutNow(context: Context): Promise<ReportCut> {
	const [last] = await context.sql.all<{ size: number; at: number }>({
		sql: 'SELECT idx + 1 AS size, at FROM ledger_entry ORDER BY idx DESC LIMIT 1',
	})
	return { size: last?.size ?? 0, root: '', at: Math.max(last?.at ?? 0, context.now()) }
}

/** The rows of a table as objects by column. */
export function rowsOf(
	content: ReportContent,
	id: string,
): Record<string, ReportTable['rows'][number][number]>[] {
	const table = content.sections.flatMap(({ tables }) => tables).find((t) => t.id === id)
	if (!table) throw new Error(`no table ${id}`)
	return table.rows.map((row) =>
		Object.fromEntries(table.columns.map((column, i) => [column, row[i] ?? null])),
	)
}

/** The rows of the table `metrics` as text, and what such a row is for a point of the API. */
export function metricRows({ sections }: ReportContent): { has(point: Json): boolean } {
	const table = sections.flatMap(({ tables }) => tables).find((t) => t.id === 'metrics')
	const rows = new Set(table?.rows.map((row) => JSON.stringify(row)))
	return {
		has: ({
			metric,
			subject: { feature = null, segment, group = null },
			window: { from, to },
			value,
			n,
			status,
		}) => {
			const of = segment === undefined ? null : `${segment.name}:${segment.value}`
			return rows.has(JSON.stringify([metric, feature, of, group, from, to, value, n, status]))
		},
	}
}
