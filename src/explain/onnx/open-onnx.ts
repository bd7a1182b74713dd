import { getOrInsert } from '../../core/maps.ts'
import { seeded } from '../../core/random.ts'
import { nextFloat } from '../floats.ts'
import { type KernelShap, type KernelShapOptions, kernelShap } from '../kernel/kernel-shap.ts'
import { type Manifest, orderAdvice } from '../manifest.ts'
import { ArtifactError, type Encoded, FeatureError, type Model, type Space } from '../model.ts'
import { type Column, openTexts, type Texts, undoSteps } from './columns.ts'
import { type Inputs, planInputs } from './encode-columns.ts'
import { exactModel } from './exact-model.ts'
import { findScores, inputWidths, type ReadModel, readGraphModel, type Scores } from './read-graph.ts'
import { type OnnxGraph, readOnnx } from './read-onnx.ts'
import { missingRuntime, type OnnxInput, type OnnxRuntime, type OnnxSession, withOutput } from './runtime.ts'

/** The model of an ONNX file. The runtime scores it; `exact` explains it when its graph could be read. */
export type OnnxModel = {
	format: 'onnx'
	features: readonly string[]
	/** 1, or one a class. */
	outputs: number
	classes: readonly string[] | undefined
	/** The unit of `scores` and estimates: a probability, or the value of a regression. */
	space: Space
	bytes: number
	/** The trees or linear model in the graph, if it gives the runtime's score on every probe: exact and fast. */
	exact: Model | undefined
	/** Why there is no exact model, so that contributions can only be estimated. */
	reason: string | undefined
	/** As `Model.advice`. */
	advice: string | undefined
	/** The text features, and the texts in the file, of any feature. */
	texts: { features: ReadonlySet<string>; known: ReadonlySet<string> }
	encode(features: Readonly<Record<string, unknown>>): Encoded
	/** The runtime's scores, to the bit, as `Model.score`. Throws FeatureError when one is not a number. */
	scores(rows: readonly Float64Array[]): Promise<Float64Array[]>
	/**
	 * Shapley values of the scores by KernelSHAP, against the encoded background rows that the model can score. Throws
	 * FeatureError when it cannot score the row itself, RangeError when it can score no row of the background.
	 */
	estimate(
		x: Float64Array,
		background: readonly Float64Array[],
		options?: KernelShapOptions,
	): Promise<KernelShap>
	/** Frees the runtime's memory. */
	close(): Promise<void>
}

type OnnxOptions = {
	manifest?: Manifest | undefined
	features?: readonly { name: string }[] | undefined
}

type Opened = {
	graph: OnnxGraph
	scores: Scores
	widths: number[]
	inputs: Inputs
	texts: Texts
	options: OnnxOptions
	advice: string | undefined
}

/**
 * Opens an ONNX file. Its inputs are named by the manifest's `features`, else by the file if each is one column, else by the
 * version's features in order. Trees and linear models are also read, and used only if they give the runtime's scores on 256
 * probes. Throws ArtifactError with what to do, also when there is no runtime.
 */
export async function openOnnx(
	bytes: Uint8Array,
	options: OnnxOptions,
	runtime: OnnxRuntime | undefined,
): Promise<OnnxModel> {
	const graph = readOnnx(bytes)
	const scores = findScores(graph)
	const names = options.manifest?.features ?? options.features?.map(({ name }) => name)
	const widths = inputWidths(graph, names?.length)
	const texts = openTexts(graph)
	const types = graph.inputs.flatMap(({ type }, i) => new Array(widths[i] ?? 0).fill(type ?? 'float'))
	const columns = columnNames(graph, widths, options)
	const inputs = planInputs(columns.names, types, options.manifest ?? {}, texts)
	if (!runtime) throw new ArtifactError(missingRuntime)
	const advice = columns.byOrder ? orderAdvice(columns.names) : undefined
	const opened: Opened = { graph, scores, widths, inputs, texts, options, advice }
	const read = readGraphModel(graph, widths, scores, texts)
	if (read?.linear) markNeeded(inputs, read)
	const session = await openSession(bytes, scores, runtime)
	try {
		return await modelOf(opened, session, read, bytes.length)
	} catch (error) {
		await session.close()
		throw error
	}
}

async function openSession(bytes: Uint8Array, scores: Scores, runtime: OnnxRuntime): Promise<OnnxSession> {
	try {
		return await runtime.open(scores.isOutput ? bytes : withOutput(bytes, scores.tensor, scores.elementType))
	} catch (cause) {
		const why = cause instanceof Error ? cause.message : String(cause)
		throw new ArtifactError(`onnxruntime cannot load the file: ${why.slice(0, 300)}`, { cause })
	}
}

