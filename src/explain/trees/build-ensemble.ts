import { ArtifactError } from '../model.ts'
import type { TreeEnsemble } from './ensemble.ts'

/** A tree of a file: its nodes in any order, with node 0 as the root. */
export type RawTree = {
	nodes: number
	/** The left child of a node, -1 at leaves. */
	left(node: number): number
	right(node: number): number
	feature(node: number): number
	threshold(node: number): number
	/** Of a leaf. */
	value(node: number): number
	cover(node: number): number
	/** Whether covers may be negative: sums of second derivatives of a loss that is not convex. */
	signedCover?: boolean
	flags(node: number): number
	/** The 32-bit words of a categorical split, or nothing. */
	categories(node: number): Uint32Array | undefined
}

/** Boosting never grows deeper trees; a deeper chain of nodes is an attack on recursive readers. */
const maxTreeDepth = 1000

class Growing<A extends Int32Array | Float64Array | Uint8Array | Uint32Array> {
	array: A
	length = 0
	constructor(array: A) {
		this.array = array
	}
	reserve(more: number): void {
		if (this.length + more <= this.array.length) return
		const Type = this.array.constructor as new (length: number) => A
		const larger = new Type(Math.max(this.length * 2, this.length + more))
		larger.set(this.array as never)
		this.array = larger
	}
	push(value: number): void {
		if (this.length === this.array.length) this.reserve(1)
		this.array[this.length++] = value
	}
	done(): A {
		return this.length === this.array.length ? this.array : (this.array.slice(0, this.length) as A)
	}
}

const ints = () => new Growing(new Int32Array(0))
const floats = () => new Growing(new Float64Array(0))

/** Builds an ensemble: checks that each tree is one, and stores its nodes parents first. */
export class EnsembleBuilder {
	readonly #columns: number
	readonly #outputs: number
	readonly #roots = ints()
	readonly #treeOutput = ints()
	readonly #left = ints()
	readonly #right = ints()
	readonly #feature = ints()
	readonly #threshold = floats()
	readonly #value = floats()
	readonly #cover = floats()
	readonly #flags = new Growing(new Uint8Array(0))
	readonly #categoryStart = ints()
	readonly #categoryWords = ints()
	readonly #categoryBits = new Growing(new Uint32Array(0))

	/** `nodes`: the expected number, so that large models are not copied as they grow. */
	constructor(columns: number, outputs: number, nodes = 1024) {
		this.#columns = columns
		this.#outputs = outputs
		const perNode = [this.#left, this.#right, this.#feature, this.#threshold, this.#value, this.#cover]
		for (const list of [...perNode, this.#flags, this.#categoryStart, this.#categoryWords])
			list.reserve(nodes)
	}

	/** Throws ArtifactError unless every node below the root is reached once and has valid numbers. */
	add(tree: RawTree, output: number): void {
		const name = `tree ${this.#roots.length}`
		if (!(Number.isInteger(output) && output >= 0 && output < this.#outputs))
			throw new ArtifactError(`${name} adds to output ${output} of ${this.#outputs}: the file is damaged.`)
		if (tree.nodes < 1) throw new ArtifactError(`${name} has no node: the file is damaged.`)
		this.#roots.push(this.#left.length)
		this.#treeOutput.push(output)
		const seen = new Uint8Array(tree.nodes)
		// Each entry: a node, the index of its parent, whether it is the right child, and its depth.
		const stack: number[] = [0, -1, 0, 0]
		while (stack.length > 0) {
			const depth = stack.pop() as number
			const right = stack.pop() as number
			const parent = stack.pop() as number
			const node = stack.pop() as number
			const fail = (what: string): never => {
				throw new ArtifactError(`Node ${node} of ${name} ${what}: the file is damaged.`)
			}
			if (!(Number.isInteger(node) && node >= 0 && node < tree.nodes))
				fail(`does not exist among ${tree.nodes}`)
			if (seen[node] === 1) fail('has two parents or is its own ancestor')
			if (depth > maxTreeDepth) fail(`is more than ${maxTreeDepth} levels deep`)
			seen[node] = 1
			const index = this.#node(tree, node, fail)
			if (parent >= 0) (right === 1 ? this.#right : this.#left).array[parent] = index
			if (tree.left(node) === -1) continue
			stack.push(tree.right(node), index, 1, depth + 1, tree.left(node), index, 0, depth + 1)
		}
	}

	#node(tree: RawTree, node: number, fail: (what: string) => never): number {
		const leaf = tree.left(node) === -1
		const cover = tree.cover(node)
		if (!Number.isFinite(cover) || (cover < 0 && !tree.signedCover)) fail(`has a cover of ${cover}`)
		const feature = leaf ? -1 : tree.feature(node)
		if (!leaf && !(Number.isInteger(feature) && feature >= 0 && feature < this.#columns))
			fail(`splits on feature ${feature} of ${this.#columns}`)
		const value = leaf ? tree.value(node) : 0
		if (!Number.isFinite(value)) fail(`has the value ${value}`)
		const words = leaf ? undefined : tree.categories(node)
		const threshold = leaf || words ? 0 : tree.threshold(node)
		if (Number.isNaN(threshold)) fail('has no number as its threshold')
		const index = this.#left.length
		this.#left.push(-1)
		this.#right.push(-1)
		this.#feature.push(feature)
		this.#threshold.push(threshold)
		this.#value.push(value)
		this.#cover.push(cover)
		this.#flags.push(leaf ? 0 : tree.flags(node))
		this.#categoryStart.push(words ? this.#categoryBits.length : 0)
		this.#categoryWords.push(words?.length ?? 0)
		for (const word of words ?? []) this.#categoryBits.push(word)
		return index
	}

	finish(rest: Pick<TreeEnsemble, 'style' | 'base' | 'precision' | 'average'>): TreeEnsemble {
		const trees = this.#roots.length
		this.#roots.push(this.#left.length)
		return {
			trees,
			columns: this.#columns,
			outputs: this.#outputs,
			roots: this.#roots.done(),
			treeOutput: this.#treeOutput.done(),
			left: this.#left.done(),
			right: this.#right.done(),
			feature: this.#feature.done(),
			threshold: this.#threshold.done(),
			value: this.#value.done(),
			cover: this.#cover.done(),
			flags: this.#flags.done(),
			categoryStart: this.#categoryStart.done(),
			categoryWords: this.#categoryWords.done(),
			categoryBits: this.#categoryBits.done(),
			...rest,
		}
	}
}
