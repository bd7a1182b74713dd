import { integerText } from '../../core/categories.ts'
import { type Column, categoryOf, cellKind } from '../inputs/columns.ts'

export type Task = 'binary' | 'multiclass' | 'regression' | 'ranking'

/** How the classes of a binary model stand in a tally, whatever they are called. */
export const positive = '+'
export const negative = '-'

/** What the two classes of a binary model are called. Without a positive label it is 1. */
export type Labels = {
	positiveLabel?: string | null | undefined
	negativeLabel?: string | null | undefined
	/** Of a multiclass model that declares its classes: others are no labels. */
	classes?: readonly string[] | undefined
}

const yes: readonly string[] = ['1', 'true', 'yes']
const no: readonly string[] = ['0', 'false', 'no']
/** Texts that say that a label is not known; none is one only where another label is there. */
const unknowns: readonly string[] = ['', 'nan', 'na', 'n/a', 'null', 'unknown', 'undefined', 'missing', '?']
const weakUnknowns: readonly string[] = ['none', 'nil']

/** `True`, `true` and ` TRUE ` are one label, and so are 1, `1` and `1.0`. Digits that a double does not hold are kept. */
function canonical(text: string): string {
	const bare = text.trim().toLowerCase()
	if (!isNumber(bare)) return bare
	const value = Number(bare)
	return Math.abs(value) > Number.MAX_SAFE_INTEGER ? integerText(bare) : String(value)
}

const isNumber = (bare: string) => bare !== '' && Number.isFinite(Number(bare))

/** Whether a text says that a label is not known. */
export const saysUnknown = (text: string): boolean => [...unknowns, ...weakUnknowns].includes(canonical(text))

/** Whether two texts are one label in two spellings. */
export const isSameLabel = (a: string, b: string): boolean => canonical(a) === canonical(b)

/** The usual words that mean the same as a label. */
const spellings = (label: string): readonly string[] =>
	yes.includes(label) ? yes : no.includes(label) ? no : [label]

/** The usual words for the opposite of a label that is one itself. */
const opposites = (label: string): readonly string[] =>
	yes.includes(label) ? no : no.includes(label) || label === '-1' ? yes : []

/** Where it is used, -1 stands for no. */
const isUsual = (own: string, label: string) =>
	opposites(label).includes(own) || (own === '-1' && yes.includes(label))

/**
 * The side of a binary label: the positive one, the negative one, or neither (undefined). While no negative label is known
 * it is the usual opposite of the positive one; of a positive label that has none, any other word that is a label.
 */
export function sideOf(text: string, { positiveLabel, negativeLabel }: Labels): string | undefined {
	const label = canonical(positiveLabel ?? '1')
	const own = canonical(text)
	if (spellings(label).includes(own)) return positive
	if (own === `not ${label}`) return negative
	if (typeof negativeLabel === 'string')
		return spellings(canonical(negativeLabel)).includes(own) ? negative : undefined
	const usual = opposites(label)
	if (usual.length > 0) return usual.includes(own) ? negative : undefined
	return [...unknowns, ...weakUnknowns, ...yes, ...no].includes(own) ? undefined : negative
}

/**
 * Which of the texts is the negative label: the usual opposite of the positive one where it is there, else the commonest
 * other text (of equal ones the first in the alphabet). A text that says unknown is none. Undefined when there is no other.
 */
export function negativeAmong(
	counts: Iterable<readonly [text: string, rows: number]>,
	positiveLabel: string | null | undefined,
): string | undefined {
	const label = canonical(positiveLabel ?? '1')
	const others = new Map<string, { text: string; rows: number }>()
	for (const [text, rows] of counts) {
		const own = canonical(text)
		const isUnknown = unknowns.includes(own) || (isNumber(label) && weakUnknowns.includes(own))
		if (isUnknown || spellings(label).includes(own)) continue
		const key = spellings(own)[0] as string
		const known = others.get(key)
		if (known) known.rows += rows
		else others.set(key, { text, rows })
	}
	const opposite = [...others].filter(([key]) => opposites(label).includes(key))
	const usual = opposite.length > 0 ? opposite : [...others].filter(([key]) => isUsual(key, label))
	const named = [...others].filter(([key]) => !weakUnknowns.includes(key))
	const from = usual.length > 0 ? usual : named.length > 0 ? named : [...others]
	return from.sort(([a, x], [b, y]) => y.rows - x.rows || (a < b ? -1 : 1))[0]?.[1].text
}

/**
 * What the first rows of many say of the negative label while nobody has named one: `negativeAmong` of a positive label that
 * is named, where both are numbers or both are words: 2 beside 1, never "refer". Of labels such as 1 and 2 nobody can tell
 * which is positive: while it is not named, only the usual opposite of 1 is negative.
 */
export function negativeSeen(
	counts: Iterable<readonly [text: string, rows: number]>,
	positiveLabel: string | null | undefined,
): string | undefined {
	const label = canonical(positiveLabel ?? '1')
	const found = negativeAmong(counts, positiveLabel)
	if (found === undefined || isUsual(canonical(found), label)) return found
	const isAlike = isNumber(canonical(found)) === isNumber(label)
	return typeof positiveLabel === 'string' && isAlike ? found : undefined
}

/** A model as far as its labels go. `seenNegative` is what its rows said while nobody had named a negative label. */
export type Labelled = {
	positiveLabel: string | null
	negativeLabel?: string | null | undefined
	favourable?: string | null | undefined
	seenNegative?: string | null | undefined
}

/** The labels of a binary model: a favourable decision that is not the positive label names the negative one. */
export function modelLabels({ positiveLabel, negativeLabel, favourable, seenNegative }: Labelled): {
	positiveLabel: string | null
	negativeLabel: string | null
} {
	const named = negativeLabel ?? favourable ?? null
	const isPositive = named !== null && sideOf(named, { positiveLabel }) === positive
	return { positiveLabel, negativeLabel: (isPositive ? null : named) ?? seenNegative ?? null }
}

/** What an outcome says: the text that a tally counts it under, and its number for regression and ranking. */
export type Actual = { text: string; value: number }

/** Undefined when the cell is no label of this task: then it is counted as unusable. */
export function actualOf(
	task: Task,
	names: Labels,
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
	if (text === undefined || text.trim() === '') return undefined
	const side = task === 'binary' ? sideOf(text, names) : declaredClass(text, names)
	return side === undefined ? undefined : { text: side, value: Number.NaN }
}

/** Where no classes are declared, all words are classes but those that say unknown. */
const declaredClass = (text: string, { classes }: Labels): string | undefined => {
	const name = integerText(text)
	const isClass = classes === undefined ? !unknowns.includes(canonical(name)) : classes.includes(name)
	return isClass ? name : undefined
}

const longestShown = 40

/** A label that is none of the task, to show: its text, or the kind of a cell that has none. */
export function labelText(labels: Column, row: number, strings: readonly string[]): string {
	const kind = labels.kinds[row] as number
	return (categoryOf(kind, labels.nums[row] as number, strings) ?? 'no text').slice(0, longestShown)
}
