import type { Manifest } from '../manifest.ts'
import { ArtifactError, type DeclaredFeature, FeatureError, type Model } from '../model.ts'
import {
	additiveModel,
	type Coefficients,
	mergeOneHot,
	numberOf,
	type Options,
	type Term,
} from './additive-model.ts'
import { type Fields, fault, numberAt, objectAt, oneOfAt, own, remarks, textOf } from './fields.ts'

const maxBytes = 32 * 2 ** 20
const members = ['format', 'link', 'intercept', 'coefficients', 'means', 'missing', ...remarks]

/** How missing values are replaced: one word for all features, or a value a feature. */
type Missing = 'mean' | 'error' | Fields

/**
 * Opens a linear or logistic model in our JSON format: `{ "format": "linear-json", "link": "identity" | "logit", "intercept",
 * "coefficients": { feature: number | { category: number } }, "means": { feature: number | { category: share } },
 * "missing": "mean" | "error" | { feature: number } }`. Without `missing`, a row that lacks a feature is an error.
 * Contributions are coefficient x (value - mean); without `means` they are against zero, as the method name shows.
 * Throws ArtifactError with the position of a fault in the file.
 */
export function openLinear(bytes: Uint8Array, options: Options = {}): Model {
	const file = parse(bytes)
	if (own(file, 'format') !== 'linear-json') fault('format', 'must be "linear-json"')
	const link = oneOfAt(own(file, 'link'), 'link', ['identity', 'logit'])
	const { manifest = {} } = options
	if (manifest.link !== undefined && manifest.link !== link)
		throw new ArtifactError(
			`The manifest's link is ${manifest.link}, and the file's is ${link}: correct one of them`,
		)
	const intercept = numberAt(own(file, 'intercept'), 'intercept')
	const columns = coefficientsOf(file)
	if (columns.size === 0) fault('coefficients', 'names no feature')
	const hasMeans = own(file, 'means') !== undefined
	const merged = mergeOneHot(columns, options)
	const missing = missingOf(own(file, 'missing'), merged, hasMeans)
	const declared = new Map(options.features?.map((f) => [f.name, f]))
	const terms = inOrder(merged, columns, manifest).map(([feature, of]) => {
		const replacement = typeof missing === 'string' ? missing : (own(missing, feature) ?? 'error')
		return 'slope' in of
			? slopeTerm(feature, of, replacement, manifest)
			: categoryTerm(feature, of, replacement, declared.get(feature))
	})
	return additiveModel({
		format: 'linear-json',
		bytes: bytes.length,
		space: link === 'logit' ? 'log-odds' : 'value',
		intercept,
		terms,
		method: hasMeans ? 'linear-shap' : 'linear/against-zero',
		missing: manifest.missing,
		score: link === 'logit' ? (margin) => 1 / (1 + Math.exp(-margin)) : (margin) => margin,
	})
}

function parse(bytes: Uint8Array): Fields {
	const text = textOf(bytes, maxBytes)
	let value: unknown
	try {
		value = JSON.parse(text)
	} catch (cause) {
		throw new ArtifactError(`The file is not JSON: ${(cause as Error).message}`, { cause })
	}
	return objectAt(value, 'The file', members)
}

function coefficientsOf(file: Fields): Map<string, Coefficients> {
	const coefficients = objectAt(own(file, 'coefficients'), 'coefficients')
	const given = own(file, 'means')
	const means = given === undefined ? undefined : objectAt(given, 'means')
	for (const name of Object.keys(means ?? {}))
		if (!Object.hasOwn(coefficients, name)) fault(`means.${name}`, 'is for a feature without a coefficient')
	return new Map(
		Object.entries(coefficients).map(([name, value]) => {
			const path = `coefficients.${name}`
			const mean = means && own(means, name)
			if (means && mean === undefined)
				fault(`means.${name}`, 'is missing: give the mean of every feature, or of none')
			if (typeof value === 'number')
				return [
					name,
					{ slope: numberAt(value, path), mean: mean === undefined ? 0 : numberAt(mean, `means.${name}`) },
				]
			return [name, categoriesOf(name, objectAt(value, path), mean)]
		}),
	)
}

function categoriesOf(feature: string, given: Fields, mean: unknown): Coefficients {
	const byCategory = new Map(
		Object.entries(given).map(([c, v]) => [c, numberAt(v, `coefficients.${feature}.${c}`)]),
	)
	if (byCategory.size === 0) fault(`coefficients.${feature}`, 'names no category')
	if (mean === undefined) return { byCategory, mean: 0 }
	const path = `means.${feature}`
	let sum = 0
	let total = 0
	for (const [category, value] of Object.entries(objectAt(mean, path))) {
		const share = numberAt(value, `${path}.${category}`)
		const coefficient = byCategory.get(category)
		if (coefficient === undefined) fault(`${path}.${category}`, 'is a category without a coefficient')
		if (share < 0 || share > 1)
			fault(`${path}.${category}`, `is a share and so between 0 and 1, not ${share}`)
		sum += share * coefficient
		total += share
	}
	// Shares are often written with three digits.
	if (Math.abs(total - 1) > 0.005) fault(path, `are shares that add up to 1, not to ${total}`)
	return { byCategory, mean: sum }
}

