import { links32, links64, logit64, scoresBy, type TreeFile, type TreeLink } from '../formats/tree-file.ts'
import { type Manifest, orderAdvice } from '../manifest.ts'
import { ArtifactError, type Attribution, type Background, checkedAttribution, type Model } from '../model.ts'
import { type ShapPlan, shapValues } from '../shap/explain-rows.ts'
import { shapInteractions } from '../shap/interactions.ts'
import { planBackground } from '../shap/interventional.ts'
import { planPaths } from '../shap/path-dependent.ts'
import { maxTableBytes } from '../shap/tables.ts'
import { makeEncoder } from './encoder.ts'
import { decideAll, ensembleMargin, type TreeEnsemble } from './ensemble.ts'

type TreeBackground = Background & { readonly plan: ShapPlan }

/**
 * Adds up the columns of each logged feature (one-hot), as is usual with shap's values: the total stays the margin. As a
 * single player of the game, the feature would have about, but not exactly, this value.
 */
function fold(columns: Float64Array, featureOf: Int32Array, features: number): Float64Array {
	if (features === columns.length) return columns
	const folded = new Float64Array(features)
	columns.forEach((c, i) => {
		const f = featureOf[i] as number
		folded[f] = (folded[f] as number) + c
	})
	return folded
}

function foldPairs(pairs: Float64Array, featureOf: Int32Array, features: number): Float64Array {
	const columns = featureOf.length
	if (features === columns) return pairs
	const folded = new Float64Array(features * features)
	pairs.forEach((value, at) => {
		const cell =
			(featureOf[Math.floor(at / columns)] as number) * features + (featureOf[at % columns] as number)
		folded[cell] = (folded[cell] as number) + value
	})
	return folded
}

const sizeOf = (e: TreeEnsemble): number =>
	Object.values(e).reduce<number>((sum, part) => sum + (ArrayBuffer.isView(part) ? part.byteLength : 0), 0)

/**
 * A tree model: the file with what its manifest and the version's declared features add. Throws ArtifactError when they
 * contradict the file. The first explanation prepares the plan.
 */
export function treeModel(file: TreeFile, manifest: Manifest, declared: readonly string[]): Model {
	const e = file.ensemble
	const names = inputNames(file, manifest, declared)
	const advice = [file.advice, isByOrder(file, manifest, names) ? orderAdvice(names) : undefined].filter(
		(text) => text !== undefined,
	)
	const link = checkManifest(file, manifest)
	const float32 = e.precision === 'float32'
	const { features, featureOf, columnsOf, encode } = makeEncoder({
		names,
		columns: file.columns,
		manifest,
		float32,
	})
	const tolerance = float32 ? 1e-5 : 1e-9
	// Shared by all rows: there is no await between filling and reading it.
	const decisions = new Uint8Array(e.feature.length)
	let paths: ShapPlan | undefined

	const attribution = (x: Float64Array, plan: ShapPlan, method: string): Attribution => {
		const { base, contributions: byColumn } = shapValues(plan, decideAll(e, x, decisions))
		const contributions = byColumn.map((c) => fold(c, featureOf, features.length))
		return checkedAttribution({ method, base, contributions, margin: ensembleMargin(e, x) }, tolerance)
	}

	const model: Model = {
		format: file.format,
		features,
		outputs: e.outputs,
		classes:
			e.outputs > 1
				? (manifest.classes ?? Array.from({ length: e.outputs }, (_, k) => String(k)))
				: undefined,
		space: link.space,
		...(advice.length > 0 && { advice: advice.join(' ') }),
		tolerance,
		// The plan of explanations takes about as much again, and tables of shallow trees up to twenty times.
		bytes: 2 * sizeOf(e) + Math.min(maxTableBytes, 20 * sizeOf(e)) + 200 * names.length,
		encode,
		margin: (x) => ensembleMargin(e, x),
		score: scoresBy(link),
		explain(x, background) {
			if (background === undefined) {
				paths ??= planPaths(e)
				return attribution(x, paths, 'tree-shap/path-dependent')
			}
			if (background.of !== model) throw new RangeError('the background was made for another model')
			return attribution(x, (background as TreeBackground).plan, 'tree-shap/interventional')
		},
		background: (rows): TreeBackground => ({ rows: rows.length, of: model, plan: planBackground(e, rows) }),
		interactions: (x) =>
			shapInteractions(e, decideAll(e, x, decisions))?.map((pairs) =>
				foldPairs(pairs, featureOf, features.length),
			),
		structure: { kind: 'trees', ensemble: e, sources: columnsOf },
	}
	return model
}

