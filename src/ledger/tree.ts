import { sha256 } from '@noble/hashes/sha2.js'
import { utf8 } from '../core/bytes.ts'

// The Merkle tree of RFC 6962, section 2.1. Hashes have 32 bytes. A node (level, index) is the root of the perfect subtree
// over the leaves from index * 2^level to (index + 1) * 2^level, exclusive.

export const hashBytes = 32

/** The root of a tree without leaves. */
export const emptyRoot: Uint8Array = sha256(new Uint8Array())

/** RFC 6962, 2.1: SHA-256(0x00 || data). A text counts as its UTF-8. */
export function leafHash(data: Uint8Array | string): Uint8Array<ArrayBuffer> {
	const bytes = typeof data === 'string' ? utf8(data) : data
	return sha256.create().update(leafPrefix).update(bytes).digest() as Uint8Array<ArrayBuffer>
}

/** RFC 6962, 2.1: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
	pair.set(left, 1)
	pair.set(right, 1 + hashBytes)
	return sha256(pair) as Uint8Array<ArrayBuffer>
}

const leafPrefix = Uint8Array.of(0)
const pair = new Uint8Array(1 + 2 * hashBytes)
pair[0] = 1

/** Reads the hash of a node, whose subtree must be complete in the tree that is read. */
export type ReadNode = (level: number, index: number) => Promise<Uint8Array>

/** The largest power of two below `n`, as an exponent; `n` is 2 or more. */
const splitLevel = (n: number): number => {
	let level = 0
	while (2 ** (level + 1) < n) level++
	return level
}

/** The root over the leaves [start, end). `start` is a multiple of every power of two that the range is split at. */
async function rangeRoot(read: ReadNode, start: number, end: number): Promise<Uint8Array> {
	const size = end - start
	if (size === 1) return read(0, start)
	const level = splitLevel(size)
	const half = 2 ** level
	if (size === 2 * half) return read(level + 1, start / size)
	return nodeHash(await read(level, start / half), await rangeRoot(read, start + half, end))
}

/** The root of the tree over the first `size` leaves. */
export const rootOf = (read: ReadNode, size: number): Promise<Uint8Array> =>
	size === 0 ? Promise.resolve(emptyRoot) : rangeRoot(read, 0, size)

function checkRange(isInside: boolean, what: string): void {
	if (!isInside) throw new RangeError(what)
}

/** RFC 6962, 2.1.1: the hashes that lead from a leaf to the root, the leaf's sibling first. */
export async function inclusionProof(read: ReadNode, index: number, size: number): Promise<Uint8Array[]> {
	checkRange(index >= 0 && index < size, `leaf ${index} is not in a tree of ${size}`)
	const proof: Uint8Array[] = []
	let [start, end] = [0, size]
	while (end - start > 1) {
		const middle = start + 2 ** splitLevel(end - start)
		if (index < middle) {
			proof.push(await rangeRoot(read, middle, end))
			end = middle
		} else {
			proof.push(await rangeRoot(read, start, middle))
			start = middle
		}
	}
	return proof.reverse()
}

/** RFC 6962, 2.1.2: the hashes that show that the first `from` of `size` leaves are the tree of that size. */
export async function consistencyProof(read: ReadNode, from: number, size: number): Promise<Uint8Array[]> {
	checkRange(from >= 0 && from <= size, `a tree of ${size} has no prefix of ${from}`)
	if (from === 0 || from === size) return []
	const proof: Uint8Array[] = []
	let [start, end] = [0, size]
	while (end !== from) {
		const middle = start + 2 ** splitLevel(end - start)
		if (from <= middle) {
			proof.push(await rangeRoot(read, middle, end))
			end = middle
		} else {
			proof.push(await rangeRoot(read, start, middle))
			start = middle
		}
	}
	if (start > 0) proof.push(await rangeRoot(read, start, end))
	return proof.reverse()
}

/** The root that a proof leads to (RFC 9162, 2.1.3.2). Undefined for a proof of the wrong length. */
export function rootFromInclusion(
	leaf: Uint8Array,
	index: number,
	size: number,
	proof: readonly Uint8Array[],
): Uint8Array | undefined {
	if (!(index >= 0 && index < size)) return undefined
	let [at, last] = [index, size - 1]
	let hash = leaf
	for (const sibling of proof) {
		if (last === 0) return undefined
		if (at % 2 === 1 || at === last) {
			hash = nodeHash(sibling, hash)
			while (at % 2 === 0 && at !== 0) {
				at = Math.floor(at / 2)
				last = Math.floor(last / 2)
			}
		} else hash = nodeHash(hash, sibling)
		at = Math.floor(at / 2)
		last = Math.floor(last / 2)
	}
	return last === 0 ? hash : undefined
}

/** The roots of both sizes that a consistency proof leads to (RFC 9162, 2.1.4.2). Undefined for the wrong length. */
export function rootsFromConsistency(
	oldRoot: Uint8Array,
	from: number,
	size: number,
	proof: readonly Uint8Array[],
): { from: Uint8Array; size: Uint8Array } | undefined {
	if (!(from > 0 && from <= size)) return undefined
	if (from === size) return proof.length === 0 ? { from: oldRoot, size: oldRoot } : undefined
	const path = [...proof]
	if (Number.isInteger(Math.log2(from))) path.unshift(oldRoot)
	let [at, last] = [from - 1, size - 1]
	while (at % 2 === 1) {
		at = Math.floor(at / 2)
		last = Math.floor(last / 2)
	}
	const first = path.shift()
	if (first === undefined) return undefined
	let [a, b] = [first, first]
	for (const hash of path) {
		if (last === 0) return undefined
		if (at % 2 === 1 || at === last) {
			a = nodeHash(hash, a)
			b = nodeHash(hash, b)
			while (at % 2 === 0 && at !== 0) {
				at = Math.floor(at / 2)
				last = Math.floor(last / 2)
			}
		} else b = nodeHash(b, hash)
		at = Math.floor(at / 2)
		last = Math.floor(last / 2)
	}
	return last === 0 ? { from: a, size: b } : undefined
}

/** Hashes one after another, as `MemoryTree` and tiles have them. */
export function joinHashes(hashes: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(hashes.length * hashBytes)
	hashes.forEach((hash, i) => {
		bytes.set(hash, i * hashBytes)
	})
	return bytes
}

/** The hashes of a whole tree in memory, by level, from its leaf hashes one after another. */
export class MemoryTree {
	private readonly levels: Uint8Array[]
	readonly size: number

	constructor(leaves: Uint8Array) {
		this.size = leaves.length / hashBytes
		this.levels = [leaves]
		for (let below = leaves; below.length >= 2 * hashBytes; ) {
			const above = new Uint8Array(Math.floor(below.length / (2 * hashBytes)) * hashBytes)
			for (let at = 0; at < above.length; at += hashBytes) {
				const left = below.subarray(2 * at, 2 * at + hashBytes)
				above.set(nodeHash(left, below.subarray(2 * at + hashBytes, 2 * at + 2 * hashBytes)), at)
			}
			this.levels.push(above)
			below = above
		}
	}

	readonly read: ReadNode = async (level, index) => {
		const hashes = this.levels[level]
		if (!hashes || (index + 1) * hashBytes > hashes.length) throw new RangeError(`no node ${level}/${index}`)
		return hashes.subarray(index * hashBytes, (index + 1) * hashBytes)
	}

	root(): Promise<Uint8Array> {
		return rootOf(this.read, this.size)
	}
}
