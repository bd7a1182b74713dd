import type { Statement } from '../../db/sql.ts'
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
