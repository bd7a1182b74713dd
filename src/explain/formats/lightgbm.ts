import { ArtifactError } from '../model.ts'
import { EnsembleBuilder, type RawTree } from '../trees/build-ensemble.ts'
import { readJson } from './json.ts'
import { NumberScanner } from './numbers.ts'
import {
	categoryKey,
	firstByte,
	links64,
	logit64,
	refuseForeignFile,
	type TreeColumn,
	type TreeFile,
	type TreeLink,
} from './tree-file.ts'

type Header = ReadonlyMap<string, string>

const generic = /^Column_\d+$/

/** The link of each objective (ConvertOutput in src/objective); `sigmoid:`, `num_class:` and `sqrt` are its parameters. */
function linkOf(objective: string, outputs: number): TreeLink {
	const [name = '', ...parameters] = objective.split(' ')
	const slope = parameters.find((p) => p.startsWith('sigmoid:'))?.slice(8) ?? '1'
	if (!(Number(slope) > 0))
		throw new ArtifactError(`The objective ${JSON.stringify(objective)} has no sigmoid.`)
	const links: Readonly<Record<string, TreeLink>> = {
		binary: logit64(Number(slope)),
		multiclassova: logit64(Number(slope)),
		cross_entropy: logit64(1),
		cross_entropy_lambda: links64.softplus,
		multiclass: links64.softmax,
		poisson: links64.log,
		gamma: links64.log,
		tweedie: links64.log,
	}
	if (Object.hasOwn(links, name)) return links[name] as TreeLink
	// `reg_sqrt` applies to the squared loss and all that inherit from it.
	if (/^(regression|regression_l1|huber|fair|quantile|mape)$/.test(name))
		return parameters.includes('sqrt') ? links64.square : links64.identity
	// Trained with a custom function: the file has no link, and predict returns margins.
	if (/^(|custom|none|lambdarank|rank_xendcg)$/.test(name)) return links64.identity
	throw new ArtifactError(
		`The objective ${JSON.stringify(name.slice(0, 80))} of a model with ${outputs} outputs is not supported: it is unknown how its margins become scores.`,
	)
}

/** Random forests: margins and contributions are sums over the rounds, and the score is the link of their mean. */
const averaged = (link: TreeLink, rounds: number): TreeLink => ({ ...link, space: 'value', rounds })

/** The lines before the first tree. */
function readHeader(reader: LineReader): Header {
	const header = new Map<string, string>()
	for (;;) {
		const before = reader.at
		const line = reader.next()
		if (line === undefined) return header
		if ((line.name === 'Tree' && line.tagged) || line.name === 'end of trees') {
			reader.at = before
			return header
		}
		if (line.name === '') continue
		if (header.has(line.name)) throw new ArtifactError(`The file has two lines ${line.name}: it is damaged.`)
		header.set(line.name, line.tagged ? reader.text(line) : '')
	}
}

function countIn(header: Header, name: string, otherwise?: number): number {
	const text = header.get(name)
	if (text === undefined && otherwise !== undefined) return otherwise
	if (text === undefined || !/^\d{1,9}$/.test(text.trim()))
		throw new ArtifactError(
			`The file has no line ${name} with a whole number: it is damaged or not a LightGBM model.`,
		)
	return Number(text)
}

function listIn(header: Header, name: string, count: number): string[] {
	const list = (header.get(name) ?? '').split(' ').filter((word) => word !== '')
	if (list.length !== count)
		throw new ArtifactError(
			`The line ${name} has ${list.length} entries for ${count} features: the file is damaged.`,
		)
	return list
}

/** The lines after the trees: which columns are categorical, and their categories. */
function readTail(reader: LineReader): Pick<ColumnFacts, 'categorical' | 'pandas'> {
	let categorical: number[] | undefined
	let pandas: Uint8Array | undefined
	for (let line = reader.next(); line !== undefined; line = reader.next()) {
		const text = line.tagged ? '' : line.name
		const list = /^\[categorical_feature: ([\d,]+)\]$/.exec(
			text.startsWith('[categorical_feature: ') ? reader.text(line) : '',
		)?.[1]
		if (list !== undefined) categorical = list.split(',').map(Number)
		const label = 'pandas_categorical:'
		const start = reader.bytes.subarray(line.from, line.from + label.length)
		if (text.startsWith(label) && start.length === label.length)
			pandas = reader.bytes.subarray(line.from + label.length, line.to)
	}
	return { categorical, pandas }
}

/** Before 2.2 only importances follow the trees, and the header has the number of trees. */
function endsTrees(line: Line | undefined, header: Header): boolean {
	if (line === undefined || line.tagged) return false
	return line.name === 'end of trees' || (line.name === 'feature importances:' && header.has('tree_sizes'))
}

function refuseOthers(bytes: Uint8Array): void {
	refuseForeignFile(bytes, 'booster.save_model("model.txt")')
	if (firstByte(bytes) === 0x7b)
		throw new ArtifactError(
			'The file is JSON (dump_model), which LightGBM itself cannot load. Write the model with save_model("model.txt") and upload that.',
		)
	const first = new LineReader(bytes).next()
	if (first?.name.trim() !== 'tree' || first.tagged)
		throw new ArtifactError(
			'The file is not a LightGBM model: its first line is not `tree`. Write it with save_model.',
		)
}

