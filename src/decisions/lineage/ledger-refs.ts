import type { Context } from '../../context.ts'
import { formatTime } from '../../core/time.ts'

/** Who did something, when, and the index of the ledger's entry that says so. */
export type LedgerRef = { who: string; at: string; entry: number }

type Row = [string, number, number, number | null]
const toLedgerRef = ([who, at, entry]: Row): LedgerRef => ({ who, at: formatTime(at), entry })

/** Who registered each of these versions, by `model@version`. */
export async function registrations(
	context: Context,
	versions: readonly { model: string; version: string }[],
): Promise<Map<string, LedgerRef>> {
	const objects = versions.map((v) => `version:${v.model}@${v.version}`)
	const rows = (await context.sql.values({
		sql: `SELECT e.actor, e.at, e.idx, substr(e.object, 9) FROM json_each(?) o
			JOIN ledger_entry e ON e.object = o.value WHERE e.action = 'register-version'`,
		params: [JSON.stringify(objects)],
	})) as unknown as [string, number, number, string][]
	return new Map(rows.map(([who, at, entry, name]) => [name, { who, at: formatTime(at), entry }]))
}

/** Who set each revision of what serves there, by `model/environment/revision`. */
export async function deployers(
	context: Context,
	places: readonly { model: string; environment: string }[],
): Promise<Map<string, LedgerRef>> {
	const objects = [...new Set(places.map((p) => `deployment:${p.model}/${p.environment}`))]
	const rows = (await context.sql.values({
		sql: `SELECT e.actor, e.at, e.idx, substr(e.object, 12) || '/' || json_extract(e.entry, '$.details.revision')
			FROM json_each(?) o JOIN ledger_entry e ON e.object = o.value WHERE e.action = 'set-deployment'`,
		params: [JSON.stringify(objects)],
	})) as unknown as [string, number, number, string][]
	return new Map(rows.map(([who, at, entry, name]) => [name, { who, at: formatTime(at), entry }]))
}

/** Who set one revision. */
export async function deployer(
	context: Context,
	{ model, environment, revision }: { model: string; environment: string; revision: number },
): Promise<LedgerRef | null> {
	const [row] = (await context.sql.values({
		sql: `SELECT actor, at, idx, NULL FROM ledger_entry WHERE object = ? AND action = 'set-deployment'
			AND json_extract(entry, '$.details.revision') = ? LIMIT 1`,
		params: [`deployment:${model}/${environment}`, revision],
	})) as unknown as Row[]
	return row ? toLedgerRef(row) : null
}