function columnNames(
	graph: OnnxGraph,
	widths: readonly number[],
	{ manifest, features }: OnnxOptions,
): { names: string[]; byOrder: boolean } {
	const width = widths.reduce((a, b) => a + b, 0)
	const isByName = widths.every((w) => w === 1) && (graph.inputs.length > 1 || width === features?.length)
	const own = isByName && graph.inputs.length > 1 ? graph.inputs.map(({ name }) => name) : undefined
	const names = manifest?.features ?? own ?? features?.map(({ name }) => name)
	if (!names)
		throw new ArtifactError(
			`the ONNX file takes ${width} columns without names; name them in the manifest's \`features\`, in the model's order`,
		)
	if (names.length !== width)
		throw new ArtifactError(
			`the ONNX file takes ${width} columns, but ${names.length} are named; name them all in the manifest's \`features\`, in the model's order`,
		)
	return { names: [...names], byOrder: !manifest?.features && !own && width > 1 }
}

/** A linear model cannot score a missing number, unless a step replaces it before. */
function markNeeded({ columns }: Inputs, read: ReadModel): void {
	for (const { input, steps } of read.columns) {
		const column = columns[input]
		const isReplaced = steps.some(
			(s) => (s.kind === 'replace' && Number.isNaN(s.value)) || s.kind === 'equals',
		)
		if (column && !isReplaced && !column.isIndicator) column.needed = true
	}
}

async function modelOf(
	opened: Opened,
	session: OnnxSession,
	read: ReadModel | undefined,
	bytes: number,
): Promise<OnnxModel> {
	const { inputs, texts, options, scores, graph } = opened
	const { encode } = inputs
	const run = async (rows: readonly Float64Array[]): Promise<Float64Array[]> => {
		if (rows.length === 0) return []
		const answers = await session.run(tensorsOf(opened, rows), scores.tensor)
		// With two classes, the score is that of the second one.
		const isBinary = answers[0]?.length === 2 && (scores.classes !== undefined || read?.isClassifier === true)
		return isBinary ? answers.map((a) => a.slice(1)) : answers
	}
	const outputs = await outputsOf(run, inputs, texts)
	const classes = outputs === 1 ? undefined : (options.manifest?.classes ?? scores.classes)
	if (classes && classes.length !== outputs)
		throw new ArtifactError(
			`the ONNX file answers ${outputs} scores, but ${classes.length} classes are named; name them in their order in the manifest's \`classes\``,
		)
	const exact = read && exactModel({ read, inputs, bytes, encode, classes })
	const reason =
		exact && read
			? await differs(exact, read, run, opened)
			: `its graph cannot be read as trees or a linear model: ${opsOf(graph)}`
	return {
		format: 'onnx',
		features: inputs.features,
		outputs,
		classes,
		space: scores.classes || read?.isClassifier ? 'probability' : 'value',
		bytes: bytes * 3,
		exact: reason === undefined ? exact : undefined,
		reason,
		advice: opened.advice,
		texts: { features: textFeatures(inputs), known: texts.known },
		encode,
		scores: async (rows) => checkNumbers(await run(rows), rows, inputs),
		async estimate(x, background, more = {}) {
			const answers = await run([x, ...background])
			checkNumbers(answers.slice(0, 1), [x], inputs)
			// Background rows that the model cannot score, because of missing values, are left out.
			const usable = background.filter((_, i) => answers[i + 1]?.every(Number.isFinite))
			if (usable.length === 0) throw new RangeError('give a background of rows that the model can score')
			return kernelShap(run, x, usable, { groups: groupsOf(inputs), ...more })
		},
		close: () => session.close(),
	}
}

const textFeatures = ({ features, columns }: Inputs): Set<string> =>
	new Set(columns.flatMap(({ type, feature }) => (type === 'string' ? [features[feature] as string] : [])))

const opsOf = (graph: OnnxGraph): string =>
	[...new Set(graph.nodes.map(({ op }) => op))].slice(0, 12).join(', ')

function groupsOf({ features, columns }: Inputs): number[][] {
	const groups: number[][] = features.map(() => [])
	for (const [i, { feature }] of columns.entries()) groups[feature]?.push(i)
	return groups
}

