import type { TreeEnsemble } from './trees/ensemble.ts'

/** What a model's file is; the registry's word for it. */
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
 * What contributions are measured in, and so what adds up: `log-odds` (logit link; by class for multiclass), `probability`,
 * `points` (scorecards), `value` (identity link) or `log` (log link, such as count:poisson).
 */
export type Space = 'log-odds' | 'probability' | 'points' | 'value' | 'log'

/** Something about a feature that the answer has to say although the row could be scored. */
export type FeatureNote = {
	feature: string
	code: 'unseen-category' | 'missing' | 'out-of-range'
	message: string
}

/** A row as the model takes it: its columns in order, in the model's own precision; NaN is missing. */
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

/** Rows that absent features are drawn from (interventional values), prepared once and used for many rows. */
export type Background = { readonly rows: number; readonly of: Model }

/** How one logged feature enters an additive model: in proportion to its number, by where it lies, or by its category. */
export type AdditivePart =
	| { kind: 'slope'; coefficient: number }
	/** Bins between neighbouring edges; an edge belongs to the bin that it begins (`left`) or ends (`right`). */
	| {
			kind: 'bins'
			edges: readonly number[]
			closed: 'left' | 'right'
			/** Values with a bin of their own, as texts: `NA` may be one. */
			special?: readonly string[]
	  }
	| { kind: 'categories'; categories: readonly string[] }

/** The inside of a model, as far as an exact search for counterfactuals needs it; by feature, in the order of `features`. */
export type Structure =
	| { kind: 'additive'; parts: readonly AdditivePart[] }
	| {
			kind: 'trees'
			ensemble: TreeEnsemble
			/** The columns that a logged feature becomes, and its known categories where it is no number (none for bare codes). */
			sources: readonly { columns: readonly number[]; categories?: readonly string[] | undefined }[]
	  }

/** A model that was read from its artefact: it can be replayed and explained. Pure; safe to share between requests. */
export type Model = {
	format: ArtifactFormat
	/** Logged features that it takes, in the order of its contributions. */
	features: readonly string[]
	/** 1, or one a class. */
	outputs: number
	/** Names of the classes of a multiclass model, in the order of its outputs. */
	classes: readonly string[] | undefined
	space: Space
	/** How far base + contributions may be from the margin: 1e-5 where the model computes in float32, else 1e-9. */
	tolerance: number
	/** What to look at when a replay does not match the logged score. */
	advice?: string | undefined
	/** Bytes that it takes in memory, about: the cache is bounded by them. */
	bytes: number
	/**
	 * Makes the model's input of logged features. Throws FeatureError for a feature that the row lacks and that the model
	 * cannot do without, or whose value cannot be taken.
	 */
	encode(features: Readonly<Record<string, unknown>>): Encoded
	/** Raw margin of each output, computed as the model's own library does, to the bit. */
	margin(x: Float64Array): Float64Array
	/** What the model answers for a margin: a probability (by class), a value or points. */
	score(margin: Float64Array): Float64Array
	/** Exact Shapley values against the model's own expectations, or against a background. Additivity is asserted. */
	explain(x: Float64Array, background?: Background): Attribution
	/** Encoded rows as a background. Throws RangeError when there is none. */
	background(rows: readonly Float64Array[]): Background
	/**
	 * SHAP interaction values of each output: features x features, row-major; their sum is margin - base. Absent where
	 * the model has no interactions (linear models, scorecards), undefined where one row's would take far too much.
	 */
	interactions?(x: Float64Array): Float64Array[] | undefined
	/** Absent where the inside is not known, as in an ONNX graph. */
	structure?: Structure
}

/** A row that cannot be scored, and because of which feature. */
export class FeatureError extends Error {
	readonly feature: string
	constructor(feature: string, message: string) {
		super(message)
		this.name = 'FeatureError'
		this.feature = feature
	}
}

/** A file that is not, or not safely, the model that it claims to be; the message says why and what to do. */
export class ArtifactError extends Error {
	constructor(message: string, options?: { cause?: unknown }) {
		super(message, options)
		this.name = 'ArtifactError'
	}
}

/** base + contributions do not add up to the margin: a fault of ours. No explanation is better than a wrong one. */
export class AdditivityError extends Error {
	/** `allowed`: what rounding explains of numbers of this size. */
	constructor(sumError: number, allowed: number) {
		super(
			`base + contributions are ${sumError} away from the margin, more than rounding explains (${allowed}): no explanation is given.`,
		)
		this.name = 'AdditivityError'
	}
}

/**
 * The attribution with its sum checked against the margin. `summed`: the largest number that the margin is a sum of, where
 * base and contributions may be smaller than that. Throws AdditivityError beyond the tolerance.
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
		// Rounding grows with the numbers themselves: margins of a million have no 1e-9.
		const allowed = tolerance * Math.max(1, summed, size, Math.abs(margin))
		if (!(error <= allowed)) throw new AdditivityError(error, allowed)
		sumError = Math.max(sumError, error)
	})
	return { ...parts, sumError }
}

/** A feature as the version declares it; what opening a model can use of it. */
export type DeclaredFeature = {
	name: string
	type?: 'numeric' | 'categorical' | 'boolean' | 'text'
	min?: number | undefined
	max?: number | undefined
	values?: readonly string[] | undefined
}
