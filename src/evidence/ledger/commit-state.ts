import type { Context } from '../../context.ts'
import { sameBytes, toHex } from '../../core/bytes.ts'
import { groupBy } from '../../core/maps.ts'
import { type Change, commit } from '../../db/commit.ts'
import type { Sql } from '../../db/sql.ts'
import { stateLeaf } from '../../ledger/state.ts'
import { joinHashes, MemoryTree } from '../../ledger/tree.ts'
import { committedDigests, type GovernedRow, readGovernedRows, rowsAtOnce } from './governed-rows.ts'
import { type GovernedTable, governedTables, type StateRow } from './governed-tables.ts'

/** Where stored data is not what the ledger says, and how. */
export type Mismatch = { where: string; what: string }

const committer = { id: 'job:checkpoint', how: 'job' } as const

export type Touched = { table: string; key: string; mark: number; found: number }
type NewState = { table: string; key: string; digest: Uint8Array | null }

/**
 * Commits to the rows of governed tables that changed since the last time: one entry `commit-state`. A change that no entry
 * explains was not made by Plumbline: then nothing is committed, and the mismatches are returned.
 */
export async function commitState(context: Context): Promise<{ rows: number; mismatches: Mismatch[] }> {
	const { upTo: since } = await lastCommitState(context.sql)
	const upTo = await ledgerSize(context.sql)
	const touched = await readTouched(context.sql)
	const { states, found, mismatches } = await changesSince(context.sql, touched, since)
	if (touched.length === 0 || mismatches.length > 0) return { rows: 0, mismatches }
	const root = toHex(await stateRoot(states))
	const details = { rows: states.length, root, upTo, ...(found > 0 ? { baseline: found } : {}) }
	const entries = states.length === 0 ? [] : [{ action: 'commit-state', object: 'state', details }]
	await commit(context, committer, entries, [...stateInserts(states), ...touchedDeletes(touched)])
	return { rows: states.length, mismatches }
}

/** The root over what one entry `commit-state` commits to, in its order. */
export const stateRoot = (states: readonly NewState[]): Promise<Uint8Array> =>
	new MemoryTree(joinHashes(states.map(({ table, key, digest }) => stateLeaf(table, key, digest)))).root()

/** The last entry `commit-state`, and the size of the ledger that its rows were read at. */
export async function lastCommitState(sql: Sql): Promise<{ entry: number; upTo: number }> {
	const [last] = await sql.all<{ entry: number; upTo: number | null }>({
		sql: `SELECT idx AS entry, entry ->> '$.details.upTo' AS upTo FROM ledger_entry
			WHERE action = 'commit-state' ORDER BY idx DESC LIMIT 1`,
	})
	return { entry: last?.entry ?? -1, upTo: last?.upTo ?? 0 }
}

async function ledgerSize(sql: Sql): Promise<number> {
	const [row] = await sql.all<{ size: number }>({
		sql: 'SELECT coalesce(max(idx) + 1, 0) AS size FROM ledger_entry',
	})
	return row?.size ?? 0
}

export const readTouched = (sql: Sql): Promise<Touched[]> =>
	sql.all<Touched>({ sql: 'SELECT tbl AS "table", key, mark, found FROM ledger_touched' })

/** What touched rows are now, where that is not what was committed; and those whose change no entry since explains. */
export async function changesSince(
	sql: Sql,
	touched: readonly Touched[],
	since: number,
): Promise<{ states: NewState[]; found: number; mismatches: Mismatch[] }> {
	const result = { states: [] as NewState[], found: 0, mismatches: [] as Mismatch[] }
	for (const [table, ofTable] of groupBy(touched, (t) => t.table)) {
		const governed = governedTables.find((g) => g.table === table)
		if (!governed) {
			result.mismatches.push({
				where: table,
				what: 'ledger_touched names it, but it is not a governed table',
			})
			continue
		}
		const isNew = !(await hasStates(sql, table))
		const named = ofTable.filter(({ key }) => isKey(governed, key))
		if (named.length < ofTable.length)
			result.mismatches.push({ where: table, what: 'ledger_touched names a row by what is not its key' })
		for (let at = 0; at < named.length; at += rowsAtOnce) {
			const part = named.slice(at, at + rowsAtOnce)
			const changes = await changesOf(sql, governed, part)
			const foundRows = isNew ? new Set(part.filter((t) => t.found === 1).map((t) => t.key)) : undefined
			const asked = changes.filter(({ key }) => !foundRows?.has(key))
			result.found += changes.length - asked.length
			result.states.push(...changes.map(({ key, now }) => ({ table, key, digest: now?.digest ?? null })))
			result.mismatches.push(...(await unexplained(sql, governed, asked, since)))
		}
	}
	return result
}

/** Triggers write arrays of the values of the key; anything else was written by somebody else. */
function isKey({ key }: GovernedTable, text: string): boolean {
	try {
		const values: unknown = JSON.parse(text)
		return Array.isArray(values) && values.length === key.length
	} catch {
		return false
	}
}

async function hasStates(sql: Sql, table: string): Promise<boolean> {
	const rows = await sql.all({
		sql: 'SELECT 1 AS one FROM ledger_state WHERE tbl = ? LIMIT 1',
		params: [table],
	})
	return rows.length > 0
}

