import { intervalText, numberText } from '../../charts/number-text.ts'
import { calibrationChart, histogram, lineChart, matrixChart } from '../../charts/plots.ts'
import { roundTicks } from '../../charts/scale.ts'
import { escape } from '../../charts/svg.ts'
import { calibrationCurve } from '../../stats/performance/calibration.ts'
import { precisionRecallCurve } from '../../stats/performance/precision-recall.ts'
import { rocCurve } from '../../stats/performance/roc.ts'
import type { ScoreCounts } from '../../stats/score-counts.ts'
import { numbersOf } from './page-tables.ts'
import { firstLabel, type Rows } from './rows.ts'
import type { RowsView } from './rows-view.ts'

const maxPoints = 400
const maxRows = 21

export const figure = (title: string, picture: string, note: string, numbers: string): string =>
	`<figure><h3>${escape(title)}</h3>${picture}<figcaption>${escape(note)}</figcaption>${numbers}</figure>`

/** Every k-th of a list, so that a table stays short. */
function sample<T>(list: readonly T[], maxPoints = maxRows): T[] {
	const step = Math.max(1, (list.length - 1) / (maxPoints - 1))
	const at = new Set(Array.from({ length: Math.min(maxPoints, list.length) }, (_, i) => Math.round(i * step)))
	return list.filter((_, i) => at.has(i))
}

/** The charts of a task for which the rows have data. */
export function figuresOf(view: RowsView, rows: Rows): string[] {
	if (view.task === 'binary') return binaryFigures(view)
	if (view.task === 'regression') return regressionFigures(rows)
	return view.task === 'multiclass' && view.matrix.classes.length > 0 ? [matrixFigure(view)] : []
}

function binaryFigures(view: RowsView): string[] {
	const { scores } = view
	const [positives, negatives] = [sum(scores.positives), sum(scores.negatives)]
	if (positives + negatives === 0) return []
	const figures = view.areProbabilities ? [calibrationFigure(view)] : []
	const few = thinned(scores, maxPoints)
	if (positives > 0 && negatives > 0)
		figures.push(rocFigure(few), precisionFigure(few, positives / (positives + negatives)))
	return [...figures, scoreFigure(view, positives, negatives)]
}

function calibrationFigure({ scores }: RowsView): string {
	const points = calibrationCurve(scores)
	const title = 'Calibration'
	const description = points
		.map(
			(p) =>
				`of rows with mean score ${numberText(p.meanScore)}, ${numberText(p.positive.value)} are positive`,
		)
		.join('; ')
	const table = numbersOf(
		'Mean score and share positive, in ten bins of equal width.',
		['mean score', 'rows', 'share positive', '95% interval'],
		points.map((p) => [
			numberText(p.meanScore),
			p.n.toLocaleString('en'),
			numberText(p.positive.value),
			intervalText(p.positive),
		]),
	)
	const note =
		'On the dashed line, scores equal the share of positives. Whiskers are 95% intervals; the bars below count rows.'
	return figure(title, calibrationChart({ id: 'calibration', title, description }, points), note, table)
}

type Counts = RowsView['scores']
const share = (label: string) => ({ label, range: [0, 1] as const })

function rocFigure(scores: Counts): string {
	const points = rocCurve(scores)
	const title = 'ROC curve'
	const picture = lineChart(
		{ id: 'roc', title, description: 'True positive rate over false positive rate, at every threshold.' },
		share('false positive rate'),
		share('true positive rate'),
		{
			series: [
				{ name: 'ROC', kind: 'a', points: points.map((p) => [p.falsePositiveRate, p.truePositiveRate]) },
			],
			ideal: [
				[0, 0],
				[1, 1],
			],
		},
	)
	const table = numbersOf(
		'Some points of the curve.',
		['threshold', 'true positive rate', 'false positive rate'],
		sample(points).map((p) => [
			numberText(p.threshold),
			numberText(p.truePositiveRate),
			numberText(p.falsePositiveRate),
		]),
	)
	return figure(title, picture, 'The dashed line is a random score.', table)
}

