import type { Chance } from '../../../src/demo/random.ts'
import {
	type BinaryMetric,
	lossesAt,
	metricsOfCells,
} from '../../../src/stats/estimation/estimate-performance.ts'
import type { ScoreTable } from '../../../src/stats/estimation/score-table.ts'
import { countScores, type ScoreCounts } from '../../../src/stats/score-counts.ts'

export type Rows = { scores: number[]; predictions: number[]; actual: number[] }

export const logistic = (x: number): number => 1 / (1 + Math.exp(-x))

/** Rows whose score is the logistic of a normal x, and whose label is positive with chance truth(x). */
export function makeRows(
	chance: Chance,
	rows: number,
	[mean, deviation]: readonly [number, number],
	truth: (x: number) => number,
): Rows {
	const x = Array.from({ length: rows }, () => mean + deviation * chance.normal())
	const scores = x.map(logistic)
	return {
		scores,
		predictions: scores.map((s) => Number(s >= 0.5)),
		actual: x.map((at) => Number(chance.uniform() < truth(at))),
	}
}

export const labelled = ({ scores, actual }: Rows): ScoreCounts => countScores(scores, actual)

const countWhere = ({ scores }: Rows, of: Float64Array, holds: (row: number) => boolean): Float64Array => {
	const places = new Map(Array.from(of, (score, i) => [score, i]))
	const counts = new Float64Array(of.length)
	scores.forEach((score, row) => {
		const at = places.get(score) as number
		if (holds(row)) counts[at] = (counts[at] as number) + 1
	})
	return counts
}

export function tableOf(rows: Rows): ScoreTable {
	const { scores } = labelled(rows)
	return {
		scores,
		selected: countWhere(rows, scores, (i) => rows.predictions[i] === 1),
		rejected: countWhere(rows, scores, (i) => rows.predictions[i] === 0),
	}
}

/** What the metrics turned out to be, once the labels are known. */
export function realised(rows: Rows): Record<BinaryMetric, number> {
	const { scores, selected, rejected } = tableOf(rows)
	const positives = (prediction: number) =>
		countWhere(rows, scores, (i) => rows.predictions[i] === prediction && rows.actual[i] === 1)
	const outcomes = { selected, rejected, selectedPositives: positives(1), rejectedPositives: positives(0) }
	return metricsOfCells(outcomes, lossesAt(scores))
}

export const covers = ({ low, high }: { low: number; high: number }, value: number): boolean =>
	low - 1e-12 <= value && value <= high + 1e-12

/** Counts how often something held, by name. */
export class OutcomeSummary {
	private readonly counts = new Map<string, { held: number; of: number }>()

	add(name: string, holds: boolean): void {
		const count = this.counts.get(name) ?? { held: 0, of: 0 }
		count.held += Number(holds)
		count.of++
		this.counts.set(name, count)
	}

	share(name: string): number {
		const { held, of } = this.counts.get(name) ?? { held: 0, of: 0 }
		return held / of
	}

	of(name: string): number {
		return this.counts.get(name)?.of ?? 0
	}

	get names(): string[] {
		return [...this.counts.keys()]
	}
}
