import { integerText } from '../../core/categories.ts'
import { type Column, categoryOf, cellKind } from '../inputs/columns.ts'

export type Task = 'binary' | 'multiclass' | 'regression' | 'ranking'

/** The classes of a binary model in an outcome summary, whatever their labels. */
export const positive = '+'
export const negative = '-'

/** The labels of a model. The default positive label is 1. */
export type Labels = {
	positiveLabel?: string | null | undefined
	negativeLabel?: string | null | undefined
	/** The classes that a multiclass model declares: other texts are not labels. */
	classes?: readonly string[] | undefined
}

const yes: readonly string[] = ['1', 'true', 'yes']
const no: readonly string[] = ['0', 'false', 'no']
/** Texts for an unknown label. The weak ones may also be a label, such as `none`. */
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

/** Whether a text stands for an unknown label. */
export const isUnknownText = (text: string): boolean =>
	[...unknowns, ...weakUnknowns].includes(canonical(text))

/** Whether two texts are spellings of one label. */
export const isSameLabel = (a: string, b: string): boolean => canonical(a) === canonical(b)

/** The usual spellings of a label. */
const spellings = (label: string): readonly string[] =>
	yes.includes(label) ? yes : no.includes(label) ? no : [label]

/** The usual opposites of a label; none of an unusual label. */
const opposites = (label: string): readonly string[] =>
	yes.includes(label) ? no : no.includes(label) || label === '-1' ? yes : []

/** Where -1 is used, it means no. */
const isUsual = (own: string, label: string) =>
	opposites(label).includes(own) || (own === '-1' && yes.includes(label))

/**
 * The side of a binary label: positive, negative, or neither (undefined). Without a known negative label, the usual
 * opposite of the positive one is negative; if that has none, any other label is.
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
 * The negative label among texts: the usual opposite of the positive one if present, else the most frequent other text
 * (of equally frequent ones, the first in the alphabet). Texts for unknown are skipped. Undefined when there is no other.
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
 * The negative label inferred from the first rows while none is declared: `negativeAmong` a declared positive label if both
 * are numbers or both are words, so that 2 is the negative of 1 but "refer" is not. Without a declared positive label,
 * labels such as 1 and 2 are ambiguous: only a usual opposite of 1 is negative.
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

/** The labels of a model. `seenNegative` is inferred from its rows while no negative label is declared. */
export type Labelled = {
	positiveLabel: string | null
	negativeLabel?: string | null | undefined
	favourable?: string | null | undefined
	seenNegative?: string | null | undefined
}

/** The labels of a binary model: a favourable decision that is not the positive label is the negative one. */
export function modelLabels({ positiveLabel, negativeLabel, favourable, seenNegative }: Labelled): {
	positiveLabel: string | null
	negativeLabel: string | null
} {
	const named = negativeLabel ?? favourable ?? null
	const isPositive = named !== null && sideOf(named, { positiveLabel }) === positive
	return { positiveLabel, negativeLabel: (isPositive ? null : named) ?? seenNegative ?? null }
}

/** A valid outcome: the text that it is counted under, and its number for regression and ranking. */
export type Actual = { text: string; value: number }

/** Undefined when the cell is not a label of the task: the outcome is then counted as unusable. */
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

/** Where no classes are declared, every text is a class except those for unknown. */
const declaredClass = (text: string, { classes }: Labels): string | undefined => {
	const name = integerText(text)
	const isClass = classes === undefined ? !unknowns.includes(canonical(name)) : classes.includes(name)
	return isClass ? name : undefined
}

const longestShown = 40

/** The text of an unusable label for messages. */
export function labelText(labels: Column, row: number, strings: readonly string[]): string {
	const kind = labels.kinds[row] as number
	return (categoryOf(kind, labels.nums[row] as number, strings) ?? 'no text').slice(0, longestShown)
}
