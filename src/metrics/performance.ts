import { total } from '../stats/counts.ts'
import type { Estimate } from '../stats/estimate.ts'
import { expectedCalibrationError } from '../stats/performance/calibration.ts'
import { confusionMeasures, multiclassMeasures } from '../stats/performance/confusion.ts'
import { ksStatistic } from '../stats/performance/ks-statistic.ts'
import { liftAt } from '../stats/performance/lift-at.ts'
import { averagePrecision } from '../stats/performance/precision-recall.ts'
import {
	type BrierSums,
	brierScore,
	logLoss,
	multiclassBrierScore,
	multiclassLogLoss,
} from '../stats/performance/probability-losses.ts'
import {
	meanAveragePrecision,
	meanReciprocalRank,
	ndcg,
	type RankedQuery,
	type RankingEstimate,
} from '../stats/performance/ranking.ts'
import {
	bias,
	mae,
	mape,
	pinball,
	type RegressionMoments,
	r2,
	rmse,
} from '../stats/performance/regression.ts'
import { gini, minOfEitherClass, multiclassRocAuc, rocAuc } from '../stats/performance/roc.ts'
import type { ScoreCounts } from '../stats/score-counts.ts'
import type { OutcomeMetric } from './descriptor.ts'
import { failed, type MetricValue, notEnoughData, ok } from './metric-value.ts'
import { coverageGap, outcomeCoverage } from './outcome-coverage.ts'
import type { Confusion, OutcomeView } from './outcome-view.ts'

type Measure = OutcomeMetric['measure']

// Decisions beside outcomes.

type DecisionStatistic = keyof ReturnType<typeof confusionMeasures>

const undefinedDecision: Record<DecisionStatistic, string> = {
	accuracy: 'no row has both a decision and an outcome',
	precision: 'no row with an outcome was decided positive',
	recall: 'no outcome is positive',
	f1: 'nothing is positive, neither decision nor outcome',
}

const ofDecisions =
	(name: DecisionStatistic): Measure =>
	(view) => {
		if (view.task === 'multiclass') {
			const { counts } = view.matrix
			const n = total(counts.flat())
			return ok(multiclassMeasures(counts)[name], n, undefinedDecision.accuracy)
		}
		const { confusion } = view
		const n = rowsIn(confusion)
		if (n === 0) return notEnoughData(0, noDecisions(view))
		const value = ok(confusionMeasures(confusion)[name], n, undefinedDecision[name])
		// Correct where no decision is positive; otherwise the decisions may spell the positive label differently.
		const isNonePositive = confusion.tp + confusion.fp === 0 && Number.isFinite(value.value)
		return isNonePositive ? { ...value, reason: 'no decision with an outcome is the positive label' } : value
	}

const countOf = (id: string, about: string, name: keyof Confusion): OutcomeMetric => ({
	id,
	about,
	unit: 'rows',
	subject: 'outcome',
	on: 'outcomes',
	method: 'count',
	tasks: ['binary'],
	measure(view) {
		const n = rowsIn(view.confusion)
		if (n === 0) return notEnoughData(0, noDecisions(view))
		return ok({ value: view.confusion[name], low: Number.NaN, high: Number.NaN }, n)
	},
})

const rowsIn = ({ tp, fp, tn, fn }: Confusion) => tp + fp + tn + fn

const noDecisions = ({ outcomeSummary }: OutcomeView): string =>
	outcomeSummary.labelled > 0
		? 'no row with an outcome has a decision: send label, or give the model a threshold'
		: 'no outcome is known'

// Scores beside outcomes.

type ScoreStatistic = {
	binary(counts: ScoreCounts): Estimate
	multiclass?(classes: readonly ScoreCounts[], brierSums: BrierSums): Estimate
	/** It takes scores as probabilities; the others take their order alone, and need rows of both classes. */
	takesProbabilities?: true
	/** It has no interval below `minOfEitherClass` rows of either class. */
	hasMinClass?: true
}

/** With a larger share of scores outside [0, 1], those within are margins too. */
const maxOutside = 0.1

/** The rows whose score can be a probability, and how many others there are. */
function probabilitiesIn({ scores, positives, negatives }: ScoreCounts): {
	counts: ScoreCounts
	outside: number
} {
	const from = scores.findIndex((score) => score >= 0)
	const to = scores.findLastIndex((score) => score <= 1) + 1
	const cut = (values: Float64Array) => values.subarray(from === -1 ? to : from, to)
	const counts = { scores: cut(scores), positives: cut(positives), negatives: cut(negatives) }
	const rows = (c: ScoreCounts) => total(c.positives) + total(c.negatives)
	return { counts, outside: rows({ scores, positives, negatives }) - rows(counts) }
}

