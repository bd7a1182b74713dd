/** How the cells of a column are read: by the declaration of the feature in it. */
export type CellSpec = {
	type: 'numeric' | 'categorical' | 'boolean' | 'text'
	values?: readonly string[] | undefined
}

export type ColumnSpec = CellSpec & { name: string }

const number = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const integer = /^[+-]?\d+(?:\.0*)?$/
const leadingZero = /^[+-]?0\d/
const booleans: ReadonlyMap<string, boolean> = new Map([
	['true', true],
	['True', true],
	['TRUE', true],
	['false', false],
	['False', false],
	['FALSE', false],
])

/** The number in a text. One beyond the range of a double, such as 1e400, stays a text, which validation then reports. */
function asNumber(text: string): number | undefined {
	const trimmed = text.trim()
	if (!number.test(trimmed)) return undefined
	const value = Number(trimmed)
	return Number.isFinite(value) ? value : undefined
}

/** The same, except digits that are an id: 007, and integers that a double cannot hold. */
function asQuantity(text: string): number | undefined {
	const value = asNumber(text)
	const trimmed = text.trim()
	if (value === undefined || leadingZero.test(trimmed)) return undefined
	return integer.test(trimmed) && !Number.isSafeInteger(value) ? undefined : value
}

/** Data frames write the category `1` as `1.0` when the column has nulls, and booleans as `True`. */
function asCategory(spec: CellSpec, text: string): string {
	if (spec.values === undefined || spec.values.includes(text)) return text
	const plain = booleans.get(text) ?? asQuantity(text) ?? text
	return spec.values.includes(String(plain)) ? String(plain) : text
}

/**
 * The JSON value of a text cell, by the declared type of its feature. A text that does not fit stays a text, so that
 * validation reports it. An empty cell is null. The type of an undeclared column is guessed.
 */
export function cellOf(spec: CellSpec | undefined, text: string): string | number | boolean | null {
	if (text === '') return null
	switch (spec?.type) {
		case 'numeric':
			return asNumber(text) ?? text
		case 'boolean':
			return booleans.get(text.trim()) ?? asNumber(text) ?? text
		case 'categorical':
			return asCategory(spec, text)
		case 'text':
			return text
		default:
			return asQuantity(text) ?? booleans.get(text) ?? text
	}
}

/**
 * The same for a typed cell, as in Parquet. Numbers in a text column are read as in CSV; integers beyond 2^53 that are not
 * quantities become texts with all their digits; NaN and infinity become texts, which validation then reports.
 */
export function typedCellOf(spec: CellSpec | undefined, cell: unknown): unknown {
	const isQuantity = spec?.type === 'numeric' || spec?.type === 'boolean'
	if (cell === null || cell === undefined || Number.isNaN(cell)) return null
	if (typeof cell === 'string') return isQuantity || (spec && cell !== '') ? cellOf(spec, cell) : cell
	if (typeof cell === 'bigint') return isQuantity ? Number(cell) : String(cell)
	return typeof cell === 'number' && !Number.isFinite(cell) ? String(cell) : cell
}

/** The id in a typed cell. A double beyond 2^53 has lost digits, so it stays a number, which is not an id. */
export function typedIdOf(cell: unknown): unknown {
	if (typeof cell === 'bigint' || (typeof cell === 'number' && Number.isSafeInteger(cell)))
		return String(cell)
	return cell === undefined || Number.isNaN(cell) ? null : cell
}

const integerCode = /^([+-]?)(\d+)(?:\.0*)?$/
const wordOfBoolean = (text: string) => (booleans.has(text) ? text.toLowerCase() : undefined)
const digitsOfCode = (text: string) => {
	const [, sign = '', digits = ''] = integerCode.exec(text) ?? []
	return digits === '' || leadingZero.test(digits) ? undefined : `${sign === '-' ? '-' : ''}${digits}`
}

/**
 * The names for a column's distinct texts. A text is its own name, so `1.1` and `1.10` are two; but in a column of integers
 * `1.0` is `1`, and in a column of booleans `True` is `true`, since data frames write them so.
 */
export function namesOf(texts: readonly string[]): string[] {
	for (const canonical of [digitsOfCode, wordOfBoolean]) {
		const names = texts.map(canonical)
		if (names.every((name) => name !== undefined)) return names as string[]
	}
	return [...texts]
}