function precisionFigure(scores: Counts, base: number): string {
	const points = precisionRecallCurve(scores)
	const title = 'Precision and recall'
	const picture = lineChart(
		{ id: 'precision', title, description: 'Precision over recall, at every threshold.' },
		share('recall'),
		share('precision'),
		{
			series: [{ name: 'precision', kind: 'a', points: points.map((p) => [p.recall, p.precision]) }],
			ideal: [
				[0, base],
				[1, base],
			],
		},
	)
	const table = numbersOf(
		'Some points of the curve.',
		['threshold', 'precision', 'recall'],
		sample(points).map((p) => [numberText(p.threshold), numberText(p.precision), numberText(p.recall)]),
	)
	return figure(title, picture, `The dashed line is the share of positives, ${numberText(base)}.`, table)
}

function scoreFigure({ scores }: RowsView, positives: number, negatives: number): string {
	const { edges, positives: p, negatives: n } = scoreHistogram(scores)
	const of = (counts: Float64Array, rows: number) => Array.from(counts, (c) => c / Math.max(1, rows))
	const title = 'Scores by outcome'
	const picture = histogram(
		{ id: 'scores', title, description: 'The distributions of scores of positive and of negative outcomes.' },
		{
			edges,
			label: 'score',
			series: [
				{ name: 'negative', kind: 'b', shares: of(n, negatives) },
				{ name: 'positive', kind: 'a', shares: of(p, positives) },
			],
		},
	)
	const table = numbersOf(
		'Rows by score and outcome.',
		['score', 'positive', 'negative'],
		binRows(edges).map(([label, i]) => [label, numberText(p[i] as number), numberText(n[i] as number)]),
	)
	return figure(title, picture, 'Each outcome as shares of its own rows.', table)
}

const binRows = (edges: readonly number[]): [string, number][] =>
	edges.slice(0, -1).map((low, i) => [`${numberText(low)} to ${numberText(edges[i + 1] as number)}`, i])

function regressionFigures(rows: Rows): string[] {
	const points = deciles(rows)
	if (points.length === 0) return []
	const all = points.flatMap((d) => [d.predicted, d.actual])
	const range = [Math.min(...all), Math.max(...all)] as const
	const title = 'Predicted and actual'
	const picture = lineChart(
		{
			id: 'deciles',
			title,
			description: 'Mean outcome over mean prediction, of each tenth of the predictions.',
		},
		{ label: 'mean prediction', range },
		{ label: 'mean outcome', range },
		{
			series: [{ name: 'tenths', kind: 'a', points: points.map((d) => [d.predicted, d.actual]) }],
			ideal: [
				[range[0], range[0]],
				[range[1], range[1]],
			],
			dots: true,
		},
	)
	const table = numbersOf(
		'Tenths of the rows by prediction.',
		['tenth', 'rows', 'mean prediction', 'mean outcome'],
		points.map((d, i) => [
			String(i + 1),
			d.n.toLocaleString('en'),
			numberText(d.predicted),
			numberText(d.actual),
		]),
	)
	const note = 'Each dot is a tenth of the rows. On the dashed line, predictions are right on average.'
	return [figure(title, picture, note, table), residualFigure(rows)]
}

function residualFigure(rows: Rows): string {
	const { edges, counts } = residuals(rows)
	const all = Math.max(1, sum(counts))
	const title = 'Errors'
	const picture = histogram(
		{ id: 'errors', title, description: 'The distribution of prediction minus outcome.' },
		{
			edges,
			label: 'prediction minus outcome',
			series: [{ name: 'rows', kind: 'a', shares: Array.from(counts, (c) => c / all) }],
		},
	)
	const table = numbersOf(
		'Rows by error.',
		['error', 'rows'],
		binRows(edges).map(([label, i]) => [label, numberText(counts[i] as number)]),
	)
	return figure(title, picture, 'The bins at the ends hold all errors beyond them.', table)
}

function matrixFigure({ matrix }: RowsView): string {
	const title = 'Decisions by actual class'
	const picture = matrixChart(
		{ id: 'matrix', title, description: 'Rows by actual class, down, and by decision, across.' },
		matrix,
	)
	const table = numbersOf(
		'Rows by actual class (down) and decision (across).',
		['actual', ...matrix.classes],
		matrix.classes.map((name, i) => [name, ...(matrix.counts[i] ?? []).map((c) => c.toLocaleString('en'))]),
	)
	return figure(title, picture, 'The stronger the colour, the larger the share of the actual class.', table)
}

