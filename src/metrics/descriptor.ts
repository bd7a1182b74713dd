import type { Disparity, DisparityOptions } from '../stats/fairness/disparity.ts'
import type { Group, GroupCounts } from '../stats/fairness/group-counts.ts'
import type { FeatureSpec } from '../summaries/inputs/bins.ts'
import type { Task } from '../summaries/outcomes/label.ts'
import type { MetricResult } from './metric-point.ts'
import type { MetricValue } from './metric-value.ts'
import type { OutcomeView } from './outcome-view.ts'
import type { ReferenceColumn } from './reference.ts'
import type { ColumnResult, WindowResult } from './window-result.ts'

/** One column of one window beside its reference. `reference.groups` is empty of rows when there is no baseline. */
export type ColumnView = {
	reference: ReferenceColumn
	result: ColumnResult
	spec: FeatureSpec | undefined
	hasBaseline: boolean
	/** Shares of the rows that are independent of one another: distinct subjects by rows. Left out, all are. */
	independent?: { reference: number; current: number }
}

/** All rows of one window. Times are ms since the epoch; `until` is its end, or now for one that is still open. */
export type WindowView = { result: WindowResult; from: number; until: number }

type Common = { id: string; about: string; unit: string }

/** What a metric rests on: it is provisional until there is enough of it. */
type Rests = { on: 'predictions' | 'outcomes' }

/** A statistic of a column, of the score or of the decision. */
export type ColumnMetric = Common & { subject: 'feature'; measure(view: ColumnView): MetricResult }

/** A statistic of all rows of a window. */
export type WindowMetric = Common & { subject: 'model'; measure(view: WindowView): MetricResult }

/** Of a window's predictions with their outcomes. `method` stands beside the measure, since only values are stored. */
export type OutcomeMetric = Common &
	Rests & {
		subject: 'outcome'
		method: string
		tasks: readonly Task[]
		measure(view: OutcomeView): MetricValue
	}

/** What outcomes will turn out to be, by a baseline that has some. */
export type EstimateMetric = Common & {
	subject: 'estimate'
	method: string
	tasks: readonly Task[]
	/** The metric that it stands in for. */
	of: string
}

/** Groups are counted by the positive label; or by the decision that is good for the person, where it is known. */
type Counted = { by?: 'favourable' }

/** Of all groups of an attribute. `needsFavourable`: nothing is said while nobody knows which decision is favourable. */
export type AttributeMetric = Common &
	Rests &
	Counted & {
		subject: 'attribute'
		needsFavourable?: true
		method: string
		disparity(groups: readonly Group[], options?: DisparityOptions): Disparity
	}

/** Of one group, beside all rows that are not in it. */
export type GroupMetric = Common &
	Rests &
	Counted & { subject: 'group'; method: string; measure(own: GroupCounts, rest: GroupCounts): MetricValue }

/** Of the stream of errors, in the order in which outcomes became known. */
export type ConceptMetric = Common & { subject: 'concept'; method: string; detector: ConceptDetector }
export type ConceptDetector = 'adwin' | 'page_hinkley' | 'ddm'

/** Of what moves the score: contributions of a sample of rows, beside those of a reference. */
export type AttributionMetric = Common & { subject: 'attribution'; of: 'feature' | 'window'; method: string }

/** Of rows that were not taken: counted when they come. */
export type RejectionMetric = Common & { subject: 'rejection'; method: string }

export type MetricDescriptor =
	| ColumnMetric
	| WindowMetric
	| OutcomeMetric
	| EstimateMetric
	| AttributeMetric
	| GroupMetric
	| ConceptMetric
	| AttributionMetric
	| RejectionMetric