function missingOf(value: unknown, features: ReadonlyMap<string, Coefficients>, hasMeans: boolean): Missing {
	const needMeans = (path: string) => {
		if (!hasMeans) fault(path, 'is "mean", but the file has no `means`')
	}
	if (value === undefined) return 'error'
	if (typeof value === 'string') {
		const word: 'mean' | 'error' = oneOfAt(value, 'missing', ['mean', 'error'])
		if (word === 'mean') needMeans('missing')
		return word
	}
	const missing = objectAt(value, 'missing')
	for (const [name, replacement] of Object.entries(missing)) {
		const path = `missing.${name}`
		const of = features.get(name)
		if (!of) fault(path, 'is for a feature without a coefficient (name the feature as it is logged)')
		if (replacement === 'error') continue
		if (replacement === 'mean') needMeans(path)
		else if ('slope' in of) numberAt(replacement, path)
		else if (!of.byCategory.has(String(replacement)))
			fault(path, `is a category without a coefficient: ${JSON.stringify(replacement)}`)
	}
	return missing
}

/** The features in the manifest's order. It may name them as they are logged, or their columns. */
function inOrder(
	merged: Map<string, Coefficients>,
	columns: ReadonlyMap<string, Coefficients>,
	manifest: Partial<Manifest>,
): [string, Coefficients][] {
	const names = manifest.features
	if (!names) return [...merged]
	const set = new Set(names)
	const sameAs = (other: ReadonlyMap<string, unknown>) =>
		set.size === names.length && set.size === other.size && names.every((n) => other.has(n))
	if (sameAs(merged)) return names.map((name) => [name, merged.get(name) as Coefficients])
	if (sameAs(columns)) return [...merged]
	const odd =
		names.find((n) => !merged.has(n) && !columns.has(n)) ?? [...merged.keys()].find((n) => !set.has(n))
	throw new ArtifactError(
		`The manifest's features are not those of the file${odd === undefined ? '' : `: ${JSON.stringify(odd)} is only in one of them`}`,
	)
}

const absent = (feature: string): never => {
	throw new FeatureError(
		feature,
		`${feature} is missing, and the model has no rule for missing values: log it, or add it to the file's \`missing\`.`,
	)
}

function slopeTerm(
	feature: string,
	{ slope, mean }: { slope: number; mean: number },
	replacement: unknown,
	manifest: Manifest,
): Term {
	const encoding = own(manifest.encodings ?? {}, feature) as Record<string, number> | undefined
	return {
		feature,
		expected: slope * mean,
		part: (x) => slope * x,
		structure: encoding
			? { kind: 'categories', categories: Object.keys(encoding) }
			: { kind: 'slope', coefficient: slope },
		encode(value, note) {
			if (value === undefined) {
				if (replacement === 'error') absent(feature)
				const used = replacement === 'mean' ? mean : (replacement as number)
				note('missing', `${feature} is missing; the model uses ${used} instead`)
				return used
			}
			if (!encoding) return numberOf(feature, value)
			const code = own(encoding, String(value))
			if (code === undefined)
				throw new FeatureError(
					feature,
					`${feature} is ${JSON.stringify(value)}, which the manifest does not encode.`,
				)
			return code as number
		},
	}
}

function categoryTerm(
	feature: string,
	of: Extract<Coefficients, { byCategory: unknown }>,
	replacement: unknown,
	declared: DeclaredFeature | undefined,
): Term {
	const categories = [...of.byCategory.keys()]
	const parts = [...of.byCategory.values()]
	const index = new Map(categories.map((c, i) => [c, i]))
	// The code after the categories: the reference category, which has no column.
	const reference = categories.length
	const isReference = (c: string) => of.oneHot === true && (declared?.values?.includes(c) ?? false)
	const instead = (note: () => void): number => {
		note()
		return replacement === 'mean' ? Number.NaN : (index.get(String(replacement)) as number)
	}
	return {
		feature,
		expected: of.mean,
		part: (x) => (Number.isNaN(x) ? of.mean : (parts[x] ?? 0)),
		structure: {
			kind: 'categories',
			categories: [...categories, ...(declared?.values ?? []).filter((c) => !index.has(c) && isReference(c))],
		},
		encode(value, note) {
			const as = replacement === 'mean' ? 'its mean' : JSON.stringify(replacement)
			if (value === undefined) {
				if (replacement === 'error') absent(feature)
				return instead(() => note('missing', `${feature} is missing; the model uses ${as} instead`))
			}
			const category = typeof value === 'object' ? (JSON.stringify(value) as string) : String(value)
			const found = index.get(category)
			if (found !== undefined) return found
			if (isReference(category)) return reference
			if (replacement === 'error')
				throw new FeatureError(
					feature,
					`${feature} is ${JSON.stringify(category)}, a category that the model does not know.`,
				)
			return instead(() =>
				note(
					'unseen-category',
					`${feature} is ${JSON.stringify(category)}, which the model does not know; it uses ${as} instead`,
				),
			)
		},
	}
}
