import { Categories } from '../../core/categories.ts'
import { categoryKey, type TreeColumn } from '../formats/tree-file.ts'
import type { Manifest } from '../manifest.ts'
import { ArtifactError, type Encoded, FeatureError, type FeatureNote } from '../model.ts'

/** How a column of the model is made from a feature. */
type Source =
	/** `isCode`: the number is the code of a category; the other codes are unknown. */
	| { feature: string; kind: 'number'; isCode: boolean }
	| {
			feature: string
			kind: 'codes'
			codes: ReadonlyMap<string, number>
			holder: string
			incomplete?: string
	  }
	/** 1 when the feature has one of these categories; `known` are all categories with a column. */
	| { feature: string; kind: 'indicator'; categories: ReadonlySet<string>; known: ReadonlySet<string> }

export type Encoder = {
	/** Logged features in the order of their first columns. */
	features: readonly string[]
	/** The index of each column's feature. */
	featureOf: Int32Array
	/** For each feature: its columns and its known categories. */
	columnsOf: readonly { columns: number[]; categories?: readonly string[] }[]
	encode(row: Readonly<Record<string, unknown>>): Encoded
}

type Input = {
	names: readonly string[]
	columns: readonly TreeColumn[]
	manifest: Manifest
	float32: boolean
}

type OneHot = { feature: string; categories: Set<string>; known: ReadonlySet<string> }

/** The columns of one-hot encodings. Throws ArtifactError for a column that the model lacks or two features share. */
function oneHotColumns(manifest: Manifest, names: readonly string[]): Map<string, OneHot> {
	const taken = new Map<string, OneHot>()
	const all = new Set(names)
	for (const [feature, encoding] of Object.entries(manifest.encodings ?? {})) {
		const columns = typeof encoding.oneHot === 'object' ? encoding.oneHot : undefined
		if (columns === undefined) {
			if (!all.has(feature))
				throw new ArtifactError(
					`The manifest encodes ${JSON.stringify(feature)}, which is not among the model's inputs. Remove it, or use the name of the input.`,
				)
			continue
		}
		const known = new Set(Object.keys(columns))
		for (const [category, column] of Object.entries(columns)) {
			const before = taken.get(column)
			if (!all.has(column) || (before !== undefined && before.feature !== feature))
				throw new ArtifactError(
					`The manifest's one-hot column ${JSON.stringify(column)} of ${JSON.stringify(feature)} is ${before ? `also one of ${JSON.stringify(before.feature)}` : "not among the model's inputs"}. Correct \`encodings\`.`,
				)
			if (before) before.categories.add(category)
			else taken.set(column, { feature, categories: new Set([category]), known })
		}
	}
	return taken
}

const codesOf = (encoding: object): ReadonlyMap<string, number> =>
	new Map(Object.entries(encoding).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))

function sourcesOf({ names, columns, manifest }: Input): Source[] {
	const oneHot = oneHotColumns(manifest, names)
	const encodings = new Map(Object.entries(manifest.encodings ?? {}))
	return names.map((name, i) => {
		const indicator = oneHot.get(name)
		if (indicator) return { kind: 'indicator', ...indicator }
		const encoding = encodings.get(name)
		if (encoding)
			return { feature: name, kind: 'codes', codes: codesOf(encoding), holder: "the manifest's encodings" }
		const { categorical, codes, incomplete } = columns[i] as TreeColumn
		if (codes === undefined) return { feature: name, kind: 'number', isCode: categorical }
		const known = { feature: name, kind: 'codes', codes, holder: "the model's file" } as const
		return incomplete === undefined ? known : { ...known, incomplete }
	})
}

const shown = (value: unknown) =>
	typeof value === 'object' ? JSON.stringify(value).slice(0, 80) : JSON.stringify(String(value).slice(0, 80))

/** A logged value as a number. Throws FeatureError for other values. */
function numberOf(feature: string, value: unknown): number {
	if (typeof value === 'number') return value
	if (typeof value === 'boolean') return value ? 1 : 0
	const hint =
		typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
			? 'Send it as a number, not as text.'
			: 'If it is a category, give its code in `encodings` of the manifest.'
	throw new FeatureError(
		feature,
		`${feature} is ${shown(value)}, and the model takes a number there. ${hint}`,
	)
}

/** A logged value as the key of a category. Throws FeatureError for lists and objects. */
function keyOf(feature: string, value: unknown): string {
	if (typeof value !== 'object' || value === null) return categoryKey(value)
	throw new FeatureError(feature, `${feature} is a list or an object, and the model takes a category there.`)
}

