import { scoresBy, type TreeFile } from '../formats/tree-file.ts'
import type { Manifest } from '../manifest.ts'
import { type Attribution, type Background, checkedAttribution, type Model } from '../model.ts'
import { orderAdvice } from '../order-advice.ts'
import { shapInteractions } from '../shap/interactions.ts'
import { planBackground } from '../shap/interventional.ts'
import { planPaths } from '../shap/path-dependent.ts'
import { type ShapPlan, shapValues } from '../shap/shap-plan.ts'
import { maxTableBytes } from '../shap/tables.ts'
import { checkManifest, inputNames, isByOrder } from './check-manifest.ts'
import { makeEncoder } from './encoder.ts'
import { decideAll, type TreeEnsemble } from './ensemble.ts'
import { ensembleMargin } from './margin.ts'

type TreeBackground = Background & { readonly plan: ShapPlan }

/**
 * Columns that one logged feature was spread over (one-hot) add up to it, as one sums shap's own answers: the total stays
 * the margin. The feature as one player of the game would have about, not exactly, this value.
 */
function fold(columns: Float64Array, owner: Int32Array, features: number): Float64Array {
	if (features === columns.length) return columns
	const folded = new Float64Array(features)
	columns.forEach((c, i) => {
		const f = owner[i] as number
		folded[f] = (folded[f] as number) + c
	})
	return folded
}

function foldPairs(pairs: Float64Array, owner: Int32Array, features: number): Float64Array {
	const columns = owner.length
	if (features === columns) return pairs
	const folded = new Float64Array(features * features)
	pairs.forEach((value, at) => {
		const cell = (owner[Math.floor(at / columns)] as number) * features + (owner[at % columns] as number)
		folded[cell] = (folded[cell] as number) + value
	})
	return folded
}

const sizeOf = (e: TreeEnsemble): number =>
	Object.values(e).reduce<number>((sum, part) => sum + (ArrayBuffer.isView(part) ? part.byteLength : 0), 0)

/**
 * A model of trees: a file's, with what its manifest and its version's declared features add. Throws ArtifactError where
 * they contradict the file. Explanations are planned when the first one is asked for.
 */
export function treeModel(file: TreeFile, manifest: Manifest, declared: readonly string[]): Model {
	const e = file.ensemble
	const names = inputNames(file, manifest, declared)
	const advice = [file.advice, isByOrder(file, manifest, names) ? orderAdvice(names) : undefined].filter(
		(text) => text !== undefined,
	)
	const link = checkManifest(file, manifest)
	const float32 = e.precision === 'float32'
	const { features, owner, columnsOf, encode } = makeEncoder({
		names,
		columns: file.columns,
		manifest,
		float32,
	})
	const tolerance = float32 ? 1e-5 : 1e-9
	// Shared by all rows: nothing awaits between filling and reading it.
	const decisions = new Uint8Array(e.feature.length)
	let paths: ShapPlan | undefined

	const attribution = (x: Float64Array, plan: ShapPlan, method: string): Attribution => {
		const { base, contributions: byColumn } = shapValues(plan, decideAll(e, x, decisions))
		const contributions = byColumn.map((c) => fold(c, owner, features.length))
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
		// What explanations are planned with takes about as much again, and tables of shallow trees up to twenty times.
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
				foldPairs(pairs, owner, features.length),
			),
		structure: { kind: 'trees', ensemble: e, sources: columnsOf },
	}
	return model
}
