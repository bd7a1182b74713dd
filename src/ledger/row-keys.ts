import { sha256 } from '@noble/hashes/sha2.js'

// One key for each row of a batch from one seed, of which single keys can be destroyed: the tree of Goldreich, Goldwasser
// and Micali (How to construct random functions, 1986), punctured as in Boneh and Waters (Constrained pseudorandom
// functions, 2013). A node's children are SHA-256(0 || node) and SHA-256(1 || node); the key of row i is the leaf that the
// bits of i lead to, the highest first.

export const keyBytes = 32

/** A node whose subtree is known: all leaves from index * 2^level to (index + 1) * 2^level, exclusive. */
export type KeyNode = { level: number; index: number; key: Uint8Array }

const input = new Uint8Array(1 + keyBytes)
function childOf(key: Uint8Array, bit: 0 | 1): Uint8Array {
	input[0] = bit
	input.set(key, 1)
	return sha256(input)
}

/** The height of the tree for a number of rows. */
export const heightFor = (rows: number): number => Math.ceil(Math.log2(Math.max(1, rows)))

/** The whole tree: nothing is destroyed. `seed` has 32 bytes. */
export const keysFromSeed = (seed: Uint8Array, rows: number): KeyNode[] => [
	{ level: heightFor(rows), index: 0, key: seed },
]

const covers = ({ level, index }: KeyNode, row: number) => Math.floor(row / 2 ** level) === index

/** The key of a row; undefined once it is destroyed. */
export function rowKey(nodes: readonly KeyNode[], row: number): Uint8Array | undefined {
	const node = nodes.find((n) => covers(n, row))
	let key = node?.key
	for (let level = (node?.level ?? 0) - 1; key && level >= 0; level--)
		key = childOf(key, (Math.floor(row / 2 ** level) % 2) as 0 | 1)
	return key
}

/** The keys of the rows in [from, rows) that have one, in order; about two hashes a row. */
export function* rowKeys(
	nodes: readonly KeyNode[],
	rows: number,
	from = 0,
): Generator<{ row: number; key: Uint8Array }> {
	const stack = [...nodes].sort((a, b) => b.index * 2 ** b.level - a.index * 2 ** a.level)
	for (let node = stack.pop(); node; node = stack.pop()) {
		const { level, index, key } = node
		if (index * 2 ** level >= rows || (index + 1) * 2 ** level <= from) continue
		if (level === 0) yield { row: index, key }
		else
			for (const bit of [1, 0] as const)
				stack.push({ level: level - 1, index: 2 * index + bit, key: childOf(key, bit) })
	}
}

/** What is left when the key of a row is destroyed: its node is replaced by the siblings on the path to the row. */
export function puncture(nodes: readonly KeyNode[], row: number): KeyNode[] {
	const node = nodes.find((n) => covers(n, row))
	if (!node) return [...nodes]
	const left = nodes.filter((n) => n !== node)
	let key = node.key
	for (let level = node.level - 1; level >= 0; level--) {
		const at = Math.floor(row / 2 ** level)
		const bit = (at % 2) as 0 | 1
		left.push({ level, index: bit === 0 ? at + 1 : at - 1, key: childOf(key, bit === 0 ? 1 : 0) })
		key = childOf(key, bit)
	}
	return left
}

const nodeBytes = 1 + 4 + keyBytes

/** 37 bytes a node: level, index (big-endian), key. */
export function encodeKeys(nodes: readonly KeyNode[]): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(nodes.length * nodeBytes)
	const view = new DataView(bytes.buffer)
	nodes.forEach(({ level, index, key }, i) => {
		view.setUint8(i * nodeBytes, level)
		view.setUint32(i * nodeBytes + 1, index)
		bytes.set(key, i * nodeBytes + 5)
	})
	return bytes
}

export function decodeKeys(bytes: Uint8Array): KeyNode[] {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
	return Array.from({ length: bytes.length / nodeBytes }, (_, i) => ({
		level: view.getUint8(i * nodeBytes),
		index: view.getUint32(i * nodeBytes + 1),
		key: bytes.slice(i * nodeBytes + 5, (i + 1) * nodeBytes),
	}))
}
