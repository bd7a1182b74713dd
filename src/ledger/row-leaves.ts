import { sha256 } from '@noble/hashes/sha2.js'
import { type KeyNode, rowKeys } from './row-keys.ts'
import { hashBytes, MemoryTree, type ReadNode } from './tree.ts'

// The tree over the rows of a seal. The data of a leaf is HMAC-SHA-256(key of the row, canonical JSON of the row): without the
// key nobody can guess a row from its leaf, and once key and row are destroyed the leaf alone keeps proofs valid.

const hmacBlock = 64
const encoder = new TextEncoder()
// Reused: hashing a row makes nothing that has to be collected.
let inner = new Uint8Array(4096)
const outer = new Uint8Array(hmacBlock + hashBytes)
const leafInput = new Uint8Array(1 + hashBytes)

/** RFC 2104 with SHA-256 for a key of 32 bytes; half the time of the library's, which is for any key. */
export function rowLeaf(key: Uint8Array, payload: string): Uint8Array {
	// UTF-8 takes at most three bytes for a UTF-16 code unit.
	const max = hmacBlock + 3 * payload.length
	if (inner.length < max) inner = new Uint8Array(2 * max)
	for (let i = 0; i < hmacBlock; i++) {
		inner[i] = (key[i] ?? 0) ^ 0x36
		outer[i] = (key[i] ?? 0) ^ 0x5c
	}
	const { written } = encoder.encodeInto(payload, inner.subarray(hmacBlock))
	outer.set(sha256(inner.subarray(0, hmacBlock + written)), hmacBlock)
	return sha256(outer)
}

/** `leafHash` of a leaf, whose length is fixed. */
function hashOfLeaf(leaf: Uint8Array): Uint8Array {
	leafInput.set(leaf, 1)
	return sha256(leafInput)
}

/** What rows of a seal are hashed with: their keys, and the leaves of those that are erased. */
export type SealKeys = { keys: readonly KeyNode[]; erased: ReadonlyMap<number, Uint8Array> }

/** The leaf hashes of the rows in [from, to), one after another; all zero for a row without a payload or a key. */
export function leafHashes(
	{ keys, erased }: SealKeys,
	from: number,
	to: number,
	payloadOf: (row: number) => string | undefined,
): Uint8Array {
	const hashes = new Uint8Array((to - from) * hashBytes)
	for (const [row, leaf] of erased)
		if (row >= from && row < to) hashes.set(hashOfLeaf(leaf), (row - from) * hashBytes)
	for (const { row, key } of rowKeys(keys, to, from)) {
		const payload = erased.has(row) ? undefined : payloadOf(row)
		if (payload !== undefined) hashes.set(hashOfLeaf(rowLeaf(key, payload)), (row - from) * hashBytes)
	}
	return hashes
}

const blockLevel = 8
/** Rows whose subtree has a stored hash. */
export const blockRows = 2 ** blockLevel

/** The root over leaf hashes, and the hashes of its whole blocks. */
export async function rootAndBlocks(leaves: Uint8Array): Promise<{ root: Uint8Array; blocks: Uint8Array }> {
	const tree = new MemoryTree(leaves)
	const blocks = new Uint8Array(Math.floor(tree.size / blockRows) * hashBytes)
	for (let i = 0; i * hashBytes < blocks.length; i++)
		blocks.set(await tree.read(blockLevel, i), i * hashBytes)
	return { root: await tree.root(), blocks }
}

/** Nodes of the tree of a seal: from its blocks, and below them from the leaf hashes that `read` gives for rows in [from, to). */
export function nodesOfBlocks(
	blocks: Uint8Array,
	rows: number,
	read: (from: number, to: number) => Promise<Uint8Array>,
): ReadNode {
	const above = new MemoryTree(blocks)
	const below = new Map<number, Promise<MemoryTree>>()
	return async (level, index) => {
		if (level >= blockLevel) return above.read(level - blockLevel, index)
		const perBlock = 2 ** (blockLevel - level)
		const block = Math.floor(index / perBlock)
		let tree = below.get(block)
		if (!tree) {
			const from = block * blockRows
			tree = read(from, Math.min(from + blockRows, rows)).then((leaves) => new MemoryTree(leaves))
			below.set(block, tree)
		}
		return (await tree).read(level, index % perBlock)
	}
}
