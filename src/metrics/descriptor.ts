import type { Disparity, DisparityOptions } from '../stats/fairness/disparity.ts'
import type { Group, GroupCounts } from '../stats/fairness/group-counts.ts'
import type { FeatureSpec } from '../summaries/inputs/bins.ts'
import type { Task } from '../summaries/outcomes/label.ts'
import type { MetricResult, MetricValue } from './metric-value.ts'
import type { OutcomeView } from './outcome-view.ts'
import type { ReferenceColumn } from './reference.ts'
import type { ColumnResult, WindowResult } from './window-result.ts'

/** One column of one window with its reference. Without a baseline, `reference.groups` holds no rows. */
export type ColumnView = {
	reference: ReferenceColumn
	result: ColumnResult
	spec: FeatureSpec | undefined
	hasBaseline: boolean
	/** Shares of the rows that are independent: distinct subjects over rows. By default all are. */
	independent?: { reference: number; current: number }
}

/** All rows of one window. Times are ms since the epoch; `until` is its end, or now while it is open. */
export type WindowView = { result: WindowResult; from: number; until: number }

type Common = { id: string; about: string; unit: string }

/** What a metric is computed from: it is provisional until there is enough of it. */
type Basis = { on: 'predictions' | 'outcomes' }

/** A statistic of a column, of the score or of the decision. */
export type ColumnMetric = Common & { subject: 'feature'; measure(view: ColumnView): MetricResult }

/** A statistic of all rows of a window. */
export type WindowMetric = Common & { subject: 'model'; measure(view: WindowView): MetricResult }

/** Of a window's predictions with their outcomes. `method` is not part of the result, since only values are stored. */
export type OutcomeMetric = Common &
	Basis & {
		subject: 'outcome'
		method: string
		tasks: readonly Task[]
		measure(view: OutcomeView): MetricValue
	}

/** An estimate of a metric of outcomes before they are known, from a baseline that has outcomes. */
export type EstimateMetric = Common & {
	subject: 'estimate'
	method: string
	tasks: readonly Task[]
	/** The metric that it estimates. */
	of: string
}

/** Groups are counted by the positive label, or by the favourable decision where it is known. */
type Counted = { by?: 'favourable' }

/** Of all groups of an attribute. `needsFavourable`: not computed until the favourable decision is known. */
export type AttributeMetric = Common &
	Basis &
	Counted & {
		subject: 'attribute'
		needsFavourable?: true
		method: string
		disparity(groups: readonly Group[], options?: DisparityOptions): Disparity
	}

/** Of one group, compared with all rows outside it. */
export type GroupMetric = Common &
	Basis &
	Counted & { subject: 'group'; method: string; measure(own: GroupCounts, rest: GroupCounts): MetricValue }

/** Of the stream of errors, in the order in which outcomes became known. */
export type ConceptMetric = Common & { subject: 'concept'; method: string; detector: ConceptDetector }
export type ConceptDetector = 'adwin' | 'page_hinkley' | 'ddm'

/** Of what moves the score: contributions in a sample of rows, compared with those of a reference. */
export type AttributionMetric = Common & { subject: 'attribution'; of: 'feature' | 'window'; method: string }

/** Of rejected rows: counted on arrival. */
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
