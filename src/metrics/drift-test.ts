import { overdispersedTest, type Variation } from '../stats/between-windows.ts'
import { total } from '../stats/counts.ts'
import { biasCorrectedPsi, usedBins } from '../stats/distances.ts'
import { isIdentifier, tooFew } from './compare.ts'
import type { ColumnView } from './descriptor.ts'
import { insufficient, type MetricResult } from './metric-value.ts'
import type { ReferenceColumn } from './reference.ts'

/** Two count vectors of one length, of the baseline and the window, and how much windows vary by themselves. */
export type Pair = { reference: number[]; current: number[]; variation?: Variation | undefined }
type RowPair = [reference: number, current: number]

/** Rows that a group is expected to hold on either side (Cochran 1954): with fewer, the test alarms too often. */
const minExpected = 5
/** Rows of the baseline in a part cut by its own quantiles: with fewer, the true share of the part is too uncertain. */
const minInPart = 20
/** Standard deviations between a category and the rarest one that the baseline kept. */
const clearOf = 2.6

/**
 * The groups of a column for a test, sparse ones pooled. A group is kept by its rows in baseline and window together, or
 * by the baseline alone where its quantiles made the groups. Choosing by one side only (the categories that the baseline
 * happens to have, the tenths that the window happens to fill) would create differences where there are none.
 */
export function poolSparseBins(
	column: ReferenceColumn,
	groups: Float64Array,
	reference: Float64Array = column.groups,
): Pair {
	const { proper, grouping } = column
	const [m, n] = [total(reference), total(groups)]
	const groupPairs = Array.from(reference, (a, i): RowPair => [a, groups[i] as number])
	const share = Math.min(m, n) / (m + n)
	const [unseen, ...apart] = groupPairs.slice(proper) as [RowPair, RowPair, RowPair]
	const kept: RowPair[] = []
	// Unseen categories have no group of their own: a group exists only because the baseline has seen its category.
	let rest: RowPair = unseen
	const minRows = Math.max(minExpected / share, grouping === 'category' ? minKept(column, m / (m + n)) : 0)
	if (grouping === 'tenth') kept.push(...joinTenths(groupPairs.slice(0, proper), Math.min(1, n / m)))
	for (const pair of grouping === 'tenth' ? apart : [...groupPairs.slice(0, proper), ...apart])
		if (pair[0] + pair[1] >= minRows) kept.push(pair)
		else rest = sum(rest, pair)
	const rows = rest[0] + rest[1]
	// Too few for a group: they join the first one, which for categories is the most frequent.
	if (rows * share >= minExpected || kept.length === 0) kept.push(rest)
	else if (rows > 0) kept[0] = sum(kept[0] as RowPair, rest)
	return { reference: kept.map((c) => c[0]), current: kept.map((c) => c[1]) }
}

const sum = (a: RowPair, b: RowPair): RowPair => [a[0] + b[0], a[1] + b[1]]

/** Joins tenths into as many parts of about equal share as both sides have rows for. */
function joinTenths(tenths: readonly RowPair[], perReferenceRow: number): RowPair[] {
	const values = tenths.reduce((rows, [a]) => rows + a, 0)
	const maxParts = Math.min(values / minInPart, (values * perReferenceRow) / minExpected)
	const parts = Math.max(1, Math.min(tenths.length, Math.floor(maxParts)))
	const joined = Array.from({ length: parts }, (): RowPair => [0, 0])
	let before = 0
	for (const tenth of tenths) {
		const part = Math.min(parts - 1, Math.floor((parts * (before + tenth[0] / 2)) / Math.max(1, values)))
		joined[part] = sum(joined[part] as RowPair, tenth)
		before += tenth[0]
	}
	return joined.filter(([a, b]) => a + b > 0)
}

/** The rows of both sides with which the baseline would have kept a category in any sample. 0 when it kept all. */
function minKept({ groups, proper }: ReferenceColumn, referenceShare: number): number {
	if ((groups[proper] as number) === 0) return 0
	const rarest = groups.subarray(0, proper).reduce((min, c) => (c > 0 && c < min ? c : min), Infinity)
	// x - clearOf * sqrt(x * (1 - share)) = rarest, for x rows expected in the baseline.
	const half = (clearOf * Math.sqrt(1 - referenceShare)) / 2
	return (half + Math.sqrt(half * half + rarest)) ** 2 / referenceShare
}

/** Of an identifier, only whether a value is present is compared. */
function presence({ proper }: ReferenceColumn, groups: Float64Array): number[] {
	const [missing, typeErrors] = [groups[proper + 1] as number, groups[proper + 2] as number]
	return [total(groups) - missing - typeErrors, missing, typeErrors]
}

const pairs = new WeakMap<ColumnView, Pair>()

function pairOf(view: ColumnView): Pair {
	const { reference, result, independent } = view
	const scaled = (groups: Float64Array, share: number | undefined) =>
		share === undefined || share === 1 ? groups : groups.map((c) => c * share)
	const [before, now] = [
		scaled(result.expected ?? reference.groups, independent?.reference),
		scaled(result.groups, independent?.current),
	]
	const pair = isIdentifier(view)
		? { reference: presence(reference, before), current: presence(reference, now) }
		: poolSparseBins(reference, now, before)
	return { ...pair, variation: result.variation }
}

/** The pooled groups of a column, or why there are none. Cached by view, since a dozen metrics use them. */
export function pooledGroups(view: ColumnView, method: string): { missing: MetricResult } | { pair: Pair } {
	const missing = tooFew(view, method)
	if (missing) return { missing }
	const pair = pairs.get(view) ?? pairOf(view)
	pairs.set(view, pair)
	if (pair.reference.length > 1 || usedBins(view.reference.groups, view.result.groups) < 2) return { pair }
	return { missing: insufficient(method, 'every value is too rare to be compared over this many rows') }
}

/**
 * The smallest shift that matters: half of the PSI that credit teams call moderate (0.1, Siddiqi 2006). A threshold this
 * low works only because the bias is subtracted first.
 */
export const effectThreshold = 0.05
export const alpha = 0.05
/** At or below this q, a window does not show how its series usually is. */
export const farQ = 0.001

/** The first gate: the size of the change. */
export const effectSize = ({ reference, current }: Pair): number => biasCorrectedPsi(reference, current)

/**
 * The second gate: whether the change can be chance. The test is two-sample, since the baseline is a sample too, and
 * allows for how much past windows differ among themselves.
 */
export function significance(pair: Pair): Evidence {
	const known = evidence.get(pair)
	if (known) return known
	const made = overdispersedTest(pair.reference, pair.current, pair.variation)
	evidence.set(pair, made)
	return made
}

type Evidence = ReturnType<typeof overdispersedTest>
/** Cached by pair, since a dozen metrics use it. */
const evidence = new WeakMap<Pair, Evidence>()
