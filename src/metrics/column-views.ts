import type { ColumnView } from './descriptor.ts'
import type { Reference } from './reference.ts'
import type { WindowResult } from './window-result.ts'

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
