import type { Statement } from '../../db/sql.ts'
import type { SeriesTable } from '../append/series-table.ts'
import type { ChunkStore, FoundRow } from '../read/chunk-store.ts'
import { kindNumber, type RowKind } from '../row-kinds.ts'
import type { Location } from './key-table.ts'

/** Hashes of keys, 48 bits each. */
export type Hashes = { high: Uint32Array; low: Uint16Array }

/** Keys of a chunk that is not stored yet. `rows` are positions in `hashes`; the i-th becomes row i of the chunk. */
export type NewKeys = { hashes: Hashes; rows: Int32Array; chunk: number }

/** The index's part of a commit. Call `applied` when the commit has succeeded, `failed` when it has not. */
export type Slice = { statements: Statement[]; applied: () => void; failed: () => void }

/** From the hash of a key to the rows that may have it. */
export type KeyIndex = {
	/** By position: where each key may be. Keys without a candidate are left out; candidates must be checked against the row. */
	find(keys: Hashes): Promise<Map<number, Location[]>>
	/** What the commit of `keys` has to carry. The maintenance in it is proportional to `rows`. */
	maintain(rows: number, lastChunk: number, keys: readonly NewKeys[]): Promise<Slice>
	/** Called when the commit of these keys has succeeded. */
	added(keys: readonly NewKeys[]): void
}

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

/**
 * Hashes keys of a model into 48 bits: two multiplicative lanes over UTF-16 code units, and murmur3's finaliser. `space` keeps
 * the kinds of rows apart. Each database has its own seed, so that nobody can prepare ids that collide.
 */
export function hashKeys(
	seed: number,
	space: number,
	model: string,
	ids: readonly string[],
): { high: Uint32Array; low: Uint16Array } {
	const high = new Uint32Array(ids.length)
	const low = new Uint16Array(ids.length)
	let a0 = Math.imul(seed ^ space, 0x9e3779b1)
	let b0 = Math.imul(seed + space, 0x85ebca6b) ^ 0x41c6ce57
	for (let i = 0; i < model.length; i++) {
		a0 = Math.imul(a0 ^ model.charCodeAt(i), 0x9e3779b1)
		b0 = Math.imul(b0 ^ model.charCodeAt(i), 0x5f356495)
	}
	for (let k = 0; k < ids.length; k++) {
		const id = ids[k] as string
		let a = a0 ^ id.length
		let b = b0
		for (let i = 0; i < id.length; i++) {
			const code = id.charCodeAt(i)
			a = Math.imul(a ^ code, 0x9e3779b1)
			a ^= a >>> 15
			b = Math.imul(b ^ code, 0x5f356495)
		}
		a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
		b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
		high[k] = (a ^ (a >>> 16)) >>> 0
		low[k] = (b ^ (b >>> 16)) & 0xffff
	}
	return { high, low }
}
