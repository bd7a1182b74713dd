import { integerText } from '../core/categories.ts'
import { categoryOf } from '../profile/cell.ts'
import { type Column, cellKind } from '../profile/columns.ts'

export type Task = 'binary' | 'multiclass' | 'regression' | 'ranking'

/** How the classes of a binary model stand in a tally, whatever they are called. */
export const positive = '+'
export const negative = '-'

const yes: readonly string[] = ['1', 'true', 'yes']
const no: readonly string[] = ['0', 'false', 'no', '-1']

/** `True`, `true` and ` TRUE ` are one label, and so are 1, `1` and `1.0`. */
function canonical(text: string): string {
	const bare = text.trim().toLowerCase()
	return bare !== '' && Number.isFinite(Number(bare)) ? String(Number(bare)) : bare
}

/**
 * The side of a binary label. Where the positive label is one of the usual words for yes or no, so must every other be: a
 * text that is neither is no label (undefined). Else all that is not positive is negative.
 */
export function sideOf(text: string, positiveLabel: string | null | undefined): string | undefined {
	const label = canonical(positiveLabel ?? '1')
	const own = canonical(text)
	if (own === label) return positive
	const [same, other] = yes.includes(label) ? [yes, no] : [no, yes]
	if (!same.includes(label)) return negative
	if (same.includes(own)) return positive
	return other.includes(own) || own === `not ${label}` ? negative : undefined
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
	const side = task === 'binary' ? sideOf(text, positiveLabel) : integerText(text)
	return side === undefined ? undefined : { text: side, value: Number.NaN }
}
