import type { Context } from '../../context.ts'
import { formatTime } from '../../core/time.ts'

/** Who did something and when, and the index of the ledger entry about it. */
export type LedgerRef = { who: string; at: string; entry: number }

type Row = { who: string; at: number; entry: number }
const toLedgerRef = ({ who, at, entry }: Row): LedgerRef => ({ who, at: formatTime(at), entry })

/** Who registered each of these versions, by `model@version`. */
export async function registrations(
	context: Context,
	versions: readonly { model: string; version: string }[],
): Promise<Map<string, LedgerRef>> {
	const objects = versions.map((v) => `version:${v.model}@${v.version}`)
	const rows = await context.sql.all<Row & { name: string }>({
		sql: `SELECT e.actor AS who, e.at, e.idx AS entry, substr(e.object, 9) AS name FROM json_each(?) o
			JOIN ledger_entry e ON e.object = o.value WHERE e.action = 'register-version'`,
		params: [JSON.stringify(objects)],
	})
	return new Map(rows.map((row) => [row.name, toLedgerRef(row)]))
}

/** Who set each deployment, by `model/environment/revision`. */
export async function deployedBy(
	context: Context,
	series: readonly { model: string; environment: string }[],
): Promise<Map<string, LedgerRef>> {
	const objects = [...new Set(series.map((p) => `deployment:${p.model}/${p.environment}`))]
	const rows = await context.sql.all<Row & { name: string }>({
		sql: `SELECT e.actor AS who, e.at, e.idx AS entry,
				substr(e.object, 12) || '/' || json_extract(e.entry, '$.details.revision') AS name
			FROM json_each(?) o JOIN ledger_entry e ON e.object = o.value WHERE e.action = 'set-deployment'`,
		params: [JSON.stringify(objects)],
	})
	return new Map(rows.map((row) => [row.name, toLedgerRef(row)]))
}

/** Who set one revision of a deployment. */
export async function revisionSetBy(
	context: Context,
	{ model, environment, revision }: { model: string; environment: string; revision: number },
): Promise<LedgerRef | null> {
	const [row] = await context.sql.all<Row>({
		sql: `SELECT actor AS who, at, idx AS entry FROM ledger_entry WHERE object = ? AND action = 'set-deployment'
			AND json_extract(entry, '$.details.revision') = ? LIMIT 1`,
		params: [`deployment:${model}/${environment}`, revision],
	})
	return row ? toLedgerRef(row) : null
}
