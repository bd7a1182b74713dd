import type { Manifest } from '../manifest.ts'
import {
	type AdditivePart,
	ArtifactError,
	type ArtifactFormat,
	type Attribution,
	type Background,
	checkedAttribution,
	type DeclaredFeature,
	type Encoded,
	FeatureError,
	type FeatureNote,
	type Model,
	type Space,
} from '../model.ts'

/** What the version adds to the file. */
export type Options = { manifest?: Manifest | undefined; features?: readonly DeclaredFeature[] | undefined }

/** The coefficients of a feature; `mean` is the mean of its values, or of the coefficients of its categories. */
export type Coefficients =
	| { slope: number; mean: number }
	| { byCategory: ReadonlyMap<string, number>; mean: number; oneHot?: boolean }

/**
 * Merges one-hot columns into the logged feature that they come from. Throws ArtifactError when the manifest's encodings and
 * the file contradict each other.
 */
export function mergeOneHot(
	columns: ReadonlyMap<string, Coefficients>,
	{ manifest }: Options,
): Map<string, Coefficients> {
	const merged = new Map(columns)
	for (const [feature, encoding] of Object.entries(manifest?.encodings ?? {})) {
		const isOneHot = typeof encoding.oneHot === 'object'
		if (isOneHot) replaceColumns(merged, feature, Object.entries(encoding.oneHot as Record<string, string>))
		else if (!('slope' in (merged.get(feature) ?? {})))
			throw new ArtifactError(
				`The manifest encodes ${JSON.stringify(feature)} as a number, but the file has no number as its coefficient`,
			)
	}
	return merged
}

function replaceColumns(
	merged: Map<string, Coefficients>,
	feature: string,
	columnOf: readonly [string, string][],
): void {
	const byCategory = new Map<string, number>()
	const used = new Set<string>()
	let mean = 0
	for (const [category, column] of columnOf) {
		const of = merged.get(column)
		if (!of || !('slope' in of))
			throw new ArtifactError(
				`The manifest puts ${feature} = ${JSON.stringify(category)} into the column ${JSON.stringify(column)}, of which the file has no coefficient`,
			)
		byCategory.set(category, of.slope)
		if (!used.has(column)) mean += of.slope * of.mean
		used.add(column)
	}
	if (merged.has(feature) && !used.has(feature))
		throw new ArtifactError(
			`${JSON.stringify(feature)} has a coefficient of its own and a one-hot encoding: keep one of them`,
		)
	for (const column of used) merged.delete(column)
	merged.set(feature, { byCategory, mean, oneHot: true })
}

/** One feature of an additive margin: a function from its input to its part of the margin. */
export type Term = {
	feature: string
	/** The logged value as input; `undefined` when the row does not have it. Throws FeatureError. */
	encode(value: unknown, note: (code: FeatureNote['code'], message: string) => void): number
	part(x: number): number
	/** The expected part by the model file, or the part of the reference. */
	expected: number
	structure: AdditivePart
}

type AdditiveOptions = {
	format: ArtifactFormat
	space: Space
	/** Of the file. */
	bytes: number
	intercept: number
	terms: readonly Term[]
	/** The method name for contributions against the file's own expectations. */
	method: string
	/** The number that means a missing value, like null and absence. */
	missing: number | null | undefined
	score(margin: number): number
}

/** Prepared rows: the mean part of each term. */
type Means = Background & { readonly expected: Float64Array }

/**
 * A model whose margin is an intercept + one term a feature. A Shapley value is a term minus its expectation, whatever the
 * dependence between features (Lundberg & Lee 2017, corollary 1).
 */
export function additiveModel(options: AdditiveOptions): Model {
	const { terms, intercept } = options
	const isMissing = (value: unknown) =>
		value === undefined ||
		value === null ||
		Number.isNaN(value) ||
		(typeof value === 'number' && value === options.missing)
	const margin = (x: Float64Array) => {
		let sum = intercept
		terms.forEach((term, j) => {
			sum += term.part(x[j] as number)
		})
		return Float64Array.of(sum)
	}
	const model: Model = {
		format: options.format,
		features: terms.map((t) => t.feature),
		outputs: 1,
		classes: undefined,
		space: options.space,
		tolerance: 1e-9,
		// Categories in maps take about ten times what they take in the file.
		bytes: 1024 + terms.length * 512 + 10 * options.bytes,
		encode: (row) => encodeRow(terms, row, isMissing),
		margin,
		score: (m) => Float64Array.of(options.score(m[0] as number)),
		explain: (x, background) => {
			if (background && background.of !== model)
				throw new RangeError('The background was prepared for another model.')
			return attribution(options, x, margin(x), background as Means | undefined)
		},
		background: (rows): Means => ({ rows: rows.length, of: model, expected: meansOf(terms, rows) }),
		structure: { kind: 'additive', parts: terms.map((t) => t.structure) },
	}
	return model
}

/** For a feature that is not in the row at all, which may be a fault of the log. */
const notLogged = 'it is not among the logged features'

function encodeRow(
	terms: readonly Term[],
	row: Readonly<Record<string, unknown>>,
	isMissing: (value: unknown) => boolean,
): Encoded {
	const notes: FeatureNote[] = []
	const x = Float64Array.from(terms, ({ feature, encode }) => {
		const value = Object.hasOwn(row, feature) ? row[feature] : undefined
		return encode(isMissing(value) ? undefined : value, (code, message) =>
			notes.push({ feature, code, message: value === undefined ? `${message} (${notLogged})` : message }),
		)
	})
	return { x, notes }
}

function meansOf(terms: readonly Term[], rows: readonly Float64Array[]): Float64Array {
	if (rows.length === 0) throw new RangeError('A background needs at least one row.')
	return Float64Array.from(terms, (term, j) => {
		let sum = 0
		for (const row of rows) sum += term.part(row[j] as number)
		return sum / rows.length
	})
}

function attribution(
	{ terms, intercept, method }: AdditiveOptions,
	x: Float64Array,
	margin: Float64Array,
	background: Means | undefined,
): Attribution {
	const expected = background?.expected ?? Float64Array.from(terms, (t) => t.expected)
	const contributions = Float64Array.from(
		terms,
		(term, j) => term.part(x[j] as number) - (expected[j] as number),
	)
	return checkedAttribution(
		{
			method: background ? 'linear-shap/background' : method,
			base: Float64Array.of(expected.reduce((sum, e) => sum + e, intercept)),
			contributions: [contributions],
			margin,
		},
		1e-9,
	)
}

/** A logged value as a number: booleans are 0 and 1. Texts are refused, even those that look like numbers. */
export function numberOf(feature: string, value: unknown): number {
	if (typeof value === 'boolean') return Number(value)
	if (typeof value === 'number' && Number.isFinite(value)) return value
	throw new FeatureError(
		feature,
		`${feature} must be a number, not ${JSON.stringify(value) ?? String(value)}: log it as the model takes it.`,
	)
}
