import { quantileSorted } from 'simple-statistics'
import { chiSquareHomogeneity } from '../../stats/chi-square.ts'
import { total } from '../../stats/counts.ts'
import { totalVariation } from '../../stats/distances.ts'
import { newcombe } from '../../stats/fairness/shares.ts'
import { modeOf, sampleDistance, shareAt } from '../../stats/ordered-samples.ts'
import { type UnitChange, unitChange } from '../../stats/unit-change.ts'
import { amount, factorText, percent } from './change-text.ts'
import type { Side } from './window-rows.ts'

/** The aspects of a feature that can change independently. */
export type Aspect = 'type' | 'missing' | 'category' | 'values'

/** One change of a feature, larger than chance. `size` is in [0, 1] and comparable within an aspect. */
export type Found = {
	aspect: Aspect
	kind: string
	size: number
	factor?: number
	before: number | null
	after: number | null
	/** The text after the feature's name; `inPlace` is a shorter one for after the name of a place. */
	words: string
	inPlace?: string
}

/** A difference is reported from this many standard errors, and this share of rows, on. */
const clear = 3.29
const minRise: Record<'type' | 'missing' | 'category', number> = {
	type: 0.005,
	missing: 0.02,
	category: 0.01,
}
const minDistance = 0.05
const minRows = 20
/** A category is named only if this many rows have it: a rarer one could identify a person. */
const minNamed = 10
const maxCategories = 3

/** What changed from one side to the other, the most informative first. `known`: the categories that are not new. */
export const findChanges = (before: Side, after: Side, known: ReadonlySet<string> | undefined): Found[] =>
	[wrongTypes, missingValues, newCategories, otherValues].flatMap((find) => find(before, after, known) ?? [])

/** How far one aspect differs, also when by chance. */
export function sizeOf(aspect: Aspect, before: Side, after: Side, known?: ReadonlySet<string>): number {
	if (aspect === 'type') return share(after.wrong, after) - share(before.wrong, before)
	if (aspect === 'missing') return share(after.missing, after) - share(before.missing, before)
	if (aspect === 'category') return share(rowsOf(newOnes(before, after, known)), after)
	if (before.numbers.length > 0 && after.numbers.length > 0)
		return sampleDistance(before.numbers, after.numbers)
	const [a, b] = knownCounts(before, after, known)
	return Math.max(0, ...a) > 0 && Math.max(0, ...b) > 0 ? totalVariation(a, b) : 0
}

type Find = (before: Side, after: Side, known: ReadonlySet<string> | undefined) => Found | undefined

const share = (count: number, { rows }: Side): number => (rows === 0 ? 0 : count / rows)

/** Whether a share has risen by more than chance, and by at least `minimum`. */
function hasRisen(before: [number, number], after: [number, number], minimum: number): boolean {
	const [[a, m], [b, n]] = [before, after]
	if (m === 0 || n === 0 || b / n - a / m < minimum) return false
	return newcombe({ successes: b, n }, { successes: a, n: m }, clear).low > 0
}

const wrongTypes: Find = (before, after) => {
	if (!hasRisen([before.wrong, before.rows], [after.wrong, after.rows], minRise.type)) return undefined
	const [was, is] = [share(before.wrong, before), share(after.wrong, after)]
	const words = `has another type than declared in ${percent(is)} of rows, ${none(was)} before`
	return { aspect: 'type', kind: 'type', size: is - was, before: was, after: is, words }
}

const missingValues: Find = (before, after) => {
	if (!hasRisen([before.missing, before.rows], [after.missing, after.rows], minRise.missing)) return undefined
	const [was, is] = [share(before.missing, before), share(after.missing, after)]
	const words = `is missing in ${percent(is)} of rows, ${none(was)} before`
	return { aspect: 'missing', kind: 'missing', size: is - was, before: was, after: is, words }
}

const none = (x: number): string => (x === 0 ? 'none' : percent(x))

