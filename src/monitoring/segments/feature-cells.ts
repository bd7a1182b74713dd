import { quantileSorted } from 'simple-statistics'
import type { FeatureCells } from '../../stats/fairness/proxies.ts'
import { binOf, type FeatureSpec } from '../../summaries/inputs/bins.ts'
import { type Column, categoryOf, cellKind, hasType, type RowBatch } from '../../summaries/inputs/columns.ts'

/** A feature with at most this many values has a cell for each; further categories share one cell. */
const maxValues = 20
const tenths = 10

/**
 * The cell of each row: tenths of a numeric feature's values, or each value when there are at most twenty; else the twenty
 * most frequent categories. Two more cells hold all other values, wrong types among them, and missing ones.
 */
export function featureCells(spec: FeatureSpec, batch: RowBatch): FeatureCells {
	const column = batch.features.get(spec.name)
	const values = Array.from({ length: batch.rows }, (_, r) => valueAt(spec, column, r, batch.strings))
	const { cells, cellOfValue } = spec.type === 'numeric' ? numericCells(values) : valueCells(values)
	const [other, missing] = [cells, cells + 1]
	const cell = (value: Value): number =>
		value === undefined ? missing : value === wrong ? other : (cellOfValue(value) ?? other)
	return { feature: spec.name, cells: cells + 2, cellOf: Uint16Array.from(values, cell) }
}

export const wrong = Symbol('wrong type')
type Known = number | string
export type Value = Known | typeof wrong | undefined
type Cells = { cells: number; cellOfValue: (value: Known) => number | undefined }

/** A feature's value in a row: `wrong` for one of another type, undefined for a missing one. */
export function valueAt(
	spec: FeatureSpec,
	column: Column | undefined,
	row: number,
	strings: readonly string[],
): Value {
	const kind = column?.kinds[row] ?? cellKind.absent
	if (kind === cellKind.absent || kind === cellKind.null) return undefined
	const num = column?.nums[row] as number
	if (!hasType(spec.type, kind, num)) return wrong
	if (spec.type === 'numeric') return num
	if (spec.type === 'boolean') return num === 1 ? 'true' : 'false'
	return categoryOf(kind, num, strings)
}

const isKnown = (value: Value): value is Known => value !== undefined && value !== wrong

function valueCells(values: readonly Value[]): Cells {
	const counts = new Map<Known, number>()
	for (const value of values) if (isKnown(value)) counts.set(value, (counts.get(value) ?? 0) + 1)
	const ranked = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, maxValues)
	const cellOfKnown = new Map(ranked.map(([value], cell) => [value, cell]))
	return { cells: ranked.length, cellOfValue: (value) => cellOfKnown.get(value) }
}

function numericCells(values: readonly Value[]): Cells {
	const sorted = Float64Array.from(values.filter((v) => typeof v === 'number')).sort()
	if (new Set(sorted).size <= maxValues) return valueCells(values)
	const list = sorted as unknown as number[] // simple-statistics reads by index only
	const quantiles = Array.from({ length: tenths - 1 }, (_, i) => quantileSorted(list, (i + 1) / tenths))
	const edges = Float64Array.from(new Set(quantiles))
	return { cells: edges.length + 1, cellOfValue: (value) => binOf(edges, value as number) }
}
