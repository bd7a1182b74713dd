import { expectedCalibrationError } from '../../../src/stats/performance/calibration.ts'
import { areaUnderRoc, deLongVariance } from '../../../src/stats/performance/roc.ts'
import { classTotals, type ScoreCounts } from '../../../src/stats/score-counts.ts'
import type { Chance } from './made-scores.ts'

export type Interval = { low: number; high: number }
const z95 = 1.959963984540054

/** What most tools do: 1.96 of DeLong's standard errors to both sides. */
export function waldDeLong(counts: ScoreCounts): Interval {
	const totals = classTotals(counts)
	const auc = areaUnderRoc(counts, totals)
	const half = z95 * Math.sqrt(deLongVariance(counts, totals, auc))
	return { low: auc - half, high: auc + half }
}

/** What most tools do: p +- 1.96 sqrt(p (1 - p) / n). */
export function wald(successes: number, n: number): Interval {
	const p = successes / n
	const half = z95 * Math.sqrt((p * (1 - p)) / n)
	return { low: p - half, high: p + half }
}

/** The percentile bootstrap over rows: what the calibration error of `draws` resamples is between 2.5% and 97.5%. */
export function bootstrapCalibrationError(counts: ScoreCounts, draws: number, chance: Chance): Interval {
	const rows: [column: 'positives' | 'negatives', i: number][] = []
	for (const column of ['positives', 'negatives'] as const)
		counts[column].forEach((count, i) => {
			for (let k = 0; k < count; k++) rows.push([column, i])
		})
	const values = Array.from({ length: draws }, () => {
		const again = {
			scores: counts.scores,
			positives: new Float64Array(counts.scores.length),
			negatives: new Float64Array(counts.scores.length),
		}
		for (let k = 0; k < rows.length; k++) {
			const [column, i] = chance.pick(rows)
			again[column][i] = (again[column][i] as number) + 1
		}
		return expectedCalibrationError(again).value
	}).sort((a, b) => a - b)
	const at = (share: number) => values[Math.round(share * (draws - 1))] as number
	return { low: at(0.025), high: at(0.975) }
}
