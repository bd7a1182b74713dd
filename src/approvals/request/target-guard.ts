import type { Context } from '../../context.ts'
import type { Statement } from '../../db/sql.ts'
import type { Action } from '../../ports/executors.ts'
import { deploymentKinds } from '../executor-choice.ts'
import type { RequestRow } from './request-record.ts'

/**
 * A condition in SQL that holds while the target is as the action expects: the champion, the canary and the tier that it
 * starts from, the words of the table that it brings into force. It goes into the commit that rests on it.
 */
export function targetGuard(row: RequestRow): Required<Statement> {
	const action = JSON.parse(row.action) as Action
	if (action.kind === 'risk-tier')
		return {
			sql: 'EXISTS (SELECT 1 FROM model WHERE name = ? AND risk_tier IS ?)',
			params: [row.model, action.from ?? null],
		}
	if (action.kind === 'reason-table')
		return { sql: tableSql, params: [row.model, Number(action.to), String(action.table)] }
	if (action.kind === 'report') return { sql: reportSql, params: [String(action.to), String(action.report)] }
	if (action.from === undefined) return { sql: '1', params: [] }
	const champion = [row.model, row.environment, action.from]
	if (!deploymentKinds.includes(action.kind)) return { sql: `EXISTS (${championSql})`, params: champion }
	return {
		sql: `EXISTS (${championSql} AND ${canarySql})`,
		params: [...champion, row.expectedRevision],
	}
}

const championSql = `SELECT 1 FROM deployment d WHERE d.model = ? AND d.environment = ? AND d.champion = ?
	AND NOT EXISTS (SELECT 1 FROM deployment n WHERE n.model = d.model AND n.environment = d.environment
		AND n.revision > d.revision)`

// Compared by member: the order in the text does not matter.
const canarySql = `EXISTS (SELECT 1 FROM deployment x WHERE x.model = d.model AND x.environment = d.environment
	AND x.revision = coalesce(?, d.revision) AND x.canary ->> 'version' IS d.canary ->> 'version'
	AND x.canary ->> 'percent' IS d.canary ->> 'percent')`

const tableSql = `EXISTS (SELECT 1 FROM reason_table t WHERE t.model = ? AND t.revision = ? AND t.digest = ?
	AND t.approved_at IS NULL AND NOT EXISTS (SELECT 1 FROM reason_table n WHERE n.model = t.model
		AND n.version IS t.version AND n.revision > t.revision AND n.approved_at IS NOT NULL))`

const reportSql = `EXISTS (SELECT 1 FROM report WHERE id = ? AND manifest = ? AND status = 'draft' AND erased_at IS NULL)`

/** Whether the target is as the action expects now. */
export async function targetHolds(context: Context, row: RequestRow): Promise<boolean> {
	const { sql, params } = targetGuard(row)
	return (await context.sql.all({ sql: `SELECT 1 AS held WHERE ${sql}`, params })).length > 0
}
