import { seeded } from '../core/random.ts'
import { total } from '../stats/counts.ts'
import type { Estimate } from '../stats/estimate.ts'
import { type Calibration, fitCalibration } from '../stats/estimation/calibration.ts'
import {
	errorsContradict,
	estimateLoss,
	fitLoss,
	type LossFit,
	trustOfLoss,
} from '../stats/estimation/estimate-loss.ts'
import { estimateMulticlass } from '../stats/estimation/estimate-multiclass.ts'
import { estimatePerformance, expectedAtOdds } from '../stats/estimation/estimate-performance.ts'
import { labelShift } from '../stats/estimation/label-shift.ts'
import { percent } from '../stats/estimation/population-shift.ts'
import { rowsOf, type ScoreTable } from '../stats/estimation/score-table.ts'
import { doubtful, labelsContradict, type Trust, trustOf } from '../stats/estimation/trust.ts'
import type { ScoreCounts } from '../stats/score-counts.ts'
import { estimated } from './estimated.ts'
import { type MetricValue, notEnoughData, ok } from './metric-value.ts'
import type { OutcomeView } from './outcome-view.ts'

/** Predicted and actual values, row by row. */
export type Pairs = { predicted: ArrayLike<number>; actual: ArrayLike<number> }

/** What is learnt from rows with known outcomes. */
export type Reference = {
	/** Binary models: of the score. Multiclass models: of each class. */
	calibrations: Record<string, Calibration>
	/** Regression: the expected size of errors by predicted value. */
	loss: LossFit | undefined
}

/** The one calibration of a binary model. */
const ofScore = '$score'
const minPeriods = 3

/** Learns from a reference. `periods` are the same rows by month: intervals are wider where calibration varies between them. */
export function learn(view: OutcomeView, periods: readonly OutcomeView[], pairs: Pairs): Reference {
	const apart = periods.length >= minPeriods ? periods : []
	if (view.task === 'binary') {
		const ofPeriods = apart.map((p) => p.scores)
		return { calibrations: { [ofScore]: fitCalibration(view.scores, ofPeriods) }, loss: undefined }
	}
	if (view.task === 'multiclass') {
		const calibrations = [...view.byClass].map(([name, scores]) => {
			const ofPeriods = apart.flatMap((p) => p.byClass.get(name) ?? [])
			return [name, fitCalibration(scores, ofPeriods)] as const
		})
		return { calibrations: Object.fromEntries(calibrations), loss: undefined }
	}
	const isUsed = view.task === 'regression' && pairs.predicted.length > 0
	return { calibrations: {}, loss: isUsed ? fitLoss(pairs.predicted, pairs.actual) : undefined }
}

/** `known`: rows of a regression whose outcomes are known. `doubt`: why the features make the estimate doubtful. */
export type EstimateContext = { known?: Pairs; doubt?: string }

type Estimated = { n: number; estimates: Record<string, unknown>; trust: Trust; why: string }

/** Estimates metrics of outcomes from scores and a reference with known outcomes. `seed` makes intervals repeatable. */
export function estimateOutcomes(
	view: OutcomeView,
	reference: Reference,
	seed: number,
	{ known, doubt = '' }: EstimateContext = {},
): [string, MetricValue][] {
	const wanted = estimated.filter((m) => m.tasks.includes(view.task))
	if (wanted.length === 0) return []
	const { n, estimates, trust: ofScores, why } = estimate(view, reference, seeded(seed), known, doubt === '')
	const trust = ofScores.trust === 'ok' && doubt !== '' ? doubtful(doubt) : ofScores
	return wanted.map(({ id }) => {
		const own = estimates[id.slice('estimated.'.length)] as Estimate | undefined
		if (n === 0 || !own) return [id, notEnoughData(n, why)]
		const value = ok(own, n)
		if (Number.isNaN(value.value)) return [id, value]
		return [id, { ...value, trust: trust.trust, ...(trust.reason ? { reason: trust.reason } : {}) }]
	})
}

