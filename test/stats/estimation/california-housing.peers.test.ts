import { describe, expect, it } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { fitCalibration } from '../../../src/stats/estimation/calibration.ts'
import { estimatePerformance } from '../../../src/stats/estimation/estimate-performance.ts'
import { fitNannymlCbpe } from '../../../src/stats/estimation/nannyml-cbpe.ts'
import { labelsContradict, trustOf } from '../../../src/stats/estimation/trust.ts'
import { countScores } from '../../../src/stats/score-counts.ts'
import { hasPeers } from '../../support/peers.ts'
import { readCalifornia } from './california.ts'
import { covers, labelled, OutcomeSummary, realised, tableOf } from './made-windows.ts'

const metrics = ['roc_auc', 'accuracy', 'precision', 'recall', 'f1'] as const

/**
 * The months of this data set are places: houses come by geography, so what a score means differs from month to month,
 * in the reference too. That breaks what every estimate without labels assumes, and shows which ones notice.
 */
describe.runIf(hasPeers('california'))('California housing', () => {
	const { reference, referenceMonths, analysisMonths } = hasPeers('california')
		? readCalifornia()
		: { reference: { scores: [], predictions: [], actual: [] }, referenceMonths: [], analysisMonths: [] }
	const plain = fitCalibration(labelled(reference))
	const withMonths = fitCalibration(
		labelled(reference),
		referenceMonths.map((m) => labelled(m.rows)),
	)

	it('is covered month by month once the reference’s own months are known, unlike by NannyML’s band', () => {
		const ours = new OutcomeSummary()
		const theirs = new OutcomeSummary()
		const cbpe = fitNannymlCbpe(reference)
		const chance = new Chance(1)
		for (const { rows } of analysisMonths) {
			const known = realised(rows)
			const estimates = estimatePerformance(tableOf(rows), withMonths, () => chance.uniform())
			for (const metric of metrics) {
				if (!Number.isFinite(known[metric])) continue
				for (const name of [metric, 'all']) {
					ours.add(name, covers(estimates[metric], known[metric]))
					theirs.add(name, covers(cbpe.estimate(rows, metric), known[metric]))
				}
			}
		}
		expect(ours.of('roc_auc')).toBe(12)
		expect(withMonths.curve.between.periods).toBe(8)
		expect(ours.share('roc_auc')).toBeGreaterThan(0.9)
		expect(ours.share('all')).toBeGreaterThan(0.8)
		expect(theirs.share('roc_auc')).toBeLessThan(0.6)
		expect(theirs.share('accuracy')).toBeLessThan(0.2)
	})

	it('is doubted in most months that a reference without its months gets wrong, with a quarter of the labels there', () => {
		const doubted = new OutcomeSummary()
		const chance = new Chance(2)
		for (const { rows } of analysisMonths) {
			const table = tableOf(rows)
			const isThere = (_: number, i: number) => i % 4 === 0
			const labels = countScores(rows.scores.filter(isThere), rows.actual.filter(isThere))
			const { trust } = trustOf(table, plain, labelsContradict(labels, plain))
			const estimates = estimatePerformance(table, plain, () => chance.uniform())
			const known = realised(rows)
			for (const metric of metrics)
				if (Number.isFinite(known[metric]) && !covers(estimates[metric], known[metric]))
					doubted.add('missed', trust === 'doubtful')
		}
		expect(doubted.of('missed')).toBeGreaterThan(20)
		expect(doubted.share('missed')).toBeGreaterThan(0.8)
	})
})
