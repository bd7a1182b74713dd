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

/** What the file lacks and the version knows. */
export type Options = { manifest?: Manifest | undefined; features?: readonly DeclaredFeature[] | undefined }

/** What a feature of a linear model is multiplied with; `mean` is of the value, or of the coefficient of its category. */
export type Coefficients =
	| { slope: number; mean: number }
	| { byCategory: ReadonlyMap<string, number>; mean: number; oneHot?: boolean }

/**
 * Columns with a 1 for one category each are put together as the logged feature that they come from: a person has one
 * region, not four. Throws ArtifactError when the manifest's encodings and the file contradict each other.
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

/** One feature's share of an additive margin: an input number in, what it adds to the margin out. */
export type Term = {
	feature: string
	/** The logged value as the model's number. Throws FeatureError. `undefined`: the row does not have it. */
	encode(value: unknown, note: (code: FeatureNote['code'], message: string) => void): number
	part(x: number): number
	/** What the feature adds on average, by the model's own file; or what stands for it in `reference`. */
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
	/** How contributions are called that are against the file's own expectations. */
	method: string
	/** The number that stands for a missing value, beside null and absence. */
	missing: number | null | undefined
	score(margin: number): number
}

/** Prepared rows: the mean share of each term. */
type Means = Background & { readonly expected: Float64Array }

/**
 * A model whose margin is intercept + one term a feature. Its Shapley values need no search: a term minus its expectation,
 * whatever the dependence between features (Lundberg & Lee 2017, corollary 1).
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

/** Said of a feature that is not in the row at all, which may be a fault of the log and not of the applicant. */
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

/** A logged value as a number: booleans count as 0 and 1. Texts are refused, also those that look like numbers. */
export function numberOf(feature: string, value: unknown): number {
	if (typeof value === 'boolean') return Number(value)
	if (typeof value === 'number' && Number.isFinite(value)) return value
	throw new FeatureError(
		feature,
		`${feature} must be a number, not ${JSON.stringify(value) ?? String(value)}: log it as the model takes it.`,
	)
}