const ofScores =
	(statistic: ScoreStatistic): Measure =>
	(view) =>
		view.task === 'multiclass' ? multiclassScore(view, statistic) : binaryScore(view, statistic)

function binaryScore(view: OutcomeView, statistic: ScoreStatistic): MetricValue {
	const { takesProbabilities = false, hasMinClass = false } = statistic
	const positives = total(view.scores.positives)
	const negatives = total(view.scores.negatives)
	const n = positives + negatives
	if (n === 0) return notEnoughData(0, 'no row has both a score and an outcome')
	const { counts, outside } = takesProbabilities
		? probabilitiesIn(view.scores)
		: { counts: view.scores, outside: 0 }
	if (outside > n * maxOutside)
		return notEnoughData(n, 'a score is outside [0, 1], so scores are not probabilities')
	if (!takesProbabilities && (positives === 0 || negatives === 0))
		return notEnoughData(n, `all ${n} outcomes are ${positives === 0 ? 'negative' : 'positive'}`)
	const value = ok(statistic.binary(counts), n - outside)
	const hasNoInterval = hasMinClass && Number.isFinite(value.value) && Number.isNaN(value.low)
	const notes = [
		...(outside > 0 ? [`${outside} of ${n} rows are left out: their score is outside [0, 1]`] : []),
		...(hasNoInterval ? [`no interval below ${minOfEitherClass} rows of either class`] : []),
		...(view.scores.scores.length === 1 ? ['every score is the same'] : []),
		...(view.outcomeSummary.level > 0 ? [`scores are kept to ${view.keptDigits} digits`] : []),
	]
	return notes.length === 0 ? value : { ...value, reason: notes.join('; ') }
}

function multiclassScore(
	{ byClass, brierSums, outcomeSummary }: OutcomeView,
	{ multiclass, takesProbabilities }: ScoreStatistic,
): MetricValue {
	const classes = [...byClass.values()]
	const n = classes.reduce((sum, { positives }) => sum + total(positives), 0)
	if (!multiclass || n === 0)
		return notEnoughData(0, 'no row has both probabilities and an outcome that they name')
	if (takesProbabilities && outcomeSummary.improper > 0)
		return notEnoughData(
			n,
			`the probabilities of ${outcomeSummary.improper} rows are not in [0, 1] or do not sum to 1`,
		)
	return ok(multiclass(classes, brierSums), n, 'too few outcomes of any class but one')
}

// Errors of a regression.

/** A statistic of the moments; `of` is called where there are rows whose powers are finite. */
const ofMoments =
	(of: (moments: RegressionMoments, view: OutcomeView) => MetricValue): Measure =>
	(view) => {
		const moments = view.regressionMoments
		const { n } = moments
		const outside = view.momentOf('outside')
		if (outside > 0)
			return failed(n, `${outside} rows are too large, or too close to zero, for their powers to be finite`)
		return n === 0 ? notEnoughData(0, 'no row has both a score and a numeric outcome') : of(moments, view)
	}

const ofErrors = (statistic: (moments: RegressionMoments) => Estimate): Measure =>
	ofMoments((moments) => ok(statistic(moments), moments.n))

const rmseOf = ofMoments((moments) => withTailWarning(ok(rmse(moments), moments.n), moments))

const mapeOf = ofMoments((moments) => {
	const { n, zeroActuals } = moments
	if (n === zeroActuals) return notEnoughData(0, `all ${n} outcomes are zero`)
	const value = ok(mape(moments), n - zeroActuals)
	return zeroActuals === 0 ? value : { ...value, reason: `${zeroActuals} outcomes of zero are left out` }
})

/** Where the outcomes spread less than this share of their mean, their fourth powers cancel out. */
const minSpread = 1e-3

/** R2, with the spread of the outcomes without rounding; its interval takes powers that a large mean rounds away. */
const r2Of = ofMoments((moments, view) => {
	const { n, e2, y } = moments
	const variance = view.actualVariance
	if (n < 2 || !(variance > 0)) return notEnoughData(n, 'fewer than two outcomes, or all are the same')
	const value = 1 - e2 / n / variance
	const { low, high } = r2(moments)
	if (Math.sqrt(variance) >= minSpread * Math.abs(y / n))
		return withTailWarning(ok({ value, low, high }, n), moments)
	const bare = ok({ value, low: Number.NaN, high: Number.NaN }, n)
	return { ...bare, reason: 'no interval: the outcomes spread too little for their mean' }
})

