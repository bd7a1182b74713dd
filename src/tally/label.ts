import { categoryOf } from '../profile/cell.ts'
import { type Column, cellKind } from '../profile/columns.ts'

export type Task = 'binary' | 'multiclass' | 'regression' | 'ranking'

/** How the classes of a binary model stand in a tally, whatever they are called. */
export const positive = '+'
export const negative = '-'

const opposites: readonly (readonly [positives: readonly string[], negatives: readonly string[]])[] = [
	[['1', 'true'], ['0', 'false']],
	[['0', 'false'], ['1', 'true']],
	[['yes'], ['no']],
	[['no'], ['yes']],
] // biome-ignore format: a table to be read at a glance

/**
 * The side of a binary label: `1` and `true` are one value. Where the positive label has a known opposite, any other
 * text is neither side (undefined); else all that is not positive is negative.
 */
export function sideOf(text: string, positiveLabel: string | null | undefined): string | undefined {
	const label = positiveLabel ?? '1'
	if (text === label) return positive
	const known = opposites.find(([positives]) => positives.includes(label))
	if (!known) return negative
	if (known[0].includes(text)) return positive
	return known[1].includes(text) || text === `not ${label}` ? negative : undefined
}

/** What an outcome says: the text that a tally counts it under, and its number for regression and ranking. */
export type Actual = { text: string; value: number }

/** Undefined when the cell is no label of this task: then it is counted as unusable. */
export function actualOf(
	task: Task,
	positiveLabel: string | null | undefined,
	labels: Column,
	row: number,
	strings: readonly string[],
): Actual | undefined {
	const kind = labels.kinds[row] as number
	const num = labels.nums[row] as number
	if (task === 'regression' || task === 'ranking') {
		const value = kind === cellKind.boolean || kind === cellKind.number ? num : Number.NaN
		if (!Number.isFinite(value) || (task === 'ranking' && value < 0)) return undefined
		return { text: task === 'ranking' ? String(value) : '', value }
	}
	const text = categoryOf(kind, num, strings)
	if (text === undefined) return undefined
	const side = task === 'binary' ? sideOf(text, positiveLabel) : text
	return side === undefined ? undefined : { text: side, value: Number.NaN }
}