type Counted = [name: string, rows: number][]
const rowsOf = (counted: Counted): number => counted.reduce((sum, [, rows]) => sum + rows, 0)

function newOnes(before: Side, after: Side, known: ReadonlySet<string> | undefined): Counted {
	return [...after.categories]
		.filter(([name]) => !known?.has(name) && !before.categories.get(name))
		.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
}

const newCategories: Find = (before, after, known) => {
	if (before.categories.size === 0 && known === undefined) return undefined
	const found = newOnes(before, after, known)
	const rows = rowsOf(found)
	if (!hasRisen([before.unnamed, before.rows], [rows, after.rows], minRise.category)) return undefined
	const [was, is] = [share(before.unnamed, before), share(rows, after)]
	const words = `${newWords(found, after, known ?? new Set(before.categories.keys()))}; ${none(was)} before`
	return { aspect: 'category', kind: 'new-category', size: is - was, before: was, after: is, words }
}

function newWords(found: Counted, after: Side, known: ReadonlySet<string>): string {
	const named = found.filter(([, rows]) => rows >= minNamed).slice(0, maxCategories)
	const shown = named.map(([name, rows]) => {
		const alike = [...known].find((k) => plainly(k) === plainly(name))
		const as = alike === undefined ? '' : `, which looks like "${alike}"`
		return `"${name.slice(0, 60)}" in ${percent(share(rows, after))} of rows${as}`
	})
	const rest = found.slice(named.length)
	if (shown.length === 0)
		return `has ${rest.length} new categories in ${percent(share(rowsOf(rest), after))} of rows, each too rare to be shown`
	const more = rest.length > 0 ? `, ${rest.length} more in ${percent(share(rowsOf(rest), after))}` : ''
	return `has ${shown.length + rest.length === 1 ? 'the new category' : 'new categories:'} ${shown.join(', ')}${more}`
}

const plainly = (name: string): string =>
	name
		.trim()
		.toLowerCase()
		.replace(/[\s_-]+/g, ' ')

function knownCounts(
	before: Side,
	after: Side,
	known: ReadonlySet<string> | undefined,
): [number[], number[]] {
	const names = [...new Set([...before.categories.keys(), ...(known ?? [])])].sort()
	const counts = (side: Side) => names.map((name) => side.categories.get(name) ?? 0)
	return [counts(before), counts(after)]
}

const otherValues: Find = (before, after, known) =>
	before.numbers.length >= minRows && after.numbers.length >= minRows
		? numbersChanged(before.numbers, after.numbers)
		: categoriesChanged(before, after, known)

const categoriesChanged: Find = (before, after, known) => {
	const [a, b] = knownCounts(before, after, known)
	const [m, n] = [total(a), total(b)]
	if (m < minRows || n < minRows) return undefined
	const size = totalVariation(a, b)
	if (size < minDistance || chiSquareHomogeneity(a, b).p > 0.001) return undefined
	const names = [...new Set([...before.categories.keys(), ...(known ?? [])])].sort()
	const moves = names.map((name, i) => ({ name, was: (a[i] ?? 0) / m, is: (b[i] ?? 0) / n }))
	moves.sort((x, y) => Math.abs(y.is - y.was) - Math.abs(x.is - x.was))
	const largest = moves
		.slice(0, 2)
		.map(({ name, was, is }) => `"${name.slice(0, 60)}" in ${percent(is)} of rows, ${percent(was)} before`)
	const [{ was, is }] = moves as [(typeof moves)[number]]
	return {
		aspect: 'values',
		kind: 'shift',
		size,
		before: was,
		after: is,
		words: `is distributed differently: ${largest.join('; ')}`,
	}
}

const median = (sorted: Float64Array): number => quantileSorted(sorted as unknown as number[], 0.5)
const mean = (values: Float64Array): number => values.reduce((sum, x) => sum + x / values.length, 0)

