import type { Manifest } from '../manifest.ts'
import { ArtifactError, type Encoded, FeatureError, type FeatureNote } from '../model.ts'
import type { Texts } from './columns.ts'
import type { ElementType } from './read-onnx.ts'

/** A column of the inputs: the logged feature that it is made of, and how. */
export type InputColumn = {
	name: string
	type: ElementType
	/** Index into the features. */
	feature: number
	/** 1 for this category, 0 for the others. */
	category?: string
	/** Numbers for categories. */
	codes?: ReadonlyMap<string, number>
	/** A missing value is no number that the model can go on with. */
	needed: boolean
}

export type Inputs = { features: string[]; columns: InputColumn[] }

/** Which logged feature each column of the inputs is of: by name, through the manifest's encodings. Throws ArtifactError. */
export function planInputs(
	names: readonly string[],
	types: readonly ElementType[],
	manifest: Manifest,
): Inputs {
	const features: string[] = []
	const featureOf = (name: string): number => {
		const at = features.indexOf(name)
		return at >= 0 ? at : features.push(name) - 1
	}
	const oneHot = new Map<string, { feature: string; category: string }>()
	const codes = new Map<string, ReadonlyMap<string, number>>()
	for (const [feature, encoding] of Object.entries(manifest.encodings ?? {})) {
		const hot = 'oneHot' in encoding && typeof encoding.oneHot === 'object' ? encoding.oneHot : undefined
		if (!hot) codes.set(feature, new Map(Object.entries(encoding as Record<string, number>)))
		for (const [category, column] of Object.entries(hot ?? {})) {
			if (!names.includes(column))
				throw new ArtifactError(
					`the manifest encodes ${JSON.stringify(feature)} into the column ${JSON.stringify(column)}, which the model does not take`,
				)
			oneHot.set(column, { feature, category })
		}
	}
	const columns = names.map((name, i): InputColumn => {
		const type = types[i] as ElementType
		const hot = oneHot.get(name)
		if (hot) return { name, type, feature: featureOf(hot.feature), category: hot.category, needed: false }
		const known = codes.get(name)
		return { name, type, feature: featureOf(name), ...(known ? { codes: known } : {}), needed: false }
	})
	return { features, columns }
}

const isMissing = (value: unknown, missing: number | null | undefined): boolean =>
	value === null ||
	value === undefined ||
	Number.isNaN(value) ||
	(typeof missing === 'number' && value === missing)

/**
 * A row's inputs, column by column: texts by their number, booleans 0 or 1, missing numbers NaN, what the file calls a
 * float rounded to one. Throws FeatureError for what cannot be taken.
 */
export function encodeColumns(
	{ features, columns }: Inputs,
	row: Readonly<Record<string, unknown>>,
	texts: Texts,
	missing: number | null | undefined,
): Encoded {
	const notes = new Map<string, FeatureNote>()
	const { known } = texts
	const x = Float64Array.from(columns, (column) => {
		const feature = features[column.feature] as string
		const note = (code: FeatureNote['code'], message: string) =>
			notes.set(`${code} ${feature}`, { feature, code, message })
		const value = Object.hasOwn(row, feature) ? row[feature] : undefined
		if (isMissing(value, missing)) {
			if (column.category !== undefined) {
				note('missing', 'has no value: none of its categories')
				return 0
			}
			const canMiss =
				column.type === 'float' || column.type === 'double' || (column.type === 'string' && known.has(''))
			if (!canMiss || column.needed)
				throw new FeatureError(feature, 'has no value, and the model has no rule for that')
			note('missing', 'has no value')
			return column.type === 'string' ? texts.code('') : Number.NaN
		}
		if (column.category !== undefined) return String(value) === column.category ? 1 : 0
		if (column.type === 'string') return encodeText(value, feature, texts, known, note)
		return encodeNumber(value, column, feature)
	})
	return { x, notes: [...notes.values()] }
}

function encodeText(
	value: unknown,
	feature: string,
	texts: Texts,
	known: ReadonlySet<string>,
	note: (code: 'unseen-category', message: string) => void,
): number {
	if (typeof value !== 'string' && typeof value !== 'number')
		throw new FeatureError(feature, 'must be a text, as the model takes one')
	const text = String(value)
	if (known.size > 0 && !known.has(text))
		note('unseen-category', `${JSON.stringify(text)} is no category that the model knows`)
	return texts.code(text)
}

function encodeNumber(value: unknown, { type, codes }: InputColumn, feature: string): number {
	const coded = codes?.get(String(value))
	if (codes && coded === undefined)
		throw new FeatureError(feature, `${JSON.stringify(value)} has no number in the manifest's encodings`)
	const number = coded ?? (typeof value === 'boolean' ? Number(value) : value)
	if (typeof number !== 'number')
		throw new FeatureError(
			feature,
			"must be a number; if it is a category, name its numbers in the manifest's encodings",
		)
	if (type === 'float') return Math.fround(number)
	if (type === 'double') return number
	const fits = type === 'bool' ? number === 0 || number === 1 : Number.isSafeInteger(number)
	if (!fits)
		throw new FeatureError(feature, `must be ${type === 'bool' ? 'true or false' : 'a whole number'}`)
	return number
}
