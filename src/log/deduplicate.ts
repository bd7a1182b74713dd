import type { RowBatch } from '../summaries/inputs/columns.ts'
import { sameRow } from '../summaries/inputs/select-rows.ts'
import { type ChunkStore, type FoundRow, kindNumber } from './chunk-store.ts'
import { hashKeys, keySpace } from './key-hash.ts'
import type { KeyRuns } from './key-runs.ts'
import type { Location } from './key-table.ts'
import type { RowKind } from './prediction-log.ts'
import type { SeriesTable } from './series-table.ts'

export const rowStatus = { accepted: 0, duplicate: 1, conflict: 2 } as const

export type Item = { model: string; kind: RowKind; batch: RowBatch }
/** Verdicts, and by row what had the same id before it, in the order in which it came. */
export type Deduplicated = { statuses: Uint8Array; earlier: Map<number, { batch: RowBatch; row: number }[]> }
export type Hashes = { high: Uint32Array; low: Uint16Array }

/** Looks rows up by key. Every candidate of the index is checked against the stored row's own id and model. */
export class KeyLookup {
	private readonly keys: Pick<KeyRuns, 'find'>
	private readonly store: ChunkStore
	private readonly series: SeriesTable
	private readonly seed: number

	constructor(keys: Pick<KeyRuns, 'find'>, store: ChunkStore, series: SeriesTable, seed: number) {
		this.keys = keys
		this.store = store
		this.series = series
		this.seed = seed
	}

	hash(model: string, kind: RowKind, ids: readonly string[]): Hashes {
		return hashKeys(this.seed, keySpace[kind], model, ids)
	}

	/** By index into `ids`: the stored rows of that kind with that id, oldest first. */
	async find(
		model: string,
		kind: RowKind,
		ids: readonly string[],
		hashes = this.hash(model, kind, ids),
	): Promise<Map<number, FoundRow[]>> {
		const found = new Map<number, FoundRow[]>()
		for (const [i, locations] of await this.keys.find(hashes)) {
			const resolve = (location: Location) => this.store.resolve(location)
			const rows = await this.check({ model, kind, id: ids[i] as string }, locations, resolve)
			if (rows.length > 0) found.set(i, rows)
		}
		return found
	}

	/** The same for one id, without decoding whole chunks. */
	async findOne(model: string, kind: RowKind, id: string): Promise<FoundRow[]> {
		const locations = (await this.keys.find(this.hash(model, kind, [id]))).get(0) ?? []
		return this.check({ model, kind, id }, locations, (location) => this.store.resolveRow(location))
	}

	chunk(id: number) {
		return this.store.chunk(id)
	}

	/** The row that a location stands for today. */
	resolve(location: Location): Promise<FoundRow | undefined> {
		return this.store.resolve(location)
	}

	private async check(
		{ model, kind, id }: { model: string; kind: RowKind; id: string },
		locations: Location[],
		resolve: (location: Location) => Promise<FoundRow | undefined>,
	): Promise<FoundRow[]> {
		const rows: FoundRow[] = []
		const seen = new Set<string>()
		for (const location of locations.sort((a, b) => a.chunk - b.chunk || a.row - b.row)) {
			const hit = await resolve(location)
			if (!hit || hit.chunk.kind !== kindNumber[kind] || hit.chunk.batch.ids[hit.row] !== id) continue
			if (this.series.get(hit.chunk.series)?.model !== model) continue
			const place = `${hit.place.chunk} ${hit.place.row}`
			if (!seen.has(place)) rows.push(hit)
			seen.add(place)
		}
		return rows
	}
}

/** Ids of feature logs carry what they name, since a subject and a prediction may share a text. */
export const subjectKey = (subject: string): string => `s${subject}`
export const predictionKey = (predictionId: string): string => `p${predictionId}`

/**
 * The verdict on each row of an item, against what is stored and against earlier rows of the same group (`seen`).
 * A prediction's id is taken once. A feature log is the same when subject and time are; an outcome may be corrected,
 * so only an equal one is a duplicate.
 */
export async function deduplicate(
	item: Item,
	hashes: Hashes,
	lookup: KeyLookup,
	seen: Map<string, { batch: RowBatch; row: number }[]>,
): Promise<Deduplicated> {
	const { batch, kind } = item
	const statuses = new Uint8Array(batch.rows)
	const earlierRows: Deduplicated['earlier'] = new Map()
	const stored = await lookup.find(item.model, kind, batch.ids, hashes)
	for (let r = 0; r < batch.rows; r++) {
		const id = batch.ids[r] as string
		const earlier = seen.get(id)
		const known = stored.get(r)
		if (known || earlier) {
			const rows = [...(known ?? []).map((k) => ({ batch: k.chunk.batch, row: k.row })), ...(earlier ?? [])]
			statuses[r] = against(kind, batch, r, rows)
			earlierRows.set(r, rows)
		}
		if (statuses[r] !== rowStatus.accepted) continue
		if (earlier) earlier.push({ batch, row: r })
		else seen.set(id, [{ batch, row: r }])
	}
	return { statuses, earlier: earlierRows }
}

function against(
	kind: RowKind,
	batch: RowBatch,
	row: number,
	rows: { batch: RowBatch; row: number }[],
): number {
	const bySubject = (kind === 'feature' || kind === 'group') && (batch.ids[row] as string).startsWith('s')
	const rivals = bySubject ? rows.filter((k) => k.batch.timestamps[k.row] === batch.timestamps[row]) : rows
	if (rivals.some((k) => sameRow(batch, row, k.batch, k.row))) return rowStatus.duplicate
	return kind === 'outcome' || rivals.length === 0 ? rowStatus.accepted : rowStatus.conflict
}
