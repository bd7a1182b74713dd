import { type Estimate, undefinedEstimate } from '../estimate.ts'
import { type Calibration, knotFinder, logistic, probabilityAt } from './calibration.ts'
import { drawBinomial } from './draws.ts'
import { coarsen, requireTable, rowsOf, type ScoreTable } from './score-table.ts'
import { drawKnots, type KnotPosition, valueAt } from './smooth-curve.ts'

export type BinaryMetric = 'roc_auc' | 'accuracy' | 'precision' | 'recall' | 'f1' | 'log_loss' | 'brier'

/** Mean loss of a cell's rows, should they turn out positive or negative. NaN where scores are not probabilities. */
export type CellLosses = {
	logPositive: Float64Array
	logNegative: Float64Array
	squarePositive: Float64Array
	squareNegative: Float64Array
}

/** By cell of ascending score: rows that turn out positive among those selected and rejected; not whole when expected. */
export type Outcomes = {
	selected: Float64Array
	rejected: Float64Array
	selectedPositives: Float64Array
	rejectedPositives: Float64Array
}

/** As scikit-learn clips probabilities: the float64 resolution. */
const clip = 2 ** -52

export function lossesAt(scores: Float64Array): CellLosses {
	const loss = (of: (s: number) => number) => scores.map((s) => (s >= 0 && s <= 1 ? of(s) : Number.NaN))
	return {
		logPositive: loss((s) => -Math.log(Math.max(s, clip))),
		logNegative: loss((s) => -Math.log(Math.max(1 - s, clip))),
		squarePositive: loss((s) => (1 - s) ** 2),
		squareNegative: loss((s) => s * s),
	}
}

/**
 * The metrics of outcomes per cell; NaN where one is 0/0. `variance` is that of the number of positives when outcomes
 * are expected values: a row makes no pair with itself, so it is subtracted from ROC AUC's pairs (0 for drawn outcomes).
 */
export function metricsOfCells(
	outcomes: Outcomes,
	losses: CellLosses,
	variance = 0,
): Record<BinaryMetric, number> {
	const { selected, rejected, selectedPositives, rejectedPositives } = outcomes
	let [tp, fp, fn, tn, pairs, logLoss, squares] = [0, 0, 0, 0, 0, 0, 0]
	for (let c = 0; c < selected.length; c++) {
		const hits = selectedPositives[c] as number
		const misses = rejectedPositives[c] as number
		const positives = hits + misses
		const negatives = (selected[c] as number) + (rejected[c] as number) - positives
		pairs += positives * (fp + tn + negatives / 2)
		tp += hits
		fn += misses
		fp += (selected[c] as number) - hits
		tn += (rejected[c] as number) - misses
		logLoss += positives * (losses.logPositive[c] as number) + negatives * (losses.logNegative[c] as number)
		squares +=
			positives * (losses.squarePositive[c] as number) + negatives * (losses.squareNegative[c] as number)
	}
	const n = tp + fp + fn + tn
	return {
		roc_auc: (pairs - variance / 2) / ((tp + fn) * (fp + tn) - variance),
		accuracy: (tp + tn) / n,
		precision: tp / (tp + fp),
		recall: tp / (tp + fn),
		f1: tp / (tp + (fp + fn) / 2),
		log_loss: logLoss / n,
		brier: squares / n,
	}
}

/** Cells for the expected values (the error of AUC is below 1e-6) and, coarser, for the replicates. */
const fineCells = 2000
const cells = 120
const replicates = 200

/**
 * Estimates a binary model's performance in a window without labels from its scores alone: each row is positive with its
 * calibrated probability (as in CBPE). The 95% interval covers the chance of the labels and the uncertainty of the
 * calibration. Valid while P(positive | score) is that of the reference: see `trustOf`. NaN without rows, and for log
 * loss and Brier when scores are not probabilities.
 */
export function estimatePerformance(
	window: ScoreTable,
	calibration: Calibration,
	random: () => number,
): Record<BinaryMetric, Estimate> {
	requireTable(window)
	const forecast = forecastOf(window, calibration)
	if (!forecast) return undefinedEstimates()
	return estimatesOf(forecast, drawMetrics(forecast, random))
}

/** The metrics of each replicate. */
export const drawMetrics = (forecast: Forecast, random: () => number): Record<BinaryMetric, number>[] =>
	Array.from({ length: replicates }, () => metricsOfCells(drawOutcomes(forecast, random), forecast.losses))

export const estimatesOf = (
	{ expected, coarse }: Forecast,
	drawn: readonly Record<BinaryMetric, number>[],
): Record<BinaryMetric, Estimate> =>
	recordOf((metric) =>
		intervalOf(
			expected[metric],
			coarse[metric],
			drawn.map((d) => d[metric]),
		),
	)

/** What a window's replicates are drawn from: coarse cells on the calibration's curve, and the expected metrics. */
export type Forecast = {
	calibration: Calibration
	table: ScoreTable
	places: KnotPosition[]
	losses: CellLosses
	/** From the fine cells, and from the coarse cells: their difference is what coarsening changed. */
	expected: Record<BinaryMetric, number>
	coarse: Record<BinaryMetric, number>
}