function tensorsOf(
	{ graph, widths, texts }: Opened,
	rows: readonly Float64Array[],
): Record<string, OnnxInput> {
	const tensors: Record<string, OnnxInput> = {}
	let start = 0
	graph.inputs.forEach(({ name, type = 'float' }, i) => {
		const width = widths[i] as number
		const values = new Float64Array(rows.length * width)
		rows.forEach((row, r) => {
			values.set(row.subarray(start, start + width), r * width)
		})
		start += width
		tensors[name] = {
			type: type,
			rows: rows.length,
			width,
			values: type === 'string' ? Array.from(values, (code) => texts.text(code)) : values,
		}
	})
	return tensors
}

async function outputsOf(run: OnnxModel['scores'], { columns }: Inputs, texts: Texts): Promise<number> {
	const zero = Float64Array.from(columns, ({ type }) =>
		type === 'string' ? texts.code([...texts.known][0] ?? '') : 0,
	)
	try {
		const [answer, other] = await run([zero, zero])
		if (answer?.length && answer.length === other?.length) return answer.length
	} catch (cause) {
		const why = cause instanceof Error ? cause.message : String(cause)
		throw new ArtifactError(`onnxruntime cannot run the file on a row of zeros: ${why.slice(0, 300)}`, {
			cause,
		})
	}
	throw new ArtifactError('the ONNX file does not answer one row of scores for each row of features')
}

/** Why the read model cannot be trusted; undefined when every probe gives the runtime's score. */
async function differs(model: Model, read: ReadModel, run: OnnxModel['scores'], { inputs, texts }: Opened) {
	const rows = probeRows(read, inputs, texts)
	const answers = await run(rows)
	for (const [i, row] of rows.entries()) {
		const computed = model.score(model.margin(row))
		const given = answers[i] as Float64Array
		const size = Math.max(1, ...given.map(Math.abs))
		const isSame =
			computed.length === given.length &&
			computed.every((s, k) => Object.is(s, given[k]) || Math.abs(s - (given[k] as number)) <= 2e-6 * size)
		if (!isSame)
			return `its ${read.trees ? 'trees' : 'coefficients'} as read give ${computed[0]}, and onnxruntime gives ${given[0]}`
	}
	return undefined
}

function checkNumbers(answers: Float64Array[], rows: readonly Float64Array[], { features, columns }: Inputs) {
	answers.forEach((answer, r) => {
		if (answer.every(Number.isFinite)) return
		const missing = columns.find((_, i) => Number.isNaN(rows[r]?.[i]))
		const feature = features[missing?.feature ?? -1] ?? ''
		throw new FeatureError(feature, 'the model gives no score for this row; a value that it needs is missing')
	})
	return answers
}

const rows = 256
/** For models of many nodes, where a row takes long. */
const rowsOfMany = 64
const manyNodes = 1_000_000
const maxValues = 4096

/** Values of an input column at which the score may change: at, just below and just above each threshold. */
function turningPoints(read: ReadModel): Map<number, number[]> {
	const points = new Map<number, number[]>()
	const add = ({ input, steps }: Column, value: number) => {
		const v = undoSteps(steps, value)
		const list = getOrInsert(points, input, () => [])
		if (v === undefined || list.length >= maxValues) return
		const at = Math.fround(v)
		list.push(at, nextFloat(at, true), nextFloat(at, false))
	}
	const e = read.trees?.ensemble
	if (e)
		e.feature.forEach((column, node) => {
			const found = column >= 0 ? read.columns[column] : undefined
			if (found) add(found, e.threshold[node] as number)
		})
	else for (const column of read.columns) for (const value of [-2, -0.5, 0, 0.7, 1, 3]) add(column, value)
	return points
}

/**
 * Rows that show whether a graph is read correctly: random combinations of turning points, values far away, known texts and
 * an unknown one, and missing values where possible. Always the same rows.
 */
function probeRows(read: ReadModel, inputs: Inputs, texts: Texts): Float64Array[] {
	const random = seeded(20_260_101)
	const points = turningPoints(read)
	const codes = [...texts.known, 'none of these'].map((t) => texts.code(t))
	const pick = (list: readonly number[]): number => list[Math.floor(random() * list.length)] as number
	const isLarge = (read.trees?.ensemble.feature.length ?? 0) > manyNodes
	return Array.from({ length: isLarge ? rowsOfMany : rows }, () =>
		Float64Array.from(inputs.columns, ({ type, needed, isIndicator }, i) => {
			if (type === 'string') return pick(codes)
			if (isIndicator || type === 'bool') return random() < 0.5 ? 1 : 0
			const near = points.get(i) ?? []
			const chance = random()
			const value = chance < 0.85 && near.length > 0 ? pick(near) : Math.fround(8 * random() - 4)
			if (type === 'int32' || type === 'int64') return Math.round(value)
			return chance > 0.9 && !needed ? Number.NaN : value
		}),
	)
}
