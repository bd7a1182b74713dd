import { dayMs } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { decodeKeys } from '../../ledger/row-keys.ts'
import { leafHashes, rootAndBlocks } from '../../ledger/row-leaves.ts'
import { hashBytes } from '../../ledger/tree.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { RowsLockedError } from '../codec/row-vault.ts'
import { kindNumber, type RowKind } from '../row-kinds.ts'
import type { ChunkStore } from './chunk-store.ts'
import { rowPayloads } from './row-payload.ts'

/** Rows of a seal: chunks as ingest stored them, in order, wherever their rows are now. */
export type SealedRows = {
	model: string
	kind: RowKind
	chunks: readonly { chunk: number; rows: number }[]
	/** The keys of all rows, as `encodeKeys` gives them. */
	keys: Uint8Array
	/** The leaves of rows that were erased. */
	erased: readonly { row: number; leaf: Uint8Array }[]
}

/** What is wrong with the stored rows of a chunk. `isLocked`: this process lacks the keys of encrypted rows; another can read them. */
export type RowFault = { chunk: number; what: string; isLocked?: true }

/** `blocks`: the hashes of each 256 rows. Rows that cannot be read count as zeros. */
export type RowHashes = { root: Uint8Array; blocks: Uint8Array; faults: RowFault[] }

/** Reads rows of seals and hashes them. */
export const sealReads = (sql: Sql, store: ChunkStore) => ({
	/** The root over all rows, from where they are stored now; each must be in a chunk of its own series and day. */
	async hashRows(sealed: SealedRows): Promise<RowHashes> {
		store.forget()
		const { leaves, faults } = await readLeaves(sql, store, sealed, 0, rowsOf(sealed))
		return { ...(await rootAndBlocks(leaves)), faults }
	},

	/** The leaf hashes of the rows in [from, to), and the payload of one of them unless it is erased. */
	async rowLeaves(sealed: SealedRows, from: number, to: number, wanted?: number) {
		const { leaves, payload } = await readLeaves(sql, store, sealed, from, to, wanted)
		return { leaves, payload }
	},
})
export type SealReads = ReturnType<typeof sealReads>

const rowsOf = ({ chunks }: SealedRows): number => chunks.reduce((sum, { rows }) => sum + rows, 0)

async function readLeaves(
	sql: Sql,
	store: ChunkStore,
	sealed: SealedRows,
	from: number,
	to: number,
	wanted?: number,
): Promise<{ leaves: Uint8Array; payload: string | undefined; faults: RowFault[] }> {
	const erased = new Map(sealed.erased.map(({ row, leaf }) => [row, leaf]))
	const keys = { keys: decodeKeys(sealed.keys), erased }
	const leaves = new Uint8Array((to - from) * hashBytes)
	const faults: RowFault[] = []
	let payload: string | undefined
	let first = 0
	for (const { chunk, rows } of sealed.chunks) {
		const [start, end] = [Math.max(from, first), Math.min(to, first + rows)]
		const at = first
		first += rows
		if (start >= end) continue
		const read = await readRows(sql, store, sealed, { chunk, rows }, (row) => erased.has(at + row))
		if (typeof read !== 'function') faults.push({ chunk, ...read })
		const payloadOf = (row: number) => (typeof read === 'function' ? read(row - at) : undefined)
		leaves.set(leafHashes(keys, start, end, payloadOf), (start - from) * hashBytes)
		if (wanted !== undefined && wanted >= start && wanted < end && !erased.has(wanted))
			payload = payloadOf(wanted)
	}
	return { leaves, payload, faults }
}

type RowLocation = {
	chunk: number
	first: number
	kind: number
	day: number
	rows: number
	from: number
	to: number
	model: string | null
	version: string
	environment: string
	segment: string
}

type Unreadable = Omit<RowFault, 'chunk'>

/** The payloads of the rows of a chunk, or what is wrong with them. */
async function readRows(
	sql: Sql,
	store: ChunkStore,
	{ model, kind }: SealedRows,
	{ chunk: id, rows }: { chunk: number; rows: number },
	isErased: (row: number) => boolean,
): Promise<((row: number) => string) | Unreadable> {
	const found = await findChunk(sql, store, id)
	if (!found) return { what: 'Its rows are missing.' }
	if ('what' in found) return found
	const { place, batch } = found
	const { first } = place
	if (place.kind !== kindNumber[kind] || place.model !== model || place.segment !== '')
		return { what: `It is not filed under ${kind} rows of ${model}.` }
	if (place.rows !== batch.rows || first + rows > batch.rows)
		return { what: `It has ${Math.max(0, batch.rows - first)} of ${rows} rows.` }
	for (let row = 0; row < rows; row++)
		if (!isErased(row) && !isInPlace(place, batch, first + row))
			return { what: 'It is filed under another version, environment or time than its rows.' }
	const payloadOf = rowPayloads(batch, kind)
	return (row) => payloadOf(first + row)
}

function isInPlace(
	{ day, from, to, version, environment }: RowLocation,
	batch: RowBatch,
	row: number,
): boolean {
	const at = batch.timestamps[row] as number
	const text = (index: number | undefined) => batch.strings[index ?? -1] ?? ''
	return (
		at >= from &&
		at <= to &&
		Math.floor(at / dayMs) === day &&
		text(batch.versions[row]) === version &&
		text(batch.environments[row]) === environment
	)
}

/** Tries twice: a chunk may be folded into another one after it was looked up. `what` says why it cannot be read. */
async function findChunk(
	sql: Sql,
	store: ChunkStore,
	id: number,
): Promise<{ place: RowLocation; batch: RowBatch } | Unreadable | undefined> {
	for (let attempt = 0; attempt < 2; attempt++) {
		const [place] = await sql.all<RowLocation>({
			sql: `SELECT c.id AS chunk, coalesce(a.first, 0) AS first, c.kind AS kind, c.day AS day, c.rows AS rows,
				c.from_ms AS "from", c.to_ms AS "to", s.model AS model, s.version AS version, s.environment AS environment,
				s.segment AS segment
				FROM (SELECT ?1 AS id) q LEFT JOIN log_alias a ON a.id = q.id
				JOIN log_chunk c ON c.id = coalesce(a.target, q.id) LEFT JOIN log_series s ON s.id = c.series`,
			params: [id],
		})
		if (!place) continue
		try {
			const chunk = await store.chunk(place.chunk)
			if (chunk) return { place, batch: chunk.batch }
		} catch (error) {
			const isLocked = error instanceof RowsLockedError
			return { what: `It cannot be read: ${(error as Error).message}`, ...(isLocked ? { isLocked } : {}) }
		}
	}
	return undefined
}
