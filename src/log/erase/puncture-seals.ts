import type { Sql, Statement } from '../../db/sql.ts'
import { decodeKeys, encodeKeys, type KeyNode, puncture, rowKey } from '../../ledger/row-keys.ts'
import { rowLeaf } from '../../ledger/row-leaves.ts'
import type { DigestedRow } from '../prediction-log.ts'
import type { StoredChunk } from '../read/chunk-store.ts'
import { rowPayloads } from '../read/row-payload.ts'
import { kindOfNumber, type RowKind } from '../row-kinds.ts'

type SealLocation = { row: number; seal: number; sealRow: number }

/**
 * What keeps the proofs of these rows valid: their leaves are kept, and their keys are destroyed, without which nobody can try
 * values against a leaf. Rows that no entry commits to yet have neither.
 */
export async function sealUpdates(
	sql: Sql,
	chunk: StoredChunk,
	rows: readonly DigestedRow[],
	{ model, entry }: { model: string; entry: number },
): Promise<Statement[]> {
	const places = await sql.all<SealLocation>({
		// The chunk is as ingest stored it, or others were folded into it.
		sql: `SELECT r.value AS row, s.seal AS seal, s.first + r.value - coalesce(a.first, 0) AS sealRow
			FROM json_each(?2) r JOIN (SELECT ?1 AS id, NULL AS first, NULL AS rows
				UNION ALL SELECT id, first, rows FROM log_alias WHERE target = ?1) a
				ON a.first IS NULL OR (r.value >= a.first AND r.value < a.first + a.rows)
			JOIN log_sealed s ON s.chunk = a.id ORDER BY s.seal`,
		params: [chunk.id, JSON.stringify(rows.map(({ row }) => row))],
	})
	const digests = new Map(rows.map(({ row, idDigest }) => [row, idDigest]))
	const payloadOf = rowPayloads(chunk.batch, kindOfNumber[chunk.kind] as RowKind)
	const seals = new Map<number, KeyNode[]>()
	const statements: Statement[] = []
	for (const { row, seal, sealRow } of places) {
		const keys = seals.get(seal) ?? (await keysOf(sql, seal))
		const key = rowKey(keys, sealRow)
		seals.set(seal, puncture(keys, sealRow))
		if (!key) continue
		statements.push({
			sql: 'INSERT OR IGNORE INTO log_erased (seal, row, model, id_digest, leaf, entry) VALUES (?, ?, ?, ?, ?, ?)',
			params: [seal, sealRow, model, digests.get(row) as Uint8Array, rowLeaf(key, payloadOf(row)), entry],
		})
	}
	for (const [seal, keys] of seals)
		statements.push({ sql: 'UPDATE log_seal SET keys = ? WHERE id = ?', params: [encodeKeys(keys), seal] })
	return statements
}

async function keysOf(sql: Sql, seal: number): Promise<KeyNode[]> {
	const [row] = await sql.all<{ keys: Uint8Array }>({
		sql: 'SELECT keys FROM log_seal WHERE id = ?',
		params: [seal],
	})
	return row ? decodeKeys(row.keys) : []
}
