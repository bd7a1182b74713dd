/** How the cells of a column are read: as the feature of a model is declared. */
export type CellSpec = {
	type: 'numeric' | 'categorical' | 'boolean' | 'text'
	values?: readonly string[] | undefined
}

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

/** The number that a text says; none beyond what a double can hold: 1e400 stays a text, which is marked. */
function asNumber(text: string): number | undefined {
	const trimmed = text.trim()
	if (!number.test(trimmed)) return undefined
	const value = Number(trimmed)
	return Number.isFinite(value) ? value : undefined
}

/** The same, but not of digits that name something: 007, and integers that a double does not hold. */
function asQuantity(text: string): number | undefined {
	const value = asNumber(text)
	const trimmed = text.trim()
	if (value === undefined || leadingZero.test(trimmed)) return undefined
	return integer.test(trimmed) && !Number.isSafeInteger(value) ? undefined : value
}

/** `1.0` for the declared category `1`, `True` for `true`: what a data frame makes of codes with nulls among them, and of booleans. */
function asCategory(spec: CellSpec, text: string): string {
	if (spec.values === undefined || spec.values.includes(text)) return text
	const plain = booleans.get(text) ?? asQuantity(text) ?? text
	return spec.values.includes(String(plain)) ? String(plain) : text
}

/**
 * The JSON value that a text cell stands for, by the declared type of its feature; a text that does not fit stays text,
 * so that it is marked, not lost. An empty cell is null. Undeclared columns are guessed.
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
 * The same for a cell that has a type, as Parquet's have: numbers in a text column are read as in CSV, integers beyond
 * 2^53 that are no quantity keep their digits as a text, and what is no finite number is a text, which is marked.
 */
export function typedCellOf(spec: CellSpec | undefined, cell: unknown): unknown {
	const isQuantity = spec?.type === 'numeric' || spec?.type === 'boolean'
	if (cell === null || cell === undefined || Number.isNaN(cell)) return null
	if (typeof cell === 'string') return isQuantity || (spec && cell !== '') ? cellOf(spec, cell) : cell
	if (typeof cell === 'bigint') return isQuantity ? Number(cell) : String(cell)
	return typeof cell === 'number' && !Number.isFinite(cell) ? String(cell) : cell
}

/** An id by a typed cell: digits where they are all there. A double beyond 2^53 stays a number, which is no id. */
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
 * The names that a column's distinct texts stand for. They are names as they are, so `1.1` and `1.10` are two; but where
 * all are integers, `1.0` is what data frames make of `1`, and where all are booleans, `True` is `true`.
 */
export function namesOf(texts: readonly string[]): string[] {
	for (const canonical of [digitsOfCode, wordOfBoolean]) {
		const names = texts.map(canonical)
		if (names.every((name) => name !== undefined)) return names as string[]
	}
	return [...texts]
}
