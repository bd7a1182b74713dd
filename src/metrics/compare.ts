import { total } from '../stats/counts.ts'
import { extraBins } from '../summaries/inputs/bins.ts'
import type { ColumnView } from './descriptor.ts'
import { insufficient, type MetricResult } from './metric-value.ts'
import type { Reference } from './reference.ts'
import type { WindowResult } from './window-result.ts'

/** Drift is not computed with fewer rows in the window or in the baseline. */
export const minRows = 50

/** Sequential numbers fill at least a quarter of their range. */
export const isDense = (min: number, max: number, rows: number): boolean => !(max - min >= 4 * rows)

/**
 * Whether a column holds identifiers, judging by the baseline or by the past windows. A baseline of distinct whole
 * numbers may still be a measurement: it is compared when the window's values are far apart.
 */
export function isIdentifier({ reference: { bins }, result }: ColumnView): boolean {
	if (result.identifier === true) return true
	if (bins.kind !== 'numeric' || bins.identifier !== 'distinct') return bins.identifier !== undefined
	return isDense(result.min, result.max, total(result.groups.subarray(0, result.groups.length - extraBins)))
}

/** Why the values of an identifier are not compared. */
export const identifierReason = ({ reference }: ColumnView): string =>
	reference.bins.identifier === 'distinct'
		? 'looks like an identifier: nearly all values of the baseline are distinct. Only whether it is missing is compared'
		: 'looks like an identifier: its values only grow, or only fall, with time. Only whether it is missing is compared'

/** Why the values of a column cannot be compared; undefined when they can. `values`: only rows with a value count. */
export const comparable = (view: ColumnView, method: string, values = false): MetricResult | undefined =>
	tooFew(view, method, values) ??
	(isIdentifier(view) ? insufficient(method, identifierReason(view)) : undefined)

/** Why there is not enough to compare; undefined when there is. `values`: only rows with a value count. */
export function tooFew(
	{ reference, result, hasBaseline }: ColumnView,
	method: string,
	values = false,
): MetricResult | undefined {
	if (!hasBaseline) return insufficient(method, 'there is no baseline; upload one for this version')
	const size = (groups: Float64Array) =>
		total(values ? groups.subarray(0, groups.length - extraBins) : groups)
	const [m, n] = [size(reference.groups), size(result.groups)]
	const what = values ? 'rows with a value' : 'rows'
	if (m < minRows) return insufficient(method, `the baseline has ${m} ${what}; ${minRows} are needed`)
	if (n < minRows) return insufficient(method, `the window has ${n} ${what}; ${minRows} are needed`)
	return undefined
}

const share = (independent: number, rows: number): number => (rows > 0 ? independent / rows : 1)

/** Each column of a window with its reference. Columns that were not decoded are holes in the list and are skipped. */
export function columnViews(reference: Reference, result: WindowResult, hasBaseline: boolean): ColumnView[] {
	const views: ColumnView[] = []
	const independent = {
		reference: share(reference.subjects, reference.rows),
		current: share(result.subjects, result.rows),
	}
	result.columns.forEach((column, i) => {
		const of = reference.columns[i]
		if (of) views.push({ reference: of, result: column, spec: of.bins.spec, hasBaseline, independent })
	})
	return views
}