const trusted: Trust = { trust: 'ok', reason: '' }
const nothing = { n: 0, estimates: {}, trust: trusted }

function estimate(
	view: OutcomeView,
	{ calibrations, loss }: Reference,
	random: () => number,
	known: Pairs | undefined,
	isSame: boolean,
): Estimated {
	if (view.task === 'regression') {
		const table = view.predictions
		if (!loss) return { ...nothing, why: 'the reference has no row with both a score and an actual' }
		if (table.values.length === 0) return { ...nothing, why: 'no row has a score' }
		const errors =
			known && known.actual.length > 0 ? errorsContradict(known.predicted, known.actual, loss) : undefined
		const estimates = estimateLoss(table, loss, random)
		return { n: total(table.rows), estimates, trust: trustOfLoss(table, loss, errors), why: '' }
	}
	if (view.task === 'binary') {
		const calibration = calibrations[ofScore] as Calibration
		const n = rowsOf(view.table)
		if (n === 0) return { ...nothing, why: 'no row has both a score and a decision' }
		const estimates = estimatePerformance(view.table, calibration, random)
		const ofScores = trustOfScores(view.table, calibration, view.scores)
		const needsCheck = isSame && ofScores.trust === 'ok' && view.outcomeSummary.labelled < enoughLabels
		const shifted = needsCheck ? labelShiftReason(view.table, calibration, estimates) : ''
		return { n, estimates, trust: shifted ? doubtful(shifted) : ofScores, why: '' }
	}
	return estimateClasses(view, calibrations, random)
}

/** With this many known outcomes, they show better than scores whether the share of positives has changed. */
const enoughLabels = 100
const shownNames = { roc_auc: 'ROC AUC', accuracy: 'accuracy', f1: 'F1' } as const

/** Why estimates are doubtful: if the share of positives has changed, the true values lie outside their intervals. */
function labelShiftReason(
	table: ScoreTable,
	calibration: Calibration,
	estimates: ReturnType<typeof estimatePerformance>,
): string {
	const shift = labelShift(table, calibration)
	if (!shift) return ''
	const odds = (share: number) => share / (1 - share)
	const would = expectedAtOdds(table, calibration, odds(shift.to) / odds(shift.from))
	const names = (Object.keys(shownNames) as (keyof typeof shownNames)[]).filter((name) => {
		const { low, high } = estimates[name]
		return would[name] < low || would[name] > high
	})
	if (names.length === 0) return ''
	const values = names.map((name) => `${shownNames[name]} would be ${would[name].toFixed(3)}`).join(', ')
	return `the scores have moved as they would if the share of positives had changed from ${percent(shift.from)} to ${percent(shift.to)}; if so, ${values}`
}

/** Each class against the rest; doubtful when any class is. */
function estimateClasses(
	view: OutcomeView,
	calibrations: Record<string, Calibration>,
	random: () => number,
): Estimated {
	const windows = Object.entries(view.tablesByClass).filter(([name]) => calibrations[name])
	const n = Math.max(0, ...windows.map(([, table]) => rowsOf(table)))
	if (n === 0) return { ...nothing, why: 'no row has probabilities of classes that the reference knows' }
	const estimates = estimateMulticlass(Object.fromEntries(windows), calibrations, random)
	for (const [name, table] of windows) {
		const trust = trustOfScores(table, calibrations[name] as Calibration, view.byClass.get(name))
		if (trust.trust === 'doubtful')
			return { n, estimates, trust: { ...trust, reason: `class ${name}: ${trust.reason}` }, why: '' }
	}
	return { n, estimates, trust: trusted, why: 'not estimated for this task' }
}

/** Whether the scores and the outcomes known so far agree with the reference. */
function trustOfScores(table: ScoreTable, calibration: Calibration, known: ScoreCounts | undefined): Trust {
	const labels = known ? total(known.positives) + total(known.negatives) : 0
	return trustOf(table, calibration, known && labels > 0 ? labelsContradict(known, calibration) : undefined)
}