/** Reads a file of LightGBM's save_model (versions v2 to v4). `rounds`: the boosting rounds to use; default all. */
export function readLightgbm(bytes: Uint8Array, rounds?: number): TreeFile {
	refuseOthers(bytes)
	const reader = new LineReader(bytes)
	const header = readHeader(reader)
	const outputs = countIn(header, 'num_tree_per_iteration', countIn(header, 'num_class'))
	const count = countIn(header, 'max_feature_idx') + 1
	const names = listIn(header, 'feature_names', count)
	const infos = header.has('feature_infos') ? listIn(header, 'feature_infos', count) : []
	// Every round has one tree for each output, even if it is a single leaf.
	if (outputs < 1 || outputs > Math.max(1000, bytes.length / 20))
		throw new ArtifactError(`A model cannot have ${outputs} outputs: the file is damaged.`)
	const builder = new EnsembleBuilder(count, outputs)
	const wanted = rounds === undefined ? Number.POSITIVE_INFINITY : rounds * outputs
	let trees = 0
	for (let line = reader.next(); !endsTrees(line, header); line = reader.next()) {
		if (line === undefined)
			throw new ArtifactError(
				'The file is truncated: the line `end of trees` is missing. Upload the whole file.',
			)
		if (line.name === '' && !line.tagged) continue
		if (line.name !== 'Tree')
			throw new ArtifactError(`A tree is expected instead of ${line.name}: the file is damaged.`)
		const tree = lightgbmTree(reader, treeLines(reader))
		if (trees < wanted) builder.add(tree, trees % outputs)
		trees++
	}
	checkTrees(header, trees, outputs, rounds)
	const base = new Float64Array(outputs)
	const ensemble = builder.finish({ style: 'lightgbm', base, precision: 'float64', average: false })
	const objective = header.get('objective') ?? ''
	const link = linkOf(objective, outputs)
	return {
		format: 'lightgbm-text',
		ensemble,
		columns: lightgbmColumns({ names, infos, ...readTail(reader) }),
		names: names.every((name) => generic.test(name)) ? undefined : names,
		objective,
		advice: undefined,
		link: header.has('average_output') ? averaged(link, Math.max(1, ensemble.trees / outputs)) : link,
	}
}

function checkTrees(header: Header, trees: number, outputs: number, rounds: number | undefined): void {
	const sizes = header.get('tree_sizes')?.split(' ').filter(Boolean).length ?? trees
	if (sizes !== trees || trees % outputs !== 0)
		throw new ArtifactError(
			`The file has ${trees} of ${sizes} trees, ${outputs} a round: it is damaged or truncated.`,
		)
	if (rounds !== undefined && rounds * outputs > trees)
		throw new ArtifactError(
			`The manifest asks for ${rounds} boosting rounds and the file has ${trees / outputs}. Lower \`rounds\`, or upload the whole model.`,
		)
}

const utf8 = new TextDecoder()
const lineFeed = 10

/** A line of the file: its name up to `=`, and the position of its value. A line without `=` has no value. */
type Line = { name: string; from: number; to: number; tagged: boolean }

/** Reads the lines of a LightGBM file in place: a file of 200 MB never becomes one string. */
class LineReader {
	readonly bytes: Uint8Array
	readonly #scanner: NumberScanner
	at = 0

	constructor(bytes: Uint8Array) {
		this.bytes = bytes
		this.#scanner = new NumberScanner(bytes)
	}

	/** The next line, or undefined at the end of the file. */
	next(): Line | undefined {
		if (this.at >= this.bytes.length) return undefined
		const from = this.at
		const feed = this.bytes.indexOf(lineFeed, from)
		const end = feed < 0 ? this.bytes.length : feed
		this.at = end + 1
		const to = end > from && this.bytes[end - 1] === 13 ? end - 1 : end
		// Names are short: `=` is searched in the first bytes only.
		const sign = this.bytes.subarray(from, Math.min(to, from + 100)).indexOf(61)
		const name = utf8.decode(this.bytes.subarray(from, sign < 0 ? Math.min(to, from + 100) : from + sign))
		return { name, from: sign < 0 ? from : from + sign + 1, to, tagged: sign >= 0 }
	}

	text(line: Line): string {
		return utf8.decode(this.bytes.subarray(line.from, line.to))
	}

	/** The numbers of a line, which must have `count` of them. */
	numbers(line: Line, count: number): Float64Array {
		const fail = (what: string): never => {
			throw new ArtifactError(`The line ${line.name} ${what}: the file is damaged or truncated.`)
		}
		// A number and a space take two bytes: check the claimed count against the bytes.
		if (count > line.to - line.from + 1) fail(`is too short for ${count} numbers`)
		const numbers = new Float64Array(count)
		const scanner = this.#scanner
		scanner.at = line.from
		for (let i = 0; i < count; i++) {
			while (this.bytes[scanner.at] === 32) scanner.at++
			const value = scanner.at < line.to ? scanner.number() : undefined
			if (value === undefined || scanner.at > line.to) fail(`has no ${i + 1}th number of ${count}`)
			numbers[i] = value as number
		}
		while (this.bytes[scanner.at] === 32) scanner.at++
		if (scanner.at !== line.to) fail(`has more than ${count} numbers`)
		return numbers
	}
}