type Note = (code: FeatureNote['code'], feature: string, message: string) => void

/** The value of one column for a logged value. */
function columnValue(source: Source, value: unknown, narrow: (x: number) => number, note: Note): number {
	const { feature, kind } = source
	if (kind === 'number') {
		if (value === null) return Number.NaN
		const x = narrow(numberOf(feature, value))
		if (Number.isFinite(x) || Number.isNaN(x)) return x
		throw new FeatureError(
			feature,
			`${feature} is ${shown(value)}, beyond the range of numbers that the model takes.`,
		)
	}
	const key = keyOf(feature, value)
	if (kind === 'indicator') return source.categories.has(key) ? 1 : 0
	const code = source.codes.get(key)
	if (code !== undefined) return narrow(code)
	if (value === null) return Number.NaN
	if (source.incomplete !== undefined)
		throw new FeatureError(
			feature,
			`${feature} is ${shown(value)}, which may be a category of the model: ${source.incomplete}. Give the codes of all its categories in \`encodings\` of the manifest.`,
		)
	note(
		'unseen-category',
		feature,
		`${feature} is ${shown(value)}, a category that ${source.holder} does not know: it counts as missing.`,
	)
	return Number.NaN
}

function columnsOf(sources: readonly Source[], featureOf: Int32Array): Encoder['columnsOf'] {
	const all: { columns: number[]; categories?: readonly string[] }[] = []
	sources.forEach((source, i) => {
		const known = all[featureOf[i] as number]
		if (known) known.columns.push(i)
		else if (source.kind === 'number') all.push({ columns: [i], ...(source.isCode && { categories: [] }) })
		else
			all.push({
				columns: [i],
				categories: [...(source.kind === 'codes' ? source.codes.keys() : source.known)],
			})
	})
	return all
}

/** Makes the encoder from logged features to the columns of the model. */
export function makeEncoder(input: Input): Encoder {
	const narrow = input.float32 ? Math.fround : (x: number) => x
	const sources = sourcesOf(input)
	const features = [...new Set(sources.map((s) => s.feature))]
	const index = new Map(features.map((feature, i) => [feature, i]))
	const featureOf = Int32Array.from(sources, (s) => index.get(s.feature) as number)
	const { missing } = input.manifest
	const sentinel = typeof missing === 'number' ? narrow(missing) : undefined
	// One note a feature, about a category without a column.
	const indicators = new Map(sources.flatMap((s) => (s.kind === 'indicator' ? [[s.feature, s.known]] : [])))
	const categories = new Map(
		sources.flatMap((s) => {
			if (s.kind === 'number') return []
			const names = [...(s.kind === 'codes' ? s.codes.keys() : s.known)]
			return [[s.feature, { names, index: new Categories(names) }] as const]
		}),
	)
	/** A category in the model's spelling. */
	const spelt = (feature: string, value: unknown): unknown => {
		const known = categories.get(feature)
		const found = known?.index.find(keyOf(feature, value))
		return found === undefined ? value : known?.names[found]
	}

	/** The value to encode: null for everything that means missing. */
	const logged = (row: Readonly<Record<string, unknown>>, feature: string, note: Note): unknown => {
		const value = Object.hasOwn(row, feature) ? row[feature] : undefined
		if (value === undefined)
			throw new FeatureError(
				feature,
				`${feature} is not among the logged features, and the model takes it. Log it with the prediction, as null when it is missing.`,
			)
		const isMissing =
			value === null || (typeof value === 'number' && (Number.isNaN(value) || narrow(value) === sentinel))
		if (isMissing) note('missing', feature, `${feature} is missing.`)
		const category = isMissing ? null : spelt(feature, value)
		if (!isMissing && indicators.get(feature)?.has(keyOf(feature, category)) === false)
			note(
				'unseen-category',
				feature,
				`${feature} is ${shown(value)}, a category without a column: all its columns are 0.`,
			)
		return category
	}

	return {
		features,
		featureOf,
		columnsOf: columnsOf(sources, featureOf),
		encode(row) {
			const notes: FeatureNote[] = []
			const note: Note = (code, feature, message) => notes.push({ feature, code, message })
			const values = features.map((feature) => logged(row, feature, note))
			const x = new Float64Array(sources.length)
			sources.forEach((source, i) => {
				const value = columnValue(source, values[featureOf[i] as number], narrow, note)
				// The sentinel is a number of the model's input: if it is 0, false and the first category are missing too.
				x[i] = value === sentinel ? Number.NaN : value
			})
			return { x, notes }
		},
	}
}
