import { confusionMeasures } from '../stats/performance/confusion-measures.ts'
import { multiclassMeasures } from '../stats/performance/multiclass-measures.ts'
import { type MetricValue, notEnoughData, ok } from './metric-value.ts'
import type { Confusion, OutcomeView } from './outcome-view.ts'

type DecisionMetric = keyof ReturnType<typeof confusionMeasures>
const empty: Record<DecisionMetric, string> = {
	accuracy: 'no row has both a decision and an outcome',
	precision: 'no row with an outcome was decided positive',
	recall: 'no outcome is positive',
	f1: 'nothing is positive, neither decision nor outcome',
}

/** A metric of decisions beside outcomes. */
export function decisionMeasure(view: OutcomeView, metric: DecisionMetric): MetricValue {
	if (view.task === 'multiclass') {
		const { counts } = view.matrix
		const n = counts.flat().reduce((a, b) => a + b, 0)
		return ok(multiclassMeasures(counts)[metric], n, empty.accuracy)
	}
	const { confusion } = view
	const n = rowsIn(confusion)
	if (n === 0) return notEnoughData(0, why(view))
	const finding = ok(confusionMeasures(confusion)[metric], n, empty[metric])
	// Right where nobody is; else decisions may be spelt in other words than the positive label.
	const isNobody = confusion.tp + confusion.fp === 0 && Number.isFinite(finding.value)
	return isNobody ? { ...finding, reason: 'no decision with an outcome is the positive label' } : finding
}

export function countMeasure(view: OutcomeView, cell: keyof Confusion): MetricValue {
	const n = rowsIn(view.confusion)
	if (n === 0) return notEnoughData(0, why(view))
	return ok({ value: view.confusion[cell], low: Number.NaN, high: Number.NaN }, n)
}

const rowsIn = ({ tp, fp, tn, fn }: Confusion) => tp + fp + tn + fn

const why = ({ outcomeSummary }: OutcomeView): string =>
	outcomeSummary.labelled > 0
		? 'no row with an outcome has a decision: send label, or give the model a threshold'
		: 'no outcome is known'