// LightGBM writes underscores for the spaces of a name.
const written = (name: string) => name.replace(/\s/g, '_')

const few = (names: readonly string[]) =>
	names
		.slice(0, 3)
		.map((name) => JSON.stringify(name))
		.join(', ')

function withoutDoubles(names: readonly string[], where: string): readonly string[] {
	const seen = new Set<string>()
	for (const name of names) {
		if (seen.has(name)) throw new ArtifactError(`${where} names ${JSON.stringify(name)} twice.`)
		seen.add(name)
	}
	return names
}

/**
 * The names of the columns: the manifest's, else the file's own, else the declared features in order. Throws ArtifactError
 * when the manifest and the file disagree, or there are no names.
 */
function inputNames(file: TreeFile, manifest: Manifest, declared: readonly string[]): readonly string[] {
	const count = file.columns.length
	const among = new Set(declared)
	const given = manifest.features
	if (given && given.length !== count)
		throw new ArtifactError(
			`The manifest names ${given.length} features and the file has ${count}. Give one a column, in the order of training.`,
		)
	if (given && file.names) {
		const { names } = file
		const at = given.findIndex((name, i) => name !== names[i] && written(name) !== names[i])
		if (at >= 0)
			throw new ArtifactError(
				`The manifest's feature ${at + 1} is ${JSON.stringify(given[at])} and the file's is ${JSON.stringify(names[at])}. Correct the manifest, or leave \`features\` out: the file names its own.`,
			)
	}
	if (given) return withoutDoubles(given, 'The manifest')
	if (file.names) return withoutDoubles(asDeclared(file.names, declared), 'The file')
	const own = unnamed(file)
	if (own.every((name) => among.has(name))) return own
	if (declared.length === count) return withoutDoubles(declared, 'The version')
	throw new ArtifactError(
		`The file does not name its ${count} features, and the version declares ${declared.length}${declared.length > 0 ? ` (${few(declared)} …)` : ''}. Give \`features\` in the manifest, in the order of training.`,
	)
}

/** The file's names, with the spaces of declared names that the file replaced. */
function asDeclared(names: readonly string[], declared: readonly string[]): string[] {
	const exact = new Set(declared)
	const byWritten = new Map(declared.map((name) => [written(name), name]))
	return names.map((name) => (exact.has(name) ? name : (byWritten.get(name) ?? name)))
}

/** The library's default names of columns; a service that logs them has identified the columns. */
const unnamed = ({ format, columns }: TreeFile): string[] =>
	columns.map((_, i) => (format === 'lightgbm-text' ? `Column_${i}` : `f${i}`))

/** Whether the columns are named by their order only. */
const isByOrder = (file: TreeFile, manifest: Manifest, names: readonly string[]): boolean =>
	!file.names && !manifest.features && names[0] !== unnamed(file)[0]

/**
 * How margins become scores: by the file's objective. The manifest may add a link if the objective has none (raw margins,
 * custom objectives), but not change one.
 */
function checkManifest(file: TreeFile, manifest: Manifest): TreeLink {
	const { outputs, precision } = file.ensemble
	const { classes, link } = manifest
	const classCount = outputs === 1 ? 2 : outputs
	if (classes && classes.length !== classCount)
		throw new ArtifactError(
			`The manifest names ${classes.length} classes and the file has ${outputs === 1 ? 'one output, of 2 classes at most' : outputs}. Correct \`classes\`.`,
		)
	if (link === undefined || link === file.link.name) return file.link
	if (file.link.name !== 'identity' || (link === 'softmax' && outputs === 1))
		throw new ArtifactError(
			`The manifest says that the link is ${link}, and the file's objective is ${JSON.stringify(file.objective)}. Leave \`link\` out, or register the file that is served.`,
		)
	const links = precision === 'float32' ? links32 : { ...links64, logit: logit64(1) }
	return links[link]
}
