import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import {
	consistencyProof,
	emptyRoot,
	inclusionProof,
	leafHash,
	MemoryTree,
	nodeHash,
	rootFromInclusion,
	rootsFromConsistency,
} from '../../src/ledger/tree.ts'

const sha256 = (...parts: Uint8Array[]) =>
	new Uint8Array(createHash('sha256').update(Buffer.concat(parts)).digest())

const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => leafHash(`entry ${i}`))
const treeOf = (leaves: readonly Uint8Array[]) => new MemoryTree(new Uint8Array(Buffer.concat(leaves)))

/** The definition of RFC 6962, 2.1, word for word. */
function definedRoot(leaves: readonly Uint8Array[]): Uint8Array {
	if (leaves.length === 0) return sha256()
	if (leaves.length === 1) return leaves[0] as Uint8Array
	let k = 1
	while (2 * k < leaves.length) k *= 2
	return sha256(Uint8Array.of(1), definedRoot(leaves.slice(0, k)), definedRoot(leaves.slice(k)))
}

describe('the Merkle tree', () => {
	it('hashes leaves and nodes as RFC 6962 does', () => {
		expect(leafHash('a')).toEqual(sha256(Uint8Array.of(0), utf8('a')))
		const [a, b] = leavesOf(2) as [Uint8Array, Uint8Array]
		expect(nodeHash(a, b)).toEqual(sha256(Uint8Array.of(1), a, b))
		expect(emptyRoot).toEqual(sha256())
	})

	it('has the defined root at every size up to 70', async () => {
		for (let size = 0; size <= 70; size++) {
			const leaves = leavesOf(size)
			expect(await treeOf(leaves).root()).toEqual(definedRoot(leaves))
		}
	})

	it('proves every leaf of every size up to 40, and no other one', async () => {
		for (let size = 1; size <= 40; size++) {
			const leaves = leavesOf(size)
			const tree = treeOf(leaves)
			const root = await tree.root()
			for (let i = 0; i < size; i++) {
				const proof = await inclusionProof(tree.read, i, size)
				expect(rootFromInclusion(leaves[i] as Uint8Array, i, size, proof)).toEqual(root)
				expect(rootFromInclusion(leafHash('other'), i, size, proof)).not.toEqual(root)
				expect(rootFromInclusion(leaves[i] as Uint8Array, i, size, [...proof, root])).toBeUndefined()
				if (proof.length > 0)
					expect(rootFromInclusion(leaves[i] as Uint8Array, i, size, proof.slice(1))).not.toEqual(root)
			}
		}
	})

	it('proves that each smaller tree is a prefix', async () => {
		const leaves = leavesOf(40)
		for (let size = 1; size <= 40; size++) {
			const tree = treeOf(leaves.slice(0, size))
			const root = await tree.root()
			for (let from = 1; from <= size; from++) {
				const oldRoot = definedRoot(leaves.slice(0, from))
				const proof = await consistencyProof(tree.read, from, size)
				expect(rootsFromConsistency(oldRoot, from, size, proof)).toEqual({ from: oldRoot, size: root })
				const forged = leafHash('forged')
				const roots = rootsFromConsistency(forged, from, size, proof)
				if (roots) expect([roots.from, roots.size]).not.toEqual([forged, root])
			}
		}
	})
})
