import { total } from '../stats/counts.ts'
import type { Estimate } from '../stats/estimate.ts'
import { averagePrecision } from '../stats/performance/average-precision.ts'
import { brierScore } from '../stats/performance/brier-score.ts'
import { expectedCalibrationError } from '../stats/performance/expected-calibration-error.ts'
import { gini } from '../stats/performance/gini.ts'
import { ksStatistic } from '../stats/performance/ks-statistic.ts'
import { liftAt } from '../stats/performance/lift-at.ts'
import { logLoss } from '../stats/performance/log-loss.ts'
import { multiclassBrierScore } from '../stats/performance/multiclass-brier-score.ts'
import { multiclassLogLoss } from '../stats/performance/multiclass-log-loss.ts'
import { multiclassRocAuc } from '../stats/performance/multiclass-roc-auc.ts'
import { minOfEitherClass, rocAuc } from '../stats/performance/roc-auc.ts'
import type { ScoreCounts } from '../stats/score-counts.ts'
import { type MetricValue, notEnoughData, ok } from './metric-value.ts'
import type { OutcomeView } from './outcome-view.ts'

const measures = {
	roc_auc: rocAuc,
	pr_auc: averagePrecision,
	log_loss: logLoss,
	brier: brierScore,
	ece: expectedCalibrationError,
	ks: ksStatistic,
	gini,
	lift_10: (counts: ScoreCounts) => liftAt(counts, 0.1),
} satisfies Record<string, (counts: ScoreCounts) => Estimate>

export type ScoreMetric = keyof typeof measures
const ofProbabilities: readonly ScoreMetric[] = ['log_loss', 'brier', 'ece']

/** A larger share of scores outside [0, 1] than this says that they are margins, also those within. */
const maxLeft = 0.1

/** The rows whose score can be a probability, and how many others there are. */
function probabilitiesIn({ scores, positives, negatives }: ScoreCounts): {
	counts: ScoreCounts
	left: number
} {
	const from = scores.findIndex((score) => score >= 0)
	const to = scores.findLastIndex((score) => score <= 1) + 1
	const cut = (values: Float64Array) => values.subarray(from === -1 ? to : from, to)
	const counts = { scores: cut(scores), positives: cut(positives), negatives: cut(negatives) }
	const rows = (c: ScoreCounts) => total(c.positives) + total(c.negatives)
	return { counts, left: rows({ scores, positives, negatives }) - rows(counts) }
}

/** A metric of scores beside outcomes. */
export function scoreMeasure(view: OutcomeView, metric: ScoreMetric): MetricValue {
	if (view.task === 'multiclass') return multiclassMeasure(view, metric)
	const positives = total(view.scores.positives)
	const negatives = total(view.scores.negatives)
	const n = positives + negatives
	if (n === 0) return notEnoughData(0, 'no row has both a score and an outcome')
	const { counts, left } = ofProbabilities.includes(metric)
		? probabilitiesIn(view.scores)
		: { counts: view.scores, left: 0 }
	if (left > n * maxLeft) return notEnoughData(n, 'a score is outside [0, 1], so scores are no probabilities')
	if (!ofProbabilities.includes(metric) && (positives === 0 || negatives === 0))
		return notEnoughData(n, `all ${n} outcomes are ${positives === 0 ? 'negative' : 'positive'}`)
	const estimate = measures[metric](counts)
	const finding = ok(estimate, n - left)
	const notes = [
		...(left > 0 ? [`${left} of ${n} rows are left out: their score is outside [0, 1]`] : []),
		...(Number.isFinite(finding.value) &&
		Number.isNaN(finding.low) &&
		(metric === 'roc_auc' || metric === 'gini')
			? [`no interval below ${minOfEitherClass} rows of either class`]
			: []),
		...(view.scores.scores.length === 1 ? ['every score is the same'] : []),
		...(view.outcomeSummary.level > 0 ? [`scores are kept to ${view.keptDigits} digits`] : []),
	]
	return notes.length === 0 ? finding : { ...finding, reason: notes.join('; ') }
}

const ofClasses = { roc_auc: multiclassRocAuc, log_loss: multiclassLogLoss, brier: multiclassBrierScore }

function multiclassMeasure(
	{ byClass, brierSums, outcomeSummary }: OutcomeView,
	metric: ScoreMetric,
): MetricValue {
	const classes = [...byClass.values()]
	const measure = metric in ofClasses ? ofClasses[metric as keyof typeof ofClasses] : undefined
	const n = classes.reduce((sum, { positives }) => sum + total(positives), 0)
	if (!measure || n === 0)
		return notEnoughData(0, 'no row has both probabilities and an outcome that they name')
	if (metric !== 'roc_auc' && outcomeSummary.improper > 0)
		return notEnoughData(
			n,
			`the probabilities of ${outcomeSummary.improper} rows are not in [0, 1] or do not sum to 1`,
		)
	return ok(measure(classes, brierSums), n, 'too few outcomes of any class but one')
}
