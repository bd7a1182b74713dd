import { emptyRoot, nodeHash, type ReadNode } from './tree.ts'

/** The right edge of a growing tree: the roots of its perfect subtrees. Its root is known at every size, in a few hashes. */
export class Frontier {
	/** From left to right, with their levels: as the bits of `size`. */
	private nodes: { level: number; hash: Uint8Array }[] = []
	size = 0

	/** The tree over the first `size` leaves of one whose nodes are known. */
	static async open(read: ReadNode, size: number): Promise<Frontier> {
		const frontier = new Frontier()
		for (let at = 0, level = 52; level >= 0; level--) {
			const count = 2 ** level
			if (size - at < count) continue
			frontier.nodes.push({ level, hash: await read(level, at / count) })
			at += count
		}
		frontier.size = size
		return frontier
	}

	clone(): Frontier {
		const copy = new Frontier()
		copy.nodes = [...this.nodes]
		copy.size = this.size
		return copy
	}

	add(leaf: Uint8Array): void {
		let node = { level: 0, hash: leaf }
		for (let left = this.nodes.at(-1); left?.level === node.level; left = this.nodes.at(-1)) {
			node = { level: node.level + 1, hash: nodeHash(left.hash, node.hash) }
			this.nodes.pop()
		}
		this.nodes.push(node)
		this.size++
	}

	root(): Uint8Array {
		if (this.nodes.length === 0) return emptyRoot
		return this.nodes.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right))
	}
}
