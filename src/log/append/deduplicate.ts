import { getOrInsert } from '../../core/maps.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { sameRow } from '../../summaries/inputs/select-rows.ts'
import type { Hashes, KeyLookup } from '../keys/key-index.ts'
import { type RowKind, rowStatus } from '../row-kinds.ts'

/** Rows of one model that are appended together. */
export type AppendItem = { model: string; kind: RowKind; batch: RowBatch }

type BatchRow = { batch: RowBatch; row: number }

/** The status of each row and, by row, the rows with the same id that came before it, in the order of their arrival. */
export type Deduplicated = { statuses: Uint8Array; earlier: Map<number, BatchRow[]> }

/**
 * Compares each row of an item with the stored rows and with the rows `accepted` earlier in the commit, by model and id.
 * A prediction's id is used once. Feature logs and groups of a subject are the same when their times are. An outcome may be
 * corrected, so only an equal one is a duplicate.
 */
export async function deduplicate(
	item: AppendItem,
	hashes: Hashes,
	lookup: KeyLookup,
	accepted: Map<string, Map<string, BatchRow[]>>,
	erased: ReadonlySet<number>,
): Promise<Deduplicated> {
	const { model, batch, kind } = item
	const acceptedById = getOrInsert(accepted, model, () => new Map())
	const statuses = new Uint8Array(batch.rows)
	const earlierRows: Deduplicated['earlier'] = new Map()
	const stored = await lookup.find(model, kind, batch.ids, hashes)
	for (let r = 0; r < batch.rows; r++) {
		if (erased.has(r)) {
			statuses[r] = rowStatus.erased
			continue
		}
		const id = batch.ids[r] as string
		const earlier = acceptedById.get(id)
		const known = stored.get(r)
		if (known || earlier) {
			const rows = [...(known ?? []).map((k) => ({ batch: k.chunk.batch, row: k.row })), ...(earlier ?? [])]
			statuses[r] = statusOf(kind, batch, r, rows)
			earlierRows.set(r, rows)
		}
		if (statuses[r] !== rowStatus.accepted) continue
		if (earlier) earlier.push({ batch, row: r })
		else acceptedById.set(id, [{ batch, row: r }])
	}
	return { statuses, earlier: earlierRows }
}

function statusOf(kind: RowKind, batch: RowBatch, row: number, rows: BatchRow[]): number {
	const bySubject = (kind === 'feature' || kind === 'group') && (batch.ids[row] as string).startsWith('s')
	const rivals = bySubject ? rows.filter((k) => k.batch.timestamps[k.row] === batch.timestamps[row]) : rows
	if (rivals.some((k) => sameRow(batch, row, k.batch, k.row))) return rowStatus.duplicate
	return kind === 'outcome' || rivals.length === 0 ? rowStatus.accepted : rowStatus.conflict
}
