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
const least = 2 ** -52

export function lossesAt(scores: Float64Array): CellLosses {
	const loss = (of: (s: number) => number) => scores.map((s) => (s >= 0 && s <= 1 ? of(s) : Number.NaN))
	return {
		logPositive: loss((s) => -Math.log(Math.max(s, least))),
		logNegative: loss((s) => -Math.log(Math.max(1 - s, least))),
		squarePositive: loss((s) => (1 - s) ** 2),
		squareNegative: loss((s) => s * s),
	}
}

/**
 * The metrics of outcomes per cell; NaN where one is 0/0. `variance` is that of the number of positives when outcomes
 * are expected values: a row is no rival to itself, so it is taken off ROC AUC's pairs (0 for drawn outcomes).
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
