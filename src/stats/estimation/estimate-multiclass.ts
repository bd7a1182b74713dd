import { type Estimate, undefinedEstimate } from '../estimate.ts'
import type { Calibration } from './calibration.ts'
import {
	type BinaryMetric,
	drawMetrics,
	estimatesOf,
	type Forecast,
	forecastOf,
	intervalOf,
	undefinedEstimates,
} from './estimate-performance.ts'
import { requireTable, type ScoreTable } from './score-table.ts'

type Averaged = 'roc_auc' | 'precision' | 'recall' | 'f1'
type Metrics = Record<BinaryMetric, number>

/** Macro averages and accuracy, and each class against the rest. */
export type MulticlassEstimates = Record<Averaged | 'accuracy', Estimate> & {
	classes: Record<string, Record<BinaryMetric, Estimate>>
}

/**
 * `estimatePerformance` for several classes: per class a table of its own scores, `selected` where it is the class
 * predicted, and its calibration against the rest. A row is right when its predicted class is, so accuracy's chance
 * is counted once; the classes' calibrations and macro averages are drawn as if independent. As scikit-learn, a
 * class whose precision, recall or F1 is 0/0 enters the average as 0.
 */
export function estimateMulticlass(
	windows: Readonly<Record<string, ScoreTable>>,
	calibrations: Readonly<Record<string, Calibration>>,
	random: () => number,
): MulticlassEstimates {
	const sides = Object.entries(windows).map(([name, window]) => {
		const calibration = calibrations[name]
		if (!calibration) throw new RangeError(`there is no calibration of class ${name}`)
		requireTable(window)
		const forecast = forecastOf(window, calibration)
		return { name, forecast, drawn: forecast ? drawMetrics(forecast, random) : [] }
	})
	const known = sides.flatMap((s) => (s.forecast ? [{ forecast: s.forecast, drawn: s.drawn }] : []))
	const isKnown = known.length === sides.length && known.length > 0
	const average = (of: (metrics: readonly Metrics[]) => number): Estimate =>
		isKnown ? averaged(known, of) : undefinedEstimate
	const macro = (metric: Averaged) => average((all) => mean(all.map((m) => termOf(metric, m[metric]))))
	const shares = known.map(({ forecast: { table } }) => table.selected.reduce((a, b) => a + b, 0))
	const rows = shares.reduce((a, b) => a + b, 0)
	return {
		classes: Object.fromEntries(
			sides.map((s) => [s.name, s.forecast ? estimatesOf(s.forecast, s.drawn) : undefinedEstimates()]),
		),
		// A class's precision times its predicted rows is how many of them are right.
		accuracy: average((all) =>
			all.reduce((sum, m, k) => sum + ((shares[k] as number) / rows) * (m.precision || 0), 0),
		),
		roc_auc: macro('roc_auc'),
		precision: macro('precision'),
		recall: macro('recall'),
		f1: macro('f1'),
	}
}

const averaged = (
	sides: readonly { forecast: Forecast; drawn: readonly Metrics[] }[],
	of: (metrics: readonly Metrics[]) => number,
): Estimate =>
	intervalOf(
		of(sides.map((s) => s.forecast.expected)),
		of(sides.map((s) => s.forecast.coarse)),
		(sides[0]?.drawn ?? []).map((_, r) => of(sides.map((s) => s.drawn[r] as Metrics))),
	)

const termOf = (metric: Averaged, value: number) => (metric === 'roc_auc' ? value : value || 0)

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
