import type { FeatureSpec } from './bins.ts'

/** The kind of a cell; its number in `nums` is the value, 0/1 for booleans, or an index into the batch's `strings`. */
export const cellKind = { absent: 0, null: 1, number: 2, string: 3, boolean: 4, json: 5 } as const

/** The cells of one feature, one per row. */
export type Column = { kinds: Uint8Array; nums: Float64Array }

/**
 * Rows as columns: passed from the HTTP parser to the writer, and stored as chunks. Each text is in `strings` once, and
 * columns refer to it by index. An absent number is NaN, an absent text -1.
 */
export type RowBatch = {
	rows: number
	strings: string[]
	/** predictionId, or the subject for feature logs without a predictionId. */
	ids: string[]
	timestamps: Float64Array
	/** Index into `strings`; -1 when absent. */
	versions: Int32Array
	environments: Int32Array
	subjects: Int32Array
	/** 1 when the row had a `features` member. */
	hasFeatures: Uint8Array
	scores: Float64Array
	labels: Column
	latencies: Float64Array
	/** probabilities, attributions and further members as JSON text; -1 when absent. */
	extras: Int32Array
	features: Map<string, Column>
	segments: Map<string, Column>
	/** References to the rows' keys, where the model is encrypted; '' for a row without one. */
	keys?: string[]
	/** The encrypted values of each row, none for one without values. The columns do not have them then. */
	sealed?: Uint8Array[]
}

/** 32-bit FNV-1a over UTF-16 code units. */
export function textHash(text: string): number {
	let hash = 0x811c9dc5
	for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
	return hash >>> 0
}

/** The category of a cell: its text, or the JSON text of a number or boolean. Undefined for other kinds. */
export function categoryOf(kind: number, num: number, strings: readonly string[]): string | undefined {
	if (kind === cellKind.string) return strings[num]
	if (kind === cellKind.number && Number.isFinite(num)) return String(num)
	if (kind === cellKind.boolean) return num === 1 ? 'true' : 'false'
	return undefined
}

/** Whether a cell that is neither absent nor null has the declared type. Numbers are valid categories too. */
export function hasType(type: FeatureSpec['type'], kind: number, num: number): boolean {
	switch (type) {
		case 'numeric':
			return kind === cellKind.number && Number.isFinite(num)
		case 'boolean':
			return kind === cellKind.boolean || (kind === cellKind.number && (num === 0 || num === 1))
		case 'categorical':
			return (
				kind === cellKind.string ||
				kind === cellKind.boolean ||
				(kind === cellKind.number && Number.isFinite(num))
			)
		case 'text':
			return kind === cellKind.string
	}
}

/** The JSON value of a cell; undefined when absent. */
export function cellValue(column: Column, row: number, strings: readonly string[]): unknown {
	const num = column.nums[row] as number
	switch (column.kinds[row]) {
		case cellKind.null:
			return null
		case cellKind.number:
			// JSON has no infinity: a number that overflowed becomes text.
			return Number.isFinite(num) ? num : String(num)
		case cellKind.string:
			return strings[num]
		case cellKind.boolean:
			return num === 1
		case cellKind.json:
			return JSON.parse(strings[num] as string)
		default:
			return undefined
	}
}
