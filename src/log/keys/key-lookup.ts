import type { SeriesTable } from '../append/series-table.ts'
import type { ChunkStore, FoundRow } from '../read/chunk-store.ts'
import { kindNumber, type RowKind } from '../row-kinds.ts'
import { hashKeys } from './key-hash.ts'
import type { Hashes, KeyIndex } from './key-index.ts'
import type { Location } from './key-table.ts'

/** Finds stored rows by id. Each candidate of the index is checked against the stored row's own id and model. */
export class KeyLookup {
	private readonly keys: Pick<KeyIndex, 'find'>
	private readonly store: ChunkStore
	private readonly series: SeriesTable
	private readonly seed: number

	constructor(keys: Pick<KeyIndex, 'find'>, store: ChunkStore, series: SeriesTable, seed: number) {
		this.keys = keys
		this.store = store
		this.series = series
		this.seed = seed
	}

	hash(model: string, kind: RowKind, ids: readonly string[]): Hashes {
		return hashKeys(this.seed, kindNumber[kind], model, ids)
	}

	/** By position in `ids`: the stored rows of that kind with that id, oldest first. */
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
			const at = `${hit.location.chunk} ${hit.location.row}`
			if (!seen.has(at)) rows.push(hit)
			seen.add(at)
		}
		return rows
	}
}