/** With more rows, intervals hold for heavy tails too. */
const enoughRows = 1000
/** Of the errors; normal ones have 3. */
const maxKurtosis = 30

/** The squares of a few errors say little about those to come: the interval is then reported as unreliable. */
function withTailWarning(value: MetricValue, { n, e2, e4 }: RegressionMoments): MetricValue {
	const isHeavy = n < enoughRows && e4 * n > maxKurtosis * e2 ** 2
	if (!isHeavy || value.reason !== undefined) return value
	const carriers = Math.max(1, Math.round(e2 ** 2 / e4))
	return {
		...value,
		reason: `the interval is unreliable: about ${carriers} of ${n} errors make up most of the squares`,
	}
}

// The order within queries, over those with at least one known outcome.

const ofQueries =
	(statistic: (queries: readonly RankedQuery[]) => RankingEstimate): Measure =>
	(view) => {
		const queries = view.queries.filter(({ scores }) => scores.length > 0)
		if (queries.length === 0) return notEnoughData(0, 'no row has both a score and an outcome')
		const { queries: n, leftOut, ...estimate } = statistic(queries)
		if (n > 0 && !Number.isFinite(estimate.value))
			return failed(n, 'a relevance is too large for its gain, 2^relevance, to be finite')
		const value = ok(estimate, n, 'no query has anything relevant')
		const { level } = view.outcomeSummary
		const notes = [
			value.reason ?? '',
			leftOut > 0 ? `${leftOut} queries with nothing relevant are left out` : '',
			level > 0 ? `a fixed sample of one in ${2 ** level} queries` : '',
		].filter((note) => note !== '')
		return notes.length === 0 ? value : { ...value, reason: notes.join('; ') }
	}

const binary = ['binary'] as const
const classes = ['binary', 'multiclass'] as const
const regression = ['regression'] as const
const ranking = ['ranking'] as const
const all = ['binary', 'multiclass', 'regression', 'ranking'] as const

