import type { FeatureSpec } from './bins.ts'
import { type Column, cellKind } from './columns.ts'

/** 32-bit FNV-1a over UTF-16 code units. */
export function textHash(text: string): number {
	let hash = 0x811c9dc5
	for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
	return hash >>> 0
}

/** The category that a cell stands for: its text, or the JSON text of a number or boolean. Undefined for other kinds. */
export function categoryOf(kind: number, num: number, strings: readonly string[]): string | undefined {
	if (kind === cellKind.string) return strings[num]
	if (kind === cellKind.number && Number.isFinite(num)) return String(num)
	if (kind === cellKind.boolean) return num === 1 ? 'true' : 'false'
	return undefined
}

/** Whether a cell that is neither absent nor null has the declared type. Codes sent as numbers are categories too. */
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
			// JSON has no infinity: what overflowed is shown as the text that says so.
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
