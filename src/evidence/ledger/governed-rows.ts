import type { Sql } from '../../db/sql.ts'
import { rowDigest, type StateValue } from '../../ledger/state.ts'
import { type GovernedTable, keySql, type StateRow } from './governed-tables.ts'

/** A row as it is now. */
export type GovernedRow = { values: StateRow; digest: Uint8Array }

/** How many rows are read at once: those of baselines are large. */
export const rowsAtOnce = 200

const selected = (governed: GovernedTable) =>
	`${keySql(governed)} AS "$key", ${[...governed.key, ...governed.columns].map((c) => `"${c}"`).join(', ')}`

function toRows(rows: StateRow[]): Map<string, GovernedRow> {
	return new Map(
		rows.map(({ $key, ...values }) => [String($key), { values, digest: rowDigest(values) }] as const),
	)
}

/** The rows with the given keys, those that exist. */
export async function readGovernedRows(
	sql: Sql,
	governed: GovernedTable,
	keys: readonly string[],
): Promise<Map<string, GovernedRow>> {
	const columns = governed.key.map((c) => `"${c}"`).join(', ')
	const values = governed.key.map((_, i) => `value ->> ${i}`).join(', ')
	const rows = await sql.all<StateRow>({
		sql: `SELECT ${selected(governed)} FROM ${governed.table} WHERE (${columns}) IN (SELECT ${values} FROM json_each(?))`,
		params: [`[${keys.join(',')}]`],
	})
	return toRows(rows)
}

/** All rows by key, some at a time. */
export async function* allGovernedRows(
	sql: Sql,
	governed: GovernedTable,
): AsyncGenerator<Map<string, GovernedRow>> {
	const columns = governed.key.map((c) => `"${c}"`).join(', ')
	const marks = governed.key.map(() => '?').join(', ')
	let after: StateValue[] | undefined
	do {
		const rows = await sql.all<StateRow>({
			sql: `SELECT ${selected(governed)} FROM ${governed.table}
				${after ? `WHERE (${columns}) > (${marks})` : ''} ORDER BY ${columns} LIMIT ${rowsAtOnce}`,
			params: after ?? [],
		})
		const last = rows.length === rowsAtOnce ? rows.at(-1) : undefined
		after = last && governed.key.map((column) => last[column] ?? null)
		yield toRows(rows)
	} while (after)
}

/** What the ledger committed to last for each key: null for a row that was deleted then. */
export async function committedDigests(
	sql: Sql,
	table: string,
	keys: readonly string[],
): Promise<Map<string, Uint8Array | null>> {
	const rows = await sql.all<{ key: string; digest: Uint8Array | null }>({
		sql: `SELECT s.key AS key, s.digest AS digest FROM json_each(?1) j JOIN ledger_state s ON s.tbl = ?2 AND s.key = j.value
			WHERE s.entry = (SELECT max(entry) FROM ledger_state WHERE tbl = ?2 AND key = j.value)`,
		params: [JSON.stringify(keys), table],
	})
	return new Map(rows.map(({ key, digest }) => [key, digest]))
}