/**
 * Counts at no more than `maxPoints` scores: neighbours are merged at the lowest of their scores. Points of a curve over them
 * are on the full curve.
 */
function thinned(counts: ScoreCounts, maxPoints: number): ScoreCounts {
	const { scores, positives, negatives } = counts
	if (scores.length <= maxPoints) return counts
	const rows = sum(positives) + sum(negatives)
	const kept: [score: number, p: number, n: number][] = []
	let [before, last] = [0, -1]
	for (let i = 0; i < scores.length; i++) {
		const [p, n] = [positives[i] as number, negatives[i] as number]
		const slot = Math.floor((before / rows) * maxPoints)
		if (slot !== last) kept.push([scores[i] as number, 0, 0])
		const bin = kept.at(-1) as (typeof kept)[0]
		bin[1] += p
		bin[2] += n
		last = slot
		before += p + n
	}
	const column = (at: 0 | 1 | 2) => Float64Array.from(kept, (bin) => bin[at])
	return { scores: column(0), positives: column(1), negatives: column(2) }
}

const sum = (values: ArrayLike<number>): number => {
	let total = 0
	for (let i = 0; i < values.length; i++) total += values[i] as number
	return total
}

/** The bin of a value; the last one is closed. */
function binOf(edges: readonly number[], x: number): number {
	const [low, high] = [edges[0] as number, edges.at(-1) as number]
	const bins = edges.length - 1
	const share = (x / 2 - low / 2) / (high / 2 - low / 2)
	return Math.min(bins - 1, Math.max(0, Math.floor(share * bins + 1e-9)))
}

/** Numbers of positives and negatives by score. */
function scoreHistogram({ scores, positives, negatives }: ScoreCounts, bins = 25) {
	const [low, high] = [scores[0] ?? 0, scores.at(-1) ?? 1]
	const edges = low >= 0 && high <= 1 ? roundTicks(0, 1, bins) : roundTicks(low, high, bins)
	const [p, n] = [new Float64Array(edges.length - 1), new Float64Array(edges.length - 1)]
	for (let i = 0; i < scores.length; i++) {
		const bin = binOf(edges, scores[i] as number)
		p[bin] = (p[bin] as number) + (positives[i] as number)
		n[bin] = (n[bin] as number) + (negatives[i] as number)
	}
	return { edges, positives: p, negatives: n }
}

type Decile = { n: number; predicted: number; actual: number }

/** Mean prediction and mean outcome in ten parts of a regression's labelled rows, by prediction. */
function deciles({ scores, values, labels }: Rows): Decile[] {
	const used = Uint32Array.from(scores.keys()).filter(
		(row) => labels[row] === firstLabel && !Number.isNaN(scores[row]),
	)
	used.sort((a, b) => (scores[a] as number) - (scores[b] as number))
	return Array.from({ length: 10 }, (_, i) => {
		const part = used.subarray((used.length * i) / 10, (used.length * (i + 1)) / 10)
		const mean = (column: Float64Array) =>
			sum(Float64Array.from(part, (row) => (column[row] as number) / part.length))
		return { n: part.length, predicted: mean(scores), actual: mean(values) }
	}).filter((d) => d.n > 0)
}

/** Prediction minus outcome, in bins over all but the outermost hundredths, which are in the bins at the ends. */
function residuals({ scores, values, labels }: Rows, bins = 25) {
	const errors = scores
		.map((score, row) => (labels[row] === firstLabel ? score - (values[row] as number) : Number.NaN))
		.map((e) => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, e)))
		.filter((e) => !Number.isNaN(e))
		.sort()
	const quantile = (q: number) => errors[Math.min(errors.length - 1, Math.floor(q * errors.length))] as number
	if (errors.length === 0) return { edges: [0, 1], counts: new Float64Array(1) }
	const edges = roundTicks(quantile(0.005), quantile(0.995), bins)
	const counts = new Float64Array(edges.length - 1)
	for (const e of errors) {
		const bin = binOf(edges, e)
		counts[bin] = (counts[bin] as number) + 1
	}
	return { edges, counts }
}