/** The parts of the file about columns. */
type ColumnFacts = {
	names: readonly string[]
	/** `[min:max]`, categories joined by colons, or `none`. */
	infos: readonly string[]
	/** The parameter `categorical_feature` at the end of the file, if it names columns by index. */
	categorical: readonly number[] | undefined
	/** The last line of the file: the categories of the data frame's columns of type category, in their order. */
	pandas: Uint8Array | undefined
}

function pandasCategories(bytes: Uint8Array): unknown[][] {
	const value = readJson(bytes)
	if (value === null) return []
	const lists: unknown[] = Array.isArray(value) ? value : []
	return lists.map((list) => {
		if (Array.isArray(list)) return list
		if (ArrayBuffer.isView(list)) return Array.from(list as Float64Array)
		throw new ArtifactError('The line pandas_categorical holds no lists: the file is damaged.')
	})
}

/** The number of categories that the codes of a column need: 3 for `-1:0:2`. */
const codesIn = (info = ''): number =>
	/^-?\d+(:-?\d+)*$/.test(info)
		? info.split(':').reduce((max, code) => Math.max(max, Number(code) + 1), 0)
		: 0

/**
 * The columns, with the codes of their categories. The file does not say to which columns the lists of `pandas_categorical`
 * belong: they are those of the categorical columns in order, if there are as many. Otherwise categories are unknown, and a
 * text is refused when a row is encoded.
 */
function lightgbmColumns(facts: ColumnFacts): TreeColumn[] {
	const byInfo = facts.infos.flatMap((info, i) => (/^-?\d+(:-?\d+)*$/.test(info) ? [i] : []))
	const lists = facts.pandas ? pandasCategories(facts.pandas) : []
	// A code without a category in the list shows that the list belongs to another column.
	const fits = (columns: readonly number[]) =>
		columns.length === lists.length &&
		columns.every((column, i) => codesIn(facts.infos[column]) <= (lists[i] as unknown[]).length)
	const withLists = [facts.categorical ?? [], byInfo].find(fits) ?? []
	const categorical = new Set([...(facts.categorical ?? []), ...byInfo])
	const codes = new Map(
		withLists.map((column, i) => [
			column,
			new Map((lists[i] ?? []).map((c, code) => [categoryKey(c), code])),
		]),
	)
	return facts.names.map((_, i) => ({
		categorical: categorical.has(i),
		codes: codes.get(i),
		incomplete: undefined,
	}))
}

type Lines = ReadonlyMap<string, Line>

const notPart = new Float64Array(0)

/** The lines of one tree, up to the empty line or the next tree. */
function treeLines(reader: LineReader): Map<string, Line> {
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

function treeCount(reader: LineReader, lines: Lines, name: string): number {
	const line = lines.get(name)
	const text = line ? reader.text(line).trim() : ''
	if (!/^\d{1,9}$/.test(text))
		throw new ArtifactError(
			`A tree has no line ${name} with a whole number: the file is damaged or truncated.`,
		)
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

/** A tree with a single leaf has no lines of splits. */
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

/** A tree of a LightGBM file: inner nodes first, then its leaves, which the file writes as -1 - leaf. */
function lightgbmTree(reader: LineReader, lines: Lines): RawTree {
	const leaves = treeCount(reader, lines, 'num_leaves')
	const list = (name: string, count: number, otherwise?: Float64Array) => {
		const line = lines.get(name)
		if (line !== undefined) return reader.numbers(line, count)
		if (otherwise !== undefined) return otherwise
		throw new ArtifactError(`A tree has no line ${name}: the file is damaged or truncated.`)
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
	const sets = setsOf(reader, lines, treeCount(reader, lines, 'num_cat'))
	const taken = new Set<number>()
	// A child of -1 is leaf 0. Numbers from 0 on are inner nodes, which come first.
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
		// The bits of the file are those of `nodeFlag`: 1 categorical, 2 missing goes left, 4 and 8 the missing type.
		flags: (node) => (decision[node] as number) & 15,
		categories(node) {
			if (((decision[node] as number) & 1) === 0) return undefined
			const set = threshold[node] as number
			const [from, to] = [sets.boundaries[set], sets.boundaries[set + 1]]
			if (from === undefined || to === undefined)
				throw new ArtifactError(
					`A split uses category set ${set}, which its tree does not have: the file is damaged.`,
				)
			// Every split has its own set: thousands sharing a long one would take far more memory than the file.
			if (taken.has(set))
				throw new ArtifactError(`Two splits share category set ${set}: the file is damaged.`)
			taken.add(set)
			return sets.words.subarray(from, to)
		},
	}
}