/** The first explanation that fits: clipped, one value, another unit, one value too often; or else how the median moved. */
function numbersChanged(before: Float64Array, after: Float64Array): Found | undefined {
	const size = sampleDistance(before, after)
	const chance = 1.95 * Math.sqrt(1 / before.length + 1 / after.length)
	const common = { aspect: 'values' as const, size }
	const clipped = clippedAt(before, after, chance)
	if (clipped) return { ...common, ...clipped }
	if (size < Math.max(minDistance, chance)) return undefined
	const middle = { before: median(before), after: median(after) }
	const medians = `median ${amount(middle.before)} before, ${amount(middle.after)} now`
	if (after[0] === after.at(-1) && before[0] !== before.at(-1))
		return {
			...common,
			...middle,
			kind: 'constant',
			words: `is always ${amount(middle.after)}; ${medians.split(',')[0]}`,
		}
	const unit = unitChange(before, after)
	if (unit) return { ...common, ...middle, ...unitOf(unit, medians) }
	return (
		often(before, after, common) ??
		mixedUnit(before, after, common) ?? {
			...common,
			...middle,
			kind: 'shift',
			words: shiftWords(before, after, medians),
		}
	)
}

function unitOf(unit: UnitChange, medians: string) {
	if ('name' in unit) return { kind: 'unit', words: `looks like ${unit.name}: ${medians}` }
	const times = factorText(unit.factor)
	return {
		kind: 'unit',
		factor: Number(unit.factor.toPrecision(6)),
		words: `looks like a unit change ${times}: ${medians}`,
		inPlace: `: ${times}, looks like a unit change (${medians})`,
	}
}

function shiftWords(before: Float64Array, after: Float64Array, medians: string): string {
	return `has moved: ${medians} (mean ${amount(mean(before))} before, ${amount(mean(after))} now)`
}

/** Values beyond a bound are at the bound now, and all others are as before. */
function clippedAt(before: Float64Array, after: Float64Array, chance: number) {
	const [low = 0, high = low] = [after[0], after.at(-1)]
	for (const [bound, apply] of [
		[high, (x: number) => Math.min(x, high)],
		[low, (x: number) => Math.max(x, low)],
	] as const) {
		const [was, is] = [shareAt(before, bound), shareAt(after, bound)]
		const rows = (s: number, of: Float64Array): [number, number] => [Math.round(s * of.length), of.length]
		if (is > 0.98 || !hasRisen(rows(was, before), rows(is, after), 0.02)) continue
		const beyond = before.filter((x) => apply(x) !== x).length / before.length
		if (beyond < is / 2 || sampleDistance(before.map(apply), after) > Math.max(chance, 0.05)) continue
		const words = `is clipped at ${amount(bound)}: ${percent(is)} of rows have exactly this value, ${none(was)} before`
		return { kind: 'truncation', before: was, after: is, words }
	}
	return undefined
}

type Common = { aspect: 'values'; size: number }

/** One value, such as a placeholder, in far more rows than before. */
function often(before: Float64Array, after: Float64Array, common: Common): Found | undefined {
	const { value, share: is } = modeOf(after)
	const was = shareAt(before, value)
	if (is < 0.05 || was > is / 3 || is * after.length < minNamed) return undefined
	const words = `is ${amount(value)} in ${percent(is)} of rows, ${none(was)} before`
	return { ...common, kind: 'spike', before: was, after: is, words }
}

/** Another unit in a part of the rows: those outside of the range of nearly all values before. */
function mixedUnit(before: Float64Array, after: Float64Array, common: Common): Found | undefined {
	const at = (p: number) => quantileSorted(before as unknown as number[], p)
	const [low, high] = [at(0.002), at(0.998)]
	const outside = after.filter((x) => x < low || x > high)
	const part = outside.length / after.length
	const unit = part >= 0.05 ? unitChange(before, outside) : undefined
	if (!unit) return undefined
	const middle = { before: median(before), after: median(outside) }
	const medians = `in ${percent(part)} of rows: median ${amount(middle.before)} before, ${amount(middle.after)} there now`
	return { ...common, ...middle, ...unitOf(unit, medians), size: part }
}
