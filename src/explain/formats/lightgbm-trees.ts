import { ArtifactError } from '../model.ts'
import type { RawTree } from '../trees/build-ensemble.ts'
import type { Line, LineReader } from './lightgbm-text.ts'

type Lines = ReadonlyMap<string, Line>

const notPart = new Float64Array(0)

/** The lines of one tree, up to the empty line or the next tree. */
export function treeLines(reader: LineReader): Map<string, Line> {
	const lines = new Map<string, Line>()
	for (;;) {
		const before = reader.at
		const line = reader.next()
		if (line === undefined) return lines
		if (line.name === 'Tree' || (!line.tagged && line.name !== '')) {
			reader.at = before
			return lines
		}
		if (line.name === '' && !line.tagged) return lines
		if (lines.has(line.name))
			throw new ArtifactError(`A tree has two lines ${line.name}: the file is damaged.`)
		lines.set(line.name, line)
	}
}

function countIn(reader: LineReader, lines: Lines, name: string): number {
	const line = lines.get(name)
	const text = line ? reader.text(line).trim() : ''
	if (!/^\d{1,9}$/.test(text))
		throw new ArtifactError(`A tree has no line ${name} with a whole number: the file is damaged or cut off.`)
	return Number(text)
}

type Sets = { boundaries: Float64Array; words: Uint32Array }

function setsOf(reader: LineReader, lines: Lines, count: number): Sets {
	if (count === 0) return { boundaries: notPart, words: new Uint32Array(0) }
	const fail = (): never => {
		throw new ArtifactError('A tree has category sets outside of its bits: the file is damaged.')
	}
	const boundaries = reader.numbers(lines.get('cat_boundaries') ?? fail(), count + 1)
	const ordered = boundaries.every(
		(b, i) => Number.isInteger(b) && b >= (i === 0 ? 0 : (boundaries[i - 1] as number)),
	)
	if (!ordered) fail()
	const words = reader.numbers(lines.get('cat_threshold') ?? fail(), boundaries[count] as number)
	if (!words.every((w) => Number.isInteger(w) && w >= 0 && w < 2 ** 32)) fail()
	return { boundaries, words: Uint32Array.from(words) }
}

/** A tree of one leaf has no line of splits. */
function constantTree(value: number, cover: number): RawTree {
	const never = () => 0
	return {
		nodes: 1,
		left: () => -1,
		right: () => -1,
		feature: never,
		threshold: never,
		value: () => value,
		cover: () => cover,
		flags: never,
		categories: () => undefined,
	}
}

/** A tree of a LightGBM file: inner nodes first, then its leaves, which the file names by -1 - leaf. */
export function lightgbmTree(reader: LineReader, lines: Lines): RawTree {
	const leaves = countIn(reader, lines, 'num_leaves')
	const list = (name: string, count: number, otherwise?: Float64Array) => {
		const line = lines.get(name)
		if (line !== undefined) return reader.numbers(line, count)
		if (otherwise !== undefined) return otherwise
		throw new ArtifactError(`A tree has no line ${name}: the file is damaged or cut off.`)
	}
	const linear = lines.get('is_linear')
	if (linear !== undefined && reader.text(linear).trim() !== '0')
		throw new ArtifactError(
			'The leaves hold linear models (linear_tree=true), which have no exact Shapley values. Train with linear_tree=false and upload that file.',
		)
	if (leaves < 1) throw new ArtifactError('A tree has no leaf: the file is damaged.')
	const values = list('leaf_value', leaves)
	const leafCounts = leaves === 1 ? list('leaf_count', 1, new Float64Array(1)) : list('leaf_count', leaves)
	if (leaves === 1) return constantTree(values[0] as number, leafCounts[0] as number)
	const inner = leaves - 1
	const [feature, threshold] = [list('split_feature', inner), list('threshold', inner)]
	const [left, right] = [list('left_child', inner), list('right_child', inner)]
	const decision = list('decision_type', inner, new Float64Array(lines.has('decision_type') ? 0 : inner))
	const counts = list('internal_count', inner)
	const sets = setsOf(reader, lines, countIn(reader, lines, 'num_cat'))
	const taken = new Set<number>()
	// A child of -1 is leaf 0. Whole numbers of 0 and more are inner nodes, which stand first.
	const child = (children: Float64Array, node: number) => {
		const c = children[node] as number
		return c >= 0 ? (c < inner ? c : Number.NaN) : inner - 1 - c
	}
	return {
		nodes: inner + leaves,
		left: (node) => (node < inner ? child(left, node) : -1),
		right: (node) => child(right, node),
		feature: (node) => feature[node] as number,
		threshold: (node) => threshold[node] as number,
		value: (node) => values[node - inner] as number,
		cover: (node) => (node < inner ? counts[node] : leafCounts[node - inner]) as number,
		// The file's own bits are ours: 1 categorical, 2 missing goes left, 4 and 8 the missing type.
		flags: (node) => (decision[node] as number) & 15,
		categories(node) {
			if (((decision[node] as number) & 1) === 0) return undefined
			const set = threshold[node] as number
			const [from, to] = [sets.boundaries[set], sets.boundaries[set + 1]]
			if (from === undefined || to === undefined)
				throw new ArtifactError(
					`A split asks for category set ${set}, which its tree lacks: the file is damaged.`,
				)
			// Every split has a set of its own: thousands that share a long one would be far more memory than file.
			if (taken.has(set))
				throw new ArtifactError(`Two splits share category set ${set}: the file is damaged.`)
			taken.add(set)
			return sets.words.subarray(from, to)
		},
	}
}