/** Null when there are no rows in the window or the reference. */
export function forecastOf(window: ScoreTable, calibration: Calibration): Forecast | null {
	if (rowsOf(window) === 0 || calibration.axis.rows.length === 0) return null
	const fine = coarsen(window, fineCells).table
	const { table, cellOf } = coarsen(fine, cells)
	const place = knotFinder(calibration)
	const fineLosses = lossesAt(fine.scores)
	const losses = meanLosses(fineLosses, fine, cellOf, table)
	const places = Array.from(table.scores, place)
	const expectedOf = (of: ScoreTable, at: (i: number) => KnotPosition, ofLosses: CellLosses) =>
		expectedMetrics(
			of,
			of.scores.map((_, i) => probabilityAt(calibration, at(i))),
			ofLosses,
		)
	return {
		calibration,
		table,
		places,
		losses,
		expected: expectedOf(fine, (i) => place(fine.scores[i] as number), fineLosses),
		coarse: expectedOf(table, (i) => places[i] as KnotPosition, losses),
	}
}

/** Draws labels: a curve from the uncertainty of the calibration, then a toss per row. */
function drawOutcomes({ table, places, calibration }: Forecast, random: () => number): Outcomes {
	const { selected, rejected } = table
	const values = drawKnots(calibration.curve, random)
	const p = new Float64Array(places.length)
	for (let c = 0; c < p.length; c++) p[c] = logistic(valueAt(values, places[c] as KnotPosition))
	return {
		selected,
		rejected,
		selectedPositives: toss(selected, p, random),
		rejectedPositives: toss(rejected, p, random),
	}
}

/** Draws how many rows of each cell are positive. */
function toss(rows: Float64Array, p: Float64Array, random: () => number): Float64Array {
	const positives = new Float64Array(rows.length)
	for (let c = 0; c < rows.length; c++) {
		const n = rows[c] as number
		if (n > 0) positives[c] = drawBinomial(n, p[c] as number, random)
	}
	return positives
}

function expectedMetrics(
	table: ScoreTable,
	p: Float64Array,
	losses: CellLosses,
): Record<BinaryMetric, number> {
	const { selected, rejected } = table
	const share = (n: number, c: number) => n * (p[c] as number)
	const variance = p.reduce(
		(sum, q, c) => sum + ((selected[c] as number) + (rejected[c] as number)) * q * (1 - q),
		0,
	)
	const outcomes = {
		selected,
		rejected,
		selectedPositives: selected.map(share),
		rejectedPositives: rejected.map(share),
	}
	return metricsOfCells(outcomes, losses, variance)
}

/** The expected metrics if the odds of a positive at each score were `ratio` times the reference's. */
export function expectedAtOdds(window: ScoreTable, calibration: Calibration, ratio: number) {
	const { table } = coarsen(window, fineCells)
	const place = knotFinder(calibration)
	const p = table.scores.map((score) => {
		const known = probabilityAt(calibration, place(score))
		return (known * ratio) / (known * ratio + 1 - known)
	})
	return expectedMetrics(table, p, lossesAt(table.scores))
}

function meanLosses(
	fine: CellLosses,
	window: ScoreTable,
	cellOf: Uint32Array,
	table: ScoreTable,
): CellLosses {
	const mean = (loss: Float64Array) => {
		const sums = new Float64Array(table.scores.length)
		cellOf.forEach((cell, i) => {
			const rows = (window.selected[i] as number) + (window.rejected[i] as number)
			sums[cell] = (sums[cell] as number) + rows * (loss[i] as number)
		})
		return sums.map((sum, c) => sum / ((table.selected[c] as number) + (table.rejected[c] as number)))
	}
	return {
		logPositive: mean(fine.logPositive),
		logNegative: mean(fine.logNegative),
		squarePositive: mean(fine.squarePositive),
		squareNegative: mean(fine.squareNegative),
	}
}

/**
 * The middle 95% of the replicates, corrected for coarsening. Replicates on which the metric is 0/0 do not count; when most
 * are, the estimate is not defined.
 */
export function intervalOf(value: number, coarse: number, drawn: readonly number[]): Estimate {
	const known = drawn.filter(Number.isFinite).sort((a, b) => a - b)
	if (!Number.isFinite(value) || known.length * 2 < drawn.length) return undefinedEstimate
	const quantile = (q: number) => {
		const at = Math.min(Math.max(q * (known.length + 1) - 1, 0), known.length - 1)
		const below = known[Math.floor(at)] as number
		return below + (at - Math.floor(at)) * ((known[Math.ceil(at)] as number) - below) + value - coarse
	}
	return { value, low: Math.min(value, quantile(0.025)), high: Math.max(value, quantile(0.975)) }
}

const recordOf = (estimate: (metric: BinaryMetric) => Estimate): Record<BinaryMetric, Estimate> => ({
	roc_auc: estimate('roc_auc'),
	accuracy: estimate('accuracy'),
	precision: estimate('precision'),
	recall: estimate('recall'),
	f1: estimate('f1'),
	log_loss: estimate('log_loss'),
	brier: estimate('brier'),
})

export const undefinedEstimates = () => recordOf(() => undefinedEstimate)
