import type { Manifest } from '../manifest.ts'
import { type Encoded, FeatureError, type FeatureNote } from '../model.ts'
import { makeEncoder } from '../trees/encoder.ts'
import type { Texts } from './columns.ts'
import type { ElementType } from './read-onnx.ts'

/** An input column: the logged feature that it is made from, and how. */
export type InputColumn = {
	type: ElementType
	/** Index into the features. */
	feature: number
	/** 1 or 0: whether the feature has a category. */
	isIndicator: boolean
	/** The model cannot score a row in which this is missing. */
	needed: boolean
}

export type Inputs = {
	features: string[]
	columns: InputColumn[]
	/** Texts become codes, missing numbers NaN, floats float32. Throws FeatureError for a value that the model cannot take. */
	encode(row: Readonly<Record<string, unknown>>): Encoded
}

const plainColumn = { categorical: false, codes: undefined, incomplete: undefined }

/** The logged feature of each input column, by name and by the manifest's encodings. Throws ArtifactError. */
export function planInputs(
	names: readonly string[],
	types: readonly ElementType[],
	manifest: Manifest,
	texts: Texts,
): Inputs {
	const numeric = names.filter((_, i) => types[i] !== 'string')
	const numbers = makeEncoder({
		names: numeric,
		columns: numeric.map(() => plainColumn),
		manifest,
		float32: false,
	})
	let next = 0
	const featureNames = names.map((name, i) =>
		types[i] === 'string' ? name : (numbers.features[numbers.featureOf[next++] as number] as string),
	)
	const features = [...new Set(featureNames)]
	const position = new Map(features.map((feature, i) => [feature, i]))
	const columns = names.map((name, i) => ({
		type: types[i] as ElementType,
		feature: position.get(featureNames[i] as string) as number,
		isIndicator: featureNames[i] !== name,
		needed: false,
	}))
	const encode: Inputs['encode'] = (row) => {
		const { x: plain, notes } = numbers.encode(row)
		const all = [...notes]
		let at = 0
		const x = Float64Array.from(columns, (column) => {
			const feature = features[column.feature] as string
			return column.type === 'string'
				? encodeText(row, feature, texts, all)
				: typed(plain[at++] as number, column, feature)
		})
		return { x, notes: all }
	}
	return { features, columns, encode }
}

const fault = (feature: string, message: string) => new FeatureError(feature, `${feature} ${message}`)

function encodeText(
	row: Readonly<Record<string, unknown>>,
	feature: string,
	texts: Texts,
	notes: FeatureNote[],
): number {
	const value = Object.hasOwn(row, feature) ? row[feature] : undefined
	if (value === undefined)
		throw fault(
			feature,
			'is not among the logged features, and the model takes it. Log it with the prediction, as null when it is missing.',
		)
	if (value === null) {
		if (!texts.known.has('')) throw fault(feature, 'is missing, and the model has no category for that.')
		notes.push({ feature, code: 'missing', message: `${feature} is missing.` })
		return texts.code('')
	}
	if (typeof value !== 'string' && typeof value !== 'number')
		throw fault(feature, 'is not a text, and the model takes a text there.')
	const text = String(value)
	if (texts.known.size > 0 && !texts.known.has(text)) {
		const shown = JSON.stringify(text.slice(0, 80))
		notes.push({
			feature,
			code: 'unseen-category',
			message: `${feature} is ${shown}, a category that the model's file does not know.`,
		})
	}
	return texts.code(text)
}

/** A number in the element type of the input. */
function typed(value: number, { type, needed }: InputColumn, feature: string): number {
	if (Number.isNaN(value)) {
		if (type !== 'float' && type !== 'double')
			throw fault(feature, 'is missing, and the model takes a whole number there.')
		if (needed) throw fault(feature, 'is missing, and the model has no rule for that.')
		return value
	}
	if (type === 'double') return value
	const narrow = type === 'float' ? Math.fround(value) : value
	if (!Number.isFinite(narrow)) throw fault(feature, `is ${value}, beyond the numbers that the model takes.`)
	if (type === 'bool' && narrow !== 0 && narrow !== 1)
		throw fault(feature, `is ${value}, and the model takes 0 or 1.`)
	if (type !== 'float' && !Number.isSafeInteger(narrow))
		throw fault(feature, `is ${value}, and the model takes a whole number there.`)
	return narrow
}