type RowChange = { key: string; now: GovernedRow | undefined; before: Uint8Array | null | undefined }

/** Touched rows that differ from what was committed. */
async function changesOf(
	sql: Sql,
	governed: GovernedTable,
	touched: readonly Touched[],
): Promise<RowChange[]> {
	const keys = touched.map((t) => t.key)
	const before = await committedDigests(sql, governed.table, keys)
	const now = await readGovernedRows(sql, governed, keys)
	return keys
		.map((key) => ({ key, now: now.get(key), before: before.get(key) }))
		.filter(({ now, before }) => !isSame(now?.digest, before ?? undefined))
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
	a === undefined || b === undefined ? a === b : sameBytes(a, b)

/** A row as people name it: `access_key key_01J…`, `deployment credit/production/3`. */
export const rowName = (table: string, key: string): string =>
	`${table} ${(JSON.parse(key) as unknown[]).map(String).join('/')}`

async function unexplained(
	sql: Sql,
	governed: GovernedTable,
	changes: readonly RowChange[],
	since: number,
): Promise<Mismatch[]> {
	const mismatches: Mismatch[] = []
	const entries = await entriesSince(
		sql,
		changes.flatMap((change) => [...objectsOf(governed, change), erasedObject(governed, change)]),
		since,
	)
	for (const change of changes) {
		const where = rowName(governed.table, change.key)
		const { explainedBy } = governed
		const verb = change.now ? (change.before ? 'was changed' : 'was added') : 'was deleted'
		if (change.before && isErasure(governed, change, entries)) continue
		if (change.before && governed.isFixed)
			mismatches.push({ where, what: `the row ${verb}, although rows of this table never change` })
		else if (explainedBy && !isExplained(governed, change, entries)) {
			const objects = objectsOf(governed, change).join(' or ')
			const what = `the row ${verb}, but the ledger has no entry for it from entry ${since} on (${explainedBy.actions.join(', ')} of ${objects})`
			mismatches.push({ where, what })
		}
	}
	return mismatches
}

const keyValues = ({ key }: GovernedTable, text: string): StateRow => {
	const values = JSON.parse(text) as StateRow[string][]
	return Object.fromEntries(key.map((column, i) => [column, values[i] ?? null]))
}

const objectsOf = (governed: GovernedTable, { key, now }: RowChange): string[] =>
	governed.explainedBy?.objects({ key: keyValues(governed, key), row: now?.values }) ?? []

/** Values of a person are erased from any table; an entry names the row. */
const erasedObject = ({ table }: GovernedTable, { key }: RowChange): string =>
	`row:${table}/${(JSON.parse(key) as unknown[]).join('/')}`

const isErasure = (governed: GovernedTable, change: RowChange, entries: Map<string, Explaining[]>): boolean =>
	entries.get(erasedObject(governed, change))?.some(({ action }) => action === 'erase-rows') === true

type Explaining = { object: string; action: string; actor: string }

function isExplained(
	governed: GovernedTable,
	change: RowChange,
	entries: Map<string, Explaining[]>,
): boolean {
	const { actions = [], actor } = governed.explainedBy ?? {}
	const wanted = change.now && actor?.(change.now.values)
	return objectsOf(governed, change).some((object) =>
		entries
			.get(object)
			?.some((e) => actions.includes(e.action) && (wanted === undefined || e.actor === wanted)),
	)
}

async function entriesSince(
	sql: Sql,
	objects: readonly string[],
	since: number,
): Promise<Map<string, Explaining[]>> {
	const rows = await sql.all<Explaining>({
		sql: `SELECT DISTINCT object, action, actor FROM ledger_entry
			WHERE object IN (SELECT value FROM json_each(?)) AND idx >= ?`,
		params: [JSON.stringify([...new Set(objects)]), since],
	})
	return groupBy(rows, (e) => e.object)
}

const statesAtOnce = 1000

/** In the commit of the entry: its index is the next one. */
function stateInserts(states: readonly NewState[]): Change[] {
	const changes: Change[] = []
	for (let at = 0; at < states.length; at += statesAtOnce) {
		const part = states.slice(at, at + statesAtOnce)
		const rows = part.map(({ table, key, digest }) => [table, key, digest && toHex(digest)])
		changes.push({
			query: {
				sql: `INSERT INTO ledger_state (entry, position, tbl, key, digest)
					SELECT (SELECT coalesce(max(idx) + 1, 0) FROM ledger_entry), ? + key, value ->> 0, value ->> 1, unhex(value ->> 2)
					FROM json_each(?)`,
				params: [at, JSON.stringify(rows)],
			},
		})
	}
	return changes
}

/** A row that changed again since it was read stays. */
function touchedDeletes(touched: readonly Touched[]): Change[] {
	const changes: Change[] = []
	for (let at = 0; at < touched.length; at += statesAtOnce)
		changes.push({
			query: {
				sql: `DELETE FROM ledger_touched WHERE (tbl, key, mark) IN
					(SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))`,
				params: [JSON.stringify(touched.slice(at, at + statesAtOnce).map((t) => [t.table, t.key, t.mark]))],
			},
		})
	return changes
}