/** How good the predictions of a window were, once their outcomes are known. */
export const performance: readonly OutcomeMetric[] = [
	{
		id: 'performance.accuracy',
		about: 'The share of decisions that turned out right.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'Wilson interval',
		tasks: classes,
		measure: ofDecisions('accuracy'),
	},
	{
		id: 'performance.precision',
		about:
			'Of the positive decisions, the share that turned out positive; multiclass: the mean over classes.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'Wilson interval; multiclass: delta method',
		tasks: classes,
		measure: ofDecisions('precision'),
	},
	{
		id: 'performance.recall',
		about:
			'Of what turned out positive, the share that was decided positive; multiclass: the mean over classes.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'Wilson interval; multiclass: delta method',
		tasks: classes,
		measure: ofDecisions('recall'),
	},
	{
		id: 'performance.f1',
		about: 'The harmonic mean of precision and recall; multiclass: the mean over classes.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'interval of its binomial form; multiclass: delta method',
		tasks: classes,
		measure: ofDecisions('f1'),
	},
	{
		id: 'performance.roc_auc',
		about:
			'The chance that a positive row scores above a negative one, ties counting half; multiclass: the mean over classes, one against the rest.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: "DeLong's variance",
		tasks: classes,
		measure: ofScores({ binary: rocAuc, multiclass: multiclassRocAuc, hasMinClass: true }),
	},
	{
		id: 'performance.pr_auc',
		about: 'Average precision: the mean precision over the positives, in order of score.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'logit interval (Boyd et al. 2013)',
		tasks: binary,
		measure: ofScores({ binary: averagePrecision }),
	},
	{
		id: 'performance.log_loss',
		about: 'The mean negative log of the probability given to what happened, clipped at 2^-52.',
		unit: 'nats',
		subject: 'outcome',
		on: 'outcomes',
		method: 'normal interval of the mean',
		tasks: classes,
		measure: ofScores({ binary: logLoss, multiclass: multiclassLogLoss, takesProbabilities: true }),
	},
	{
		id: 'performance.brier',
		about:
			'The mean squared distance between the probabilities and what happened; multiclass: summed over classes.',
		unit: 'score',
		subject: 'outcome',
		on: 'outcomes',
		method: 'normal interval of the mean',
		tasks: classes,
		measure: ofScores({ binary: brierScore, multiclass: multiclassBrierScore, takesProbabilities: true }),
	},
	{
		id: 'performance.ece',
		about:
			'Expected calibration error over ten equal-width bins: how far mean score and share of positives are apart.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'interval of the population value',
		tasks: binary,
		measure: ofScores({ binary: expectedCalibrationError, takesProbabilities: true }),
	},
	{
		id: 'performance.ks',
		about:
			'The largest distance between the score distributions of positives and negatives, as credit teams use it, whichever of them scores higher.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'see the performance statistics',
		tasks: binary,
		measure: ofScores({ binary: ksStatistic }),
	},
	{
		id: 'performance.gini',
		about: '2 ROC AUC - 1, as credit teams use it.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: "DeLong's variance",
		tasks: binary,
		measure: ofScores({ binary: gini, hasMinClass: true }),
	},
	{
		id: 'performance.lift_10',
		about:
			'The share of positives among the highest tenth of the scores over their share among all; ties in proportion.',
		unit: 'ratio',
		subject: 'outcome',
		on: 'outcomes',
		method: 'see the performance statistics',
		tasks: binary,
		measure: ofScores({ binary: (counts) => liftAt(counts, 0.1) }),
	},
	countOf('performance.tp', 'Positive decisions that turned out positive.', 'tp'),
	countOf('performance.fp', 'Positive decisions that turned out negative.', 'fp'),
	countOf('performance.tn', 'Negative decisions that turned out negative.', 'tn'),
	countOf('performance.fn', 'Negative decisions that turned out positive.', 'fn'),
	{
		id: 'performance.mae',
		about: 'The mean absolute error.',
		unit: 'of the target',
		subject: 'outcome',
		on: 'outcomes',
		method: 'delta method',
		tasks: regression,
		measure: ofErrors(mae),
	},
	{
		id: 'performance.rmse',
		about: 'The root of the mean squared error.',
		unit: 'of the target',
		subject: 'outcome',
		on: 'outcomes',
		method: 'delta method',
		tasks: regression,
		measure: rmseOf,
	},
	{
		id: 'performance.mape',
		about: 'The mean absolute error as a fraction of the target; targets of zero are left out and counted.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'delta method',
		tasks: regression,
		measure: mapeOf,
	},
	{
		id: 'performance.r2',
		about: 'The share of the variance of the target that the predictions explain.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'delta method',
		tasks: regression,
		measure: r2Of,
	},
	{
		id: 'performance.bias',
		about: 'The mean of prediction less actual.',
		unit: 'of the target',
		subject: 'outcome',
		on: 'outcomes',
		method: 'normal interval of the mean',
		tasks: regression,
		measure: ofErrors(bias),
	},
	{
		id: 'performance.pinball',
		about: 'The quantile loss at the median: half of the mean absolute error.',
		unit: 'of the target',
		subject: 'outcome',
		on: 'outcomes',
		method: 'delta method',
		tasks: regression,
		measure: ofErrors(pinball),
	},
	{
		id: 'performance.ndcg_10',
		about:
			'Normalised discounted cumulative gain of the first ten, with gain 2^relevance - 1; queries with nothing relevant are left out and counted.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'interval of the mean over queries',
		tasks: ranking,
		measure: ofQueries((queries) => ndcg(queries, 10)),
	},
	{
		id: 'performance.mrr',
		about:
			'The mean over queries of one over the rank of the first relevant row; queries with nothing relevant are left out and counted.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'interval of the mean over queries',
		tasks: ranking,
		measure: ofQueries(meanReciprocalRank),
	},
	{
		id: 'performance.map_10',
		about:
			'The mean average precision of the first ten; queries with nothing relevant are left out and counted.',
		unit: 'share',
		subject: 'outcome',
		on: 'outcomes',
		method: 'interval of the mean over queries',
		tasks: ranking,
		measure: ofQueries((queries) => meanAveragePrecision(queries, 10)),
	},
	{
		id: 'performance.outcome_coverage',
		about: 'The share of predictions whose outcome is known.',
		unit: 'share',
		subject: 'outcome',
		on: 'predictions',
		method: 'share, Wilson interval',
		tasks: all,
		measure: outcomeCoverage,
	},
	{
		id: 'performance.coverage_gap',
		about:
			'The largest difference of outcome coverage between fifths of the score, or groups: where it is more than chance (p), outcomes are not missing at random, and what is measured on them need not hold for all.',
		unit: 'share',
		subject: 'outcome',
		on: 'predictions',
		method: 'largest difference of shares; chi-square, Bonferroni over scores and attributes',
		tasks: all,
		measure: coverageGap,
	},
]
