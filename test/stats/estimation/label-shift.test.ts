import { describe, expect, it } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { estimateOutcomes } from '../../../src/metrics/estimate-outcomes.ts'
import { OutcomeView } from '../../../src/metrics/outcome-view.ts'
import { type Calibration, fitCalibration } from '../../../src/stats/estimation/calibration.ts'
import type { ScoreTable } from '../../../src/stats/estimation/score-table.ts'
import { emptyOutcomeSummary } from '../../../src/summaries/outcomes/outcome-summary.ts'
import { labelled, logistic, makeRows, OutcomeSummary, type Rows, tableOf } from './made-windows.ts'

type World = readonly [mean: number, deviation: number]
const worlds: readonly World[] = [
	[-1, 1.5],
	[-1.2, 0.8],
	[-3, 1.2],
]

/** Rows of a calibrated model; above 1, `odds` drops as many negatives as multiplies those of a positive by it. */
function rowsOf(chance: Chance, count: number, world: World, odds = 1): Rows {
	const all = makeRows(chance, odds === 1 ? count : 3 * count, world, logistic)
	const kept = all.actual.flatMap((y, i) => (y === 1 || odds === 1 || chance.uniform() < 1 / odds ? [i] : []))
	const take = <T>(values: readonly T[]) => kept.slice(0, count).map((i) => values[i] as T)
	return { scores: take(all.scores), predictions: take(all.predictions), actual: take(all.actual) }
}

/** The window as the estimates see it, with no outcome. */
class Unlabelled extends OutcomeView {
	private readonly rows: ScoreTable

	constructor(rows: Rows) {
		super('binary', emptyOutcomeSummary())
		this.rows = tableOf(rows)
	}

	override get table(): ScoreTable {
		return this.rows
	}
}

const calibrationOf = (chance: Chance, world: World) =>
	fitCalibration(labelled(rowsOf(chance, 10_000, world)))

/** Why the estimates of a window are doubted; empty when they are not. */
function reasonFor(calibration: Calibration, window: Rows): string {
	const reference = { calibrations: { $score: calibration }, loss: undefined }
	const estimates = new Map(estimateOutcomes(new Unlabelled(window), reference, 1))
	return estimates.get('estimated.roc_auc')?.reason ?? ''
}

describe('a change of the share of positives, by the scores alone', () => {
	/** How often windows of one kind are doubted for it, over all worlds. */
	function share(windows: (chance: Chance, world: World) => Rows[]): number {
		const doubted = new OutcomeSummary()
		for (let seed = 0; seed < 15; seed++) {
			const chance = new Chance(seed)
			const world = worlds[seed % worlds.length] as World
			const calibration = calibrationOf(chance, world)
			for (const window of windows(chance, world))
				doubted.add('', reasonFor(calibration, window).includes('share of positives'))
		}
		return doubted.share('')
	}

	it('is suspected in most windows of 5,000 rows whose odds have doubled', () => {
		expect(share((chance, world) => [rowsOf(chance, 5000, world, 2)])).toBeGreaterThan(0.55)
	})

	it('is suspected in at most 15% of windows of 1,000 rows whose scores have shifted by a half at most', () => {
		const shifted = ([mean, deviation]: World, by: number): World => [mean + by * deviation, deviation]
		expect(
			share((chance, world) => [0.2, 0.3, 0.5].map((by) => rowsOf(chance, 1000, shifted(world, by)))),
		).toBeLessThanOrEqual(0.15)
	})

	it('is not suspected where nothing has changed', () => {
		expect(share((chance, world) => [rowsOf(chance, 1000, world)])).toBe(0)
	})

	it('is told with both shares and what the metrics would be', () => {
		const chance = new Chance(2)
		const world = worlds[2] as World
		const calibration = calibrationOf(chance, world)
		expect(reasonFor(calibration, rowsOf(chance, 20_000, world, 2))).toMatch(
			/^the scores have moved as they would if the share of positives had changed from \d% to 1\d%; if so, (ROC AUC|accuracy|F1) would be 0\.\d{3}/,
		)
	})
})
