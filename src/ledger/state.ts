import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '../core/bytes.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { leafHash } from './tree.ts'

// What entries `commit-state` commit to: digests of rows of tables that decide who may do what, and what serves.

export type StateValue = string | number | null | Uint8Array

/** SHA-256 over the values by their names, without those that are null; of a blob, its digest counts. */
export function rowDigest(values: Readonly<Record<string, StateValue>>): Uint8Array {
	const counted = Object.entries(values)
		.filter(([, value]) => value !== null)
		.map(([name, value]) => [name, value instanceof Uint8Array ? { sha256: toHex(sha256(value)) } : value])
	return sha256(utf8(canonicalJson(Object.fromEntries(counted))))
}

/** A leaf of the tree over what one entry commits to. `key` is the JSON array of the row's key; null: the row is deleted. */
export const stateLeaf = (table: string, key: string, digest: Uint8Array | null): Uint8Array =>
	leafHash(canonicalJson([table, key, digest && toHex(digest)]))
