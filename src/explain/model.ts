import type { TreeEnsemble } from './trees/ensemble.ts'

/** Formats of model files, as the registry names them. */
export const artifactFormats = [
	'xgboost-json',
	'xgboost-ubj',
	'lightgbm-text',
	'linear-json',
	'scorecard',
	'onnx',
] as const
export type ArtifactFormat = (typeof artifactFormats)[number]

/**
 * The unit of margins and contributions: `log-odds` (logit link; by class for multiclass), `probability`,
 * `points` (scorecards), `value` (identity link) or `log` (log link, such as count:poisson).
 */
export type Space = 'log-odds' | 'probability' | 'points' | 'value' | 'log'

/** A remark on a feature of a row that could be scored. */
export type FeatureNote = {
	feature: string
	code: 'unseen-category' | 'missing' | 'out-of-range'
	message: string
}

/** A row as input of the model: its columns in order, in the model's own precision; NaN is missing. */
export type Encoded = { x: Float64Array; notes: FeatureNote[] }

/** Shapley values of one row. `contributions[output][feature]` in the order of `Model.features`. */
export type Attribution = {
	/** How they were computed, such as `tree-shap/path-dependent` or `linear-shap`; estimates begin with `estimate/`. */
	method: string
	/** The expected margin of each output: base + sum of its contributions = margin. */
	base: Float64Array
	contributions: Float64Array[]
	margin: Float64Array
	/** The largest |base + sum of contributions - margin| over the outputs. */
	sumError: number
	/** Estimates only: the standard error of each contribution. */
	standardErrors?: Float64Array[]
}

/** Rows that absent features are drawn from (interventional values), prepared once for many explanations. */
export type Background = { readonly rows: number; readonly of: Model }

/** How a logged feature enters an additive model: in proportion to its value, by its bin, or by its category. */
export type AdditivePart =
	| { kind: 'slope'; coefficient: number }
	/** Bins between neighbouring edges; an edge belongs to the bin that starts (`left`) or ends (`right`) at it. */
	| {
			kind: 'bins'
			edges: readonly number[]
			closed: 'left' | 'right'
			/** Values with a bin of their own, as texts, such as `NA`. */
			special?: readonly string[]
	  }
	| { kind: 'categories'; categories: readonly string[] }

/** The structure of a model for an exact search of counterfactuals; by feature, in the order of `features`. */
export type Structure =
	| { kind: 'additive'; parts: readonly AdditivePart[] }
	| {
			kind: 'trees'
			ensemble: TreeEnsemble
			/** The columns of each logged feature, and its known categories unless it is a number (none for bare codes). */
			sources: readonly { columns: readonly number[]; categories?: readonly string[] | undefined }[]
	  }

/** A model read from its artefact, to replay and explain. Pure, so requests can share it. */
export type Model = {
	format: ArtifactFormat
	/** Its logged features, in the order of its contributions. */
	features: readonly string[]
	/** 1, or one a class. */
	outputs: number
	/** The names of the classes of a multiclass model, in the order of its outputs. */
	classes: readonly string[] | undefined
	space: Space
	/** How far base + contributions may be from the margin: 1e-5 where the model computes in float32, else 1e-9. */
	tolerance: number
	/** What to check when a replay does not match the logged score. */
	advice?: string | undefined
	/** Its approximate size in memory, which bounds the cache. */
	bytes: number
	/**
	 * Converts logged features to the model's input. Throws FeatureError for a required feature that the row lacks, or a value
	 * that the model cannot take.
	 */
	encode(features: Readonly<Record<string, unknown>>): Encoded
	/** The raw margin of each output, to the bit as the model's own library computes it. */
	margin(x: Float64Array): Float64Array
	/** The score for a margin: a probability (by class), a value or points. */
	score(margin: Float64Array): Float64Array
	/** Exact Shapley values against the model's own expectations, or against a background. Additivity is asserted. */
	explain(x: Float64Array, background?: Background): Attribution
	/** Prepares encoded rows as a background. Throws RangeError when there are none. */
	background(rows: readonly Float64Array[]): Background
	/**
	 * SHAP interaction values of each output: features x features, row-major; their sum is margin - base. Absent for models
	 * without interactions (linear models, scorecards); undefined when they would take too much time or memory.
	 */
	interactions?(x: Float64Array): Float64Array[] | undefined
	/** Absent when unknown, as for an ONNX graph. */
	structure?: Structure
}

/** A row that cannot be scored, and the feature that is the reason. */
export class FeatureError extends Error {
	readonly feature: string
	constructor(feature: string, message: string) {
		super(message)
		this.name = 'FeatureError'
		this.feature = feature
	}
}

/** A file that is not, or not safely, the model that it claims to be. The message says why and what to do. */
export class ArtifactError extends Error {
	constructor(message: string, options?: { cause?: unknown }) {
		super(message, options)
		this.name = 'ArtifactError'
	}
}

/** base + contributions do not add up to the margin, which is a bug. No explanation is better than a wrong one. */
export class AdditivityError extends Error {
	/** `allowed`: the error that rounding can cause for numbers of this size. */
	constructor(sumError: number, allowed: number) {
		super(
			`base + contributions differ from the margin by ${sumError}, more than rounding can cause (${allowed}): no explanation is given.`,
		)
		this.name = 'AdditivityError'
	}
}

/**
 * The attribution, after checking its sum against the margin. `summed`: the largest term of the margin, when that is larger
 * than base and contributions. Throws AdditivityError beyond the tolerance.
 */
export function checkedAttribution(
	parts: Omit<Attribution, 'sumError'>,
	tolerance: number,
	summed = 1,
): Attribution {
	let sumError = 0
	parts.margin.forEach((margin, k) => {
		let sum = parts.base[k] as number
		let size = Math.abs(sum)
		for (const c of parts.contributions[k] as Float64Array) {
			sum += c
			size = Math.max(size, Math.abs(c))
		}
		const error = Math.abs(sum - margin)
		// Rounding errors grow with the numbers: a margin of a million is not exact to 1e-9.
		const allowed = tolerance * Math.max(1, summed, size, Math.abs(margin))
		if (!(error <= allowed)) throw new AdditivityError(error, allowed)
		sumError = Math.max(sumError, error)
	})
	return { ...parts, sumError }
}

/** A feature as the version declares it. */
export type DeclaredFeature = {
	name: string
	type?: 'numeric' | 'categorical' | 'boolean' | 'text'
	min?: number | undefined
	max?: number | undefined
	values?: readonly string[] | undefined
}
