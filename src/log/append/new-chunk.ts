import type { SeriesRef } from '../../core/series.ts'
import { dayMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { selectRows } from '../../summaries/inputs/select-rows.ts'
import type { Codec } from '../codec/codec.ts'
import { encodeRows, requireVault } from '../codec/encrypted-rows.ts'
import { isEncrypted } from '../join/subject-name.ts'
import type { Hashes } from '../keys/key-index.ts'
import { kindNumber, rowStatus } from '../row-kinds.ts'
import type { CommitBatch, Writer } from './commit-batch.ts'
import type { AppendItem } from './deduplicate.ts'

/** Accepted rows of an item that become one chunk: they are of one series and one UTC day (days since the epoch). */
export type NewChunk = {
	id: number
	item: AppendItem
	/** Positions in the item's batch; the i-th becomes row i of the chunk. */
	rows: Int32Array
	hashes: Hashes
	seriesRef: SeriesRef
	day: number
}

const textAt = (batch: RowBatch, index: number) => (index === -1 ? '' : (batch.strings[index] as string))

export const seriesRefOf = (model: string, batch: RowBatch, row: number): SeriesRef => ({
	model,
	version: textAt(batch, batch.versions[row] as number),
	environment: textAt(batch, batch.environments[row] as number),
})

/** Splits the accepted rows by version, environment and UTC day, in order of first appearance, and numbers the chunks. */
export function splitIntoChunks(
	commit: CommitBatch,
	item: AppendItem,
	hashes: Hashes,
	statuses: Uint8Array,
): NewChunk[] {
	const { batch } = item
	const byKey = new Map<string, { seriesRef: SeriesRef; day: number; rows: number[] }>()
	let lastKey = ''
	let last: { rows: number[] } | undefined
	for (let r = 0; r < batch.rows; r++) {
		if (statuses[r] !== rowStatus.accepted) continue
		const day = Math.floor((batch.timestamps[r] as number) / dayMs)
		const key = `${batch.versions[r]} ${batch.environments[r]} ${day}`
		if (key !== lastKey || !last) {
			let entry = byKey.get(key)
			if (!entry) {
				entry = { seriesRef: seriesRefOf(item.model, batch, r), day, rows: [] }
				byKey.set(key, entry)
			}
			last = entry
			lastKey = key
		}
		last.rows.push(r)
	}
	return [...byKey.values()].map(({ seriesRef, day, rows }) => ({
		id: ++commit.lastChunk,
		item,
		rows: Int32Array.from(rows),
		hashes,
		seriesRef,
		day,
	}))
}

/** Adds the insert of the chunk and its keys to the commit, and notes its rows for the ledger. `binsId`: what its input summaries were made with. */
export async function storeChunk(
	writer: Writer,
	commit: CommitBatch,
	{ id, item, rows, hashes, seriesRef, day }: NewChunk,
	binsId: number | undefined,
): Promise<void> {
	const series = writer.series.idOf({ ...seriesRef, segment: '', value: '' })
	const head = { kind: kindNumber[item.kind], series, day, binsId: binsId ?? null }
	const batch = (await isEncrypted(writer, item.model))
		? { ...item.batch, keys: await newKeys(writer, item.batch.rows, rows, hashes) }
		: item.batch
	commit.statements.push(await chunkInsert(writer.codec, id, head, batch, rows), {
		sql: 'INSERT INTO log_unsealed (chunk) VALUES (?)',
		params: [id],
	})
	commit.newKeys.push({ hashes, rows, chunk: id })
}

/** References to new keys of the rows, each with the hash of its id, which the key index is made of. */
async function newKeys(
	{ codec }: Pick<Writer, 'codec'>,
	all: number,
	rows: Int32Array,
	{ high, low }: Hashes,
): Promise<string[]> {
	const id = await requireVault(codec.vault).create(rows.length)
	const keys = new Array<string>(all).fill('')
	rows.forEach((r, row) => {
		keys[r] = `${id}:${row}:${high[r]}:${low[r]}`
	})
	return keys
}

/** The insert of one chunk with the chosen rows. Without an id it gets one above all others. */
export async function chunkInsert(
	codec: Codec,
	id: number | undefined,
	head: { kind: number; series: number; day: number; binsId: number | null },
	batch: RowBatch,
	rows: Int32Array,
): Promise<Statement> {
	const part = rows.length === batch.rows ? batch : selectRows(batch, rows)
	let from = Number.POSITIVE_INFINITY
	let to = Number.NEGATIVE_INFINITY
	for (const at of part.timestamps) {
		if (at < from) from = at
		if (at > to) to = at
	}
	const { kind, series, day, binsId } = head
	const { ids, body } = await encodeRows(codec, part)
	return {
		sql: `INSERT INTO log_chunk (id, kind, series, day, rows, from_ms, to_ms, grid, ids, body)
			VALUES (coalesce(?, (SELECT max(id) + 1 FROM log_chunk)), ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		params: [id ?? null, kind, series, day, part.rows, from, to, binsId, ids, body],
	}
}
