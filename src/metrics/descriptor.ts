import type { FeatureSpec } from '../profile/grid.ts'
import type { Measure } from './answer.ts'
import type { ReferenceColumn } from './reference.ts'
import type { ColumnResult, WindowResult } from './window-result.ts'

/** One column of one window beside its reference. `reference.groups` is empty of rows when there is no baseline. */
export type ColumnView = {
	reference: ReferenceColumn
	result: ColumnResult
	spec: FeatureSpec | undefined
	hasBaseline: boolean
}

/** All rows of one window. Times are ms since the epoch; `until` is its end, or now for one that is still open. */
export type WindowView = { result: WindowResult; from: number; until: number }

type Common = { id: string; about: string; unit: string }

/** A statistic of a column, of the score or of the decision. */
export type ColumnMetric = Common & { subject: 'feature'; measure(view: ColumnView): Measure }

/** A statistic of all rows of a window. */
export type WindowMetric = Common & { subject: 'model'; measure(view: WindowView): Measure }

export type MetricDescriptor = ColumnMetric | WindowMetric
