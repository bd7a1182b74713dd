import { total } from '../stats/counts.ts'
import { extraBins } from '../summaries/inputs/bins.ts'
import type { ColumnView } from './descriptor.ts'
import { insufficient, type MetricResult } from './metric-point.ts'
import type { Reference } from './reference.ts'
import type { WindowResult } from './window-result.ts'

/** Below this many rows on either side nothing is said about drift. */
export const minRows = 50

/** Numbers that were given out one after the other fill at least a quarter of their range. */
export const isDense = (min: number, max: number, rows: number): boolean => !(max - min >= 4 * rows)

/**
 * Whether the values of a column name rows: so it looks in the baseline, or over the windows before. Distinct whole numbers of
 * a baseline may be a measure all the same: one whose values in the window are far apart is compared.
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

/** Why the values of a column cannot be compared, if they cannot. `values`: rows that have a value are needed. */
export const comparable = (view: ColumnView, method: string, values = false): MetricResult | undefined =>
	tooFew(view, method, values) ??
	(isIdentifier(view) ? insufficient(method, identifierReason(view)) : undefined)

/** Whether there is too little to compare. `values`: rows that have a value are needed, not just rows. */
export function tooFew(
	{ reference, result, hasBaseline }: ColumnView,
	method: string,
	values = false,
): MetricResult | undefined {
	if (!hasBaseline) return insufficient(method, 'there is no baseline; put one for this version')
	const size = (groups: Float64Array) =>
		total(values ? groups.subarray(0, groups.length - extraBins) : groups)
	const [m, n] = [size(reference.groups), size(result.groups)]
	const what = values ? 'rows with a value' : 'rows'
	if (m < minRows) return insufficient(method, `the baseline has ${m} ${what}; ${minRows} are needed`)
	if (n < minRows) return insufficient(method, `the window has ${n} ${what}; ${minRows} are needed`)
	return undefined
}

const share = (independent: number, rows: number): number => (rows > 0 ? independent / rows : 1)

/** The columns of a window beside their reference. Columns that were not decoded are holes, and are passed over. */
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
