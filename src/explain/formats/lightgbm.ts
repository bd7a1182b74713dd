import { ArtifactError } from '../model.ts'
import { EnsembleBuilder } from '../trees/build-ensemble.ts'
import { firstByte, refuseForeignFile } from './foreign-file.ts'
import { type ColumnFacts, lightgbmColumns } from './lightgbm-columns.ts'
import { type Line, LineReader } from './lightgbm-text.ts'
import { lightgbmTree, treeLines } from './lightgbm-trees.ts'
import { links64, logit64, type TreeFile, type TreeLink } from './tree-file.ts'

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
	// `reg_sqrt` is of the squared loss and of all that inherit from it.
	if (/^(regression|regression_l1|huber|fair|quantile|mape)$/.test(name))
		return parameters.includes('sqrt') ? links64.square : links64.identity
	// Trained with a function of one's own: the file says nothing, predict answers margins.
	if (/^(|custom|none|lambdarank|rank_xendcg)$/.test(name)) return links64.identity
	throw new ArtifactError(
		`The objective ${JSON.stringify(name.slice(0, 80))} of a model of ${outputs} outputs is not known here, nor so how its margins become scores.`,
	)
}

/** Random forests: raw scores and contributions are sums over the rounds, the score is the link of their mean. */
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
			`The file has no line ${name} with a whole number: it is damaged or no LightGBM model.`,
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

/** What stands behind the trees: which columns are categorical, and the categories. */
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

/** Before 2.2 nothing but the importances stands behind the trees; how many trees there are is in the header then. */
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
			'The file is no LightGBM model: its first line is not `tree`. Write it with save_model.',
		)
}

/** A model as LightGBM's save_model writes it (versions v2 to v4). `rounds`: how many boosting rounds count, else all. */
export function readLightgbm(bytes: Uint8Array, rounds?: number): TreeFile {
	refuseOthers(bytes)
	const reader = new LineReader(bytes)
	const header = readHeader(reader)
	const outputs = countIn(header, 'num_tree_per_iteration', countIn(header, 'num_class'))
	const count = countIn(header, 'max_feature_idx') + 1
	const names = listIn(header, 'feature_names', count)
	const infos = header.has('feature_infos') ? listIn(header, 'feature_infos', count) : []
	// A model of one class an output keeps a tree a class, even of one leaf.
	if (outputs < 1 || outputs > Math.max(1000, bytes.length / 20))
		throw new ArtifactError(`A model of ${outputs} outputs cannot be: the file is damaged.`)
	const builder = new EnsembleBuilder(count, outputs)
	const wanted = rounds === undefined ? Number.POSITIVE_INFINITY : rounds * outputs
	let trees = 0
	for (let line = reader.next(); !endsTrees(line, header); line = reader.next()) {
		if (line === undefined)
			throw new ArtifactError(
				'The file is cut off: the line `end of trees` is missing. Upload the whole file.',
			)
		if (line.name === '' && !line.tagged) continue
		if (line.name !== 'Tree')
			throw new ArtifactError(`A tree is expected where ${line.name} stands: the file is damaged.`)
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
			`The file has ${trees} of ${sizes} trees, ${outputs} a round: it is damaged or cut off.`,
		)
	if (rounds !== undefined && rounds * outputs > trees)
		throw new ArtifactError(
			`The manifest asks for ${rounds} boosting rounds and the file has ${trees / outputs}. Lower \`rounds\`, or upload the whole model.`,
		)
}
