import { sameBytes, sha256Hex, toHex } from '../../core/bytes.ts'
import type { Sql } from '../../db/sql.ts'
import type { LedgerEntry } from '../../ledger/entry.ts'
import type { Failures } from '../../ledger/verify-log.ts'
import {
	changesSince,
	lastCommitState,
	readTouched,
	rowName,
	stateRoot,
	type Touched,
} from './commit-state.ts'
import { allGovernedRows, committedDigests, type GovernedRow } from './governed-rows.ts'
import { type GovernedTable, governedTables, keySql } from './governed-tables.ts'

/** Whether the stored digests of an entry `commit-state` have the root that the entry has. */
export async function verifyCommitState(
	sql: Sql,
	index: number,
	{ details = {} }: LedgerEntry,
	failures: Failures,
): Promise<void> {
	const rows = await sql.all<{ position: number; table: string; key: string; digest: Uint8Array | null }>({
		sql: 'SELECT position, tbl AS "table", key, digest FROM ledger_state WHERE entry = ? ORDER BY position',
		params: [index],
	})
	const isWhole = rows.length === details.rows && rows.every(({ position }, i) => position === i)
	if (!isWhole || toHex(await stateRoot(rows)) !== details.root)
		failures.add(
			'mismatch',
			`ledger_state of entry ${index}`,
			'The digests of rows are not those that the entry commits to.',
		)
}

/**
 * Compares each row of the governed tables with the digest that the ledger committed to last. A row that changed since is
 * explained by an entry that follows. Returns how many rows were compared.
 */
export async function verifyState(sql: Sql, failures: Failures): Promise<number> {
	const { upTo } = await lastCommitState(sql)
	await checkStrayStates(sql, failures)
	let rows = 0
	for (const governed of governedTables) {
		try {
			rows += await verifyTable(sql, governed, failures)
		} catch (error) {
			failures.add('mismatch', governed.table, `It cannot be read: ${(error as Error).message}`)
		}
	}
	const { mismatches } = await changesSince(sql, await readTouched(sql), upTo)
	for (const { where, what } of mismatches) failures.add('mismatch', where, what)
	return rows
}

/** Digests under an index that is no entry `commit-state`: nothing commits to them. */
async function checkStrayStates(sql: Sql, failures: Failures): Promise<void> {
	const rows = await sql.all<{ entry: number }>({
		sql: `SELECT DISTINCT entry FROM ledger_state s WHERE NOT EXISTS
			(SELECT 1 FROM ledger_entry e WHERE e.idx = s.entry AND e.action = 'commit-state') LIMIT 10`,
	})
	for (const { entry } of rows)
		failures.add('mismatch', `ledger_state of entry ${entry}`, 'There is no such entry that commits to it.')
}

async function verifyTable(sql: Sql, governed: GovernedTable, failures: Failures): Promise<number> {
	const { table } = governed
	let count = 0
	const suspects: string[] = []
	for await (const rows of allGovernedRows(sql, governed)) {
		count += rows.size
		suspects.push(...(await differing(sql, table, rows)))
		for (const [key, row] of rows) await checkContent(governed, key, row, failures)
	}
	const [total] = await sql.all<{ rows: number }>({ sql: `SELECT count(*) AS rows FROM ${table}` })
	const hidden = (total?.rows ?? 0) - count
	if (hidden > 0)
		failures.add('mismatch', table, `${hidden} of its rows have no key, so nothing commits to them.`)
	const deleted = await deletedRows(sql, governed)
	// Rows that changed since the last commit are `changesSince`'s.
	const touched = new Set(
		(await readTouched(sql)).filter((t) => t.table === table).map((t: Touched) => t.key),
	)
	for (const key of suspects)
		if (!touched.has(key))
			failures.add('mismatch', rowName(table, key), 'The row is not the one that the ledger commits to.')
	for (const key of deleted)
		if (!touched.has(key))
			failures.add('mismatch', rowName(table, key), 'The row was deleted, and the ledger commits to it.')
	return count
}

async function differing(sql: Sql, table: string, rows: ReadonlyMap<string, GovernedRow>): Promise<string[]> {
	const committed = await committedDigests(sql, table, [...rows.keys()])
	return [...rows].flatMap(([key, { digest }]) => {
		const wanted = committed.get(key)
		return wanted && sameBytes(wanted, digest) ? [] : [key]
	})
}

const deletedRows = async (sql: Sql, governed: GovernedTable): Promise<string[]> => {
	const rows = await sql.all<{ key: string }>({
		sql: `SELECT s.key AS key FROM ledger_state s WHERE s.tbl = ?1 AND s.digest IS NOT NULL
				AND s.entry = (SELECT max(entry) FROM ledger_state WHERE tbl = ?1 AND key = s.key)
				AND s.key NOT IN (SELECT ${keySql(governed)} FROM ${governed.table})`,
		params: [governed.table],
	})
	return rows.map(({ key }) => key)
}

/** Content that is named by its own digest. */
async function checkContent(
	{ table }: GovernedTable,
	key: string,
	{ values }: GovernedRow,
	failures: Failures,
): Promise<void> {
	if (!['rule_set', 'reason_table', 'request', 'background'].includes(table)) return
	const content = String(table === 'request' ? values.action : values.content)
	const digest = String(table === 'request' ? values.action_digest : values.digest).replace('sha256:', '')
	if ((await sha256Hex(content)) !== digest)
		failures.add('mismatch', rowName(table, key), 'Its content does not have its digest.')
}
