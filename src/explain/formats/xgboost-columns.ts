import { ArtifactError } from '../model.ts'
import { categoryKey, type TreeColumn } from './tree-file.ts'
import { listAt, type Numbers, numbersAt, textAt, type ValueMap } from './value.ts'

const utf8 = new TextDecoder()

// XGBoost's numbers for the types of categories (src/data/cat_container.cc); unsigned ones are written as signed.
const unsignedBits: Readonly<Record<number, number>> = { 10: 8, 12: 16, 14: 32, 16: 64 }

type Categories = Pick<TreeColumn, 'codes' | 'incomplete'>

const none: Categories = { codes: undefined, incomplete: undefined }

function numberCategories(column: ValueMap, values: Numbers, path: string): Categories {
	const bits = unsignedBits[Number(textAt(column, 'type', path))]
	const codes = new Map<string, number>()
	values.forEach((v, code) => {
		codes.set(categoryKey(bits !== undefined && v < 0 ? v + 2 ** bits : v), code)
	})
	return codes.size > 0 ? { codes, incomplete: undefined } : none
}

/**
 * Texts lie end to end in UTF-8, with their bounds. Before 3.4 the bounds count characters and the bytes are cut off at the
 * last bound (python-package/xgboost/_data_utils.py): from the first character outside of ASCII on they are not to be told.
 */
function textCategories(column: ValueMap, values: Numbers, path: string, inBytes: boolean): Categories {
	const offsets = numbersAt(column, 'offsets', path)
	const bytes = Uint8Array.from(values)
	const foreign = inBytes ? -1 : bytes.findIndex((b) => b >= 128)
	const codes = new Map<string, number>()
	for (let code = 0; code + 1 < offsets.length; code++) {
		const [from, to] = [offsets[code] as number, offsets[code + 1] as number]
		if (!(from >= 0 && to >= from && to <= bytes.length))
			throw new ArtifactError(`${path} has a category outside of its text: the file is damaged.`)
		if (foreign < 0 || to <= foreign) codes.set(utf8.decode(bytes.subarray(from, to)), code)
	}
	if (foreign >= 0)
		return { codes, incomplete: 'XGBoost before 3.4 cuts off names of categories outside of ASCII' }
	return codes.size > 0 ? { codes, incomplete: undefined } : none
}

function categoriesOf(column: ValueMap, path: string, inBytes: boolean): Categories {
	const values = numbersAt(column, 'values', path)
	return column.has('offsets')
		? textCategories(column, values, path, inBytes)
		: numberCategories(column, values, path)
}

/** Names and types of the columns, and the categories that XGBoost >= 3.1 keeps of a data frame's. */
export function xgboostColumns(
	learner: ValueMap,
	model: ValueMap,
	count: number,
	version: number,
): { columns: TreeColumn[]; names: string[] | undefined } {
	const texts = (key: string): string[] | undefined => {
		const list = learner.has(key) ? listAt(learner, key, 'learner') : []
		if (list.length === 0) return undefined
		if (list.length !== count)
			throw new ArtifactError(`learner.${key} has ${list.length} of ${count} features: the file is damaged.`)
		return list.map(String)
	}
	const names = texts('feature_names')
	const types = texts('feature_types')
	const cats = model.get('cats')
	const encodings = cats instanceof Map ? listAt(cats, 'enc', 'cats') : []
	const columns = Array.from({ length: count }, (_, i) => {
		const encoding = encodings[i]
		const known = encoding instanceof Map ? categoriesOf(encoding, `cats.enc[${i}]`, version >= 3004) : none
		return { categorical: types?.[i] === 'c', ...known }
	})
	return { columns, names }
}
