import type { PredictionTable } from '../stats/estimation/estimate-loss.ts'
import type { ScoreTable } from '../stats/estimation/score-table.ts'
import type { BrierSums } from '../stats/performance/probability-losses.ts'
import type { RankedQuery } from '../stats/performance/ranking.ts'
import type { RegressionMoments } from '../stats/performance/regression.ts'
import type { ScoreCounts } from '../stats/score-counts.ts'
import { negative, positive, type Task } from '../summaries/outcomes/label.ts'
import {
	decidedAs,
	keptDigits,
	momentNames,
	type OutcomeSummary,
	type ScoreBin,
} from '../summaries/outcomes/outcome-summary.ts'

/** Decisions by outcome, over rows that have both. */
export type Confusion = { tp: number; fp: number; tn: number; fn: number }

/** A window's predictions with their outcomes, in the forms that metrics take; each is computed once, on first use. */
export class OutcomeView {
	readonly task: Task
	readonly outcomeSummary: OutcomeSummary
	private readonly made = new Map<string, unknown>()

	constructor(task: Task, outcomeSummary: OutcomeSummary) {
		this.task = task
		this.outcomeSummary = outcomeSummary
	}

	protected once<T>(name: string, make: () => T): T {
		if (!this.made.has(name)) this.made.set(name, make())
		return this.made.get(name) as T
	}

	/** The cached value of this name. */
	protected kept<T>(name: string): T | undefined {
		return this.made.get(name) as T | undefined
	}

	/** Labelled rows at each score; of binary models. */
	get scores(): ScoreCounts {
		return this.once('scores', () => {
			const all = [...this.outcomeSummary.bins.values()]
			return scoreCounts(all, this.indexOf(positive), this.indexOf(negative))
		})
	}

	/** All rows at each score, labelled or not, by decision. Rows without a decision are left out. */
	get table(): ScoreTable {
		return this.once('table', () => {
			const sides = [positive, negative].map(
				(side) => this.outcomeSummary.bins.get(side) ?? new Map<number, ScoreBin>(),
			)
			const scores = Float64Array.from(new Set(sides.flatMap((side) => [...side.keys()])))
				.filter((s) => !Number.isNaN(s))
				.sort()
			const [selected, rejected] = sides.map((side) => scores.map((s) => side.get(s)?.[0] ?? 0))
			return { scores, selected: selected as Float64Array, rejected: rejected as Float64Array }
		})
	}

	get confusion(): Confusion {
		return this.once('confusion', () => ({
			tp: this.count(positive, positive),
			fp: this.count(positive, negative),
			tn: this.count(negative, negative),
			fn: this.count(negative, positive),
		}))
	}

	/** Multiclass: the classes, and rows by decision and by actual class. */
	get matrix(): { classes: string[]; counts: number[][] } {
		return this.once('matrix', () => {
			const named = [...this.outcomeSummary.bins.keys(), ...this.outcomeSummary.actuals].filter(
				(c) => c !== '',
			)
			const classes = [...new Set(named)].sort()
			return { classes, counts: classes.map((actual) => classes.map((d) => this.count(d, actual))) }
		})
	}

	/** Multiclass: labelled rows at each probability of a class, by whether they belong to it. */
	get byClass(): Map<string, ScoreCounts> {
		return this.once(
			'byClass',
			() =>
				new Map([...this.outcomeSummary.classes].map(([name, bins]) => [name, scoreCounts([bins], 0, 1)])),
		)
	}

	/** Multiclass: all rows at each probability of a class, by whether the decision was that class. */
	get tablesByClass(): Record<string, ScoreTable> {
		return this.once('tablesByClass', () =>
			Object.fromEntries(
				[...this.outcomeSummary.classes].map(([name, bins]) => {
					const scores = Float64Array.from(bins.keys())
						.filter((s) => !Number.isNaN(s))
						.sort()
					const selected = scores.map((s) => bins.get(s)?.[decidedAs + 1] ?? 0)
					const rejected = scores.map((s, i) => (bins.get(s)?.[0] ?? 0) - (selected[i] as number))
					return [name, { scores, selected, rejected }]
				}),
			),
		)
	}

	/** Regression: all rows at each predicted value. */
	get predictions(): PredictionTable {
		return this.once('predictions', () => {
			const bins = this.outcomeSummary.bins.get('') ?? new Map<number, ScoreBin>()
			const values = Float64Array.from(bins.keys())
				.filter((v) => Number.isFinite(v))
				.sort()
			return { values, rows: values.map((v) => bins.get(v)?.[0] ?? 0) }
		})
	}

	/** Ranking: the labelled rows of each query. */
	get queries(): RankedQuery[] {
		return this.once('queries', () => {
			const gains = this.outcomeSummary.actuals.map(Number)
			return [...this.outcomeSummary.queries.values()].map((bins) => {
				const query = { scores: [] as number[], relevance: [] as number[] }
				for (const [score, bin] of bins) {
					if (Number.isNaN(score)) continue
					for (let i = 1; i < bin.length; i++)
						for (let k = 0; k < (bin[i] as number); k++) {
							query.scores.push(score)
							query.relevance.push(gains[i - 1] as number)
						}
				}
				return query
			})
		})
	}

	/** Calls back for each score, ascending, with its number of rows and how many of them have an outcome. */
	eachScore(visit: (rows: number, labelled: number) => void): void {
		const scores = new Map<number, { rows: number; labelled: number }>()
		for (const bins of this.outcomeSummary.bins.values())
			for (const [score, [n = 0, ...known]] of bins) {
				const at = scores.get(score) ?? { rows: 0, labelled: 0 }
				scores.set(score, { rows: at.rows + n, labelled: at.labelled + known.reduce((a, b) => a + b, 0) })
			}
		for (const [, { rows, labelled }] of [...scores].sort((a, b) => a[0] - b[0])) visit(rows, labelled)
	}

	/** Regression: the sums over labelled rows, in the order of `momentNames`. */
	get moments(): number[] {
		return this.once('moments', () => this.outcomeSummary.moments.map((sum) => sum.value()))
	}

	/** One of the sums of `moments`. */
	momentOf(name: (typeof momentNames)[number]): number {
		return this.moments[momentNames.indexOf(name)] ?? 0
	}

	/** Regression: the same sums, as statistics of errors take them. */
	get regressionMoments(): RegressionMoments {
		const of = (name: (typeof momentNames)[number]) => this.momentOf(name)
		return {
			origin: 0,
			n: of('n'),
			e: of('e'),
			absE: of('abs'),
			e2: of('e2'),
			e4: of('e4'),
			e2y: of('e2y'),
			e2y2: of('e2y2'),
			y: of('y'),
			y2: of('y2'),
			y3: of('y3'),
			y4: of('y4'),
			zeroActuals: of('zeros'),
			absRelative: of('ape'),
			relative2: of('ape2'),
		}
	}

	/** Multiclass: the sums over labelled rows; all 0 in summaries stored before these sums existed. */
	get brierSums(): BrierSums {
		const [n = 0, sum = 0, squares = 0] = this.moments
		return { n, sum, squares }
	}

	/** Regression: the variance of the actuals, computed exactly; NaN without rows. */
	get actualVariance(): number {
		return this.once('actualVariance', () => {
			const of = (name: (typeof momentNames)[number]) =>
				this.outcomeSummary.moments[momentNames.indexOf(name)]
			const n = of('n')?.value() ?? 0
			const [sum, squares, low] = [of('y'), of('y2'), of('y2low')].map((s) => s?.units() ?? 0n) as [
				bigint,
				bigint,
				bigint,
			]
			// n sum(y^2) - sum(y)^2, in units of 2^-2148.
			const spread = BigInt(n) * ((squares + low) << 1074n) - sum * sum
			return n > 0 ? toNumber(spread) / n ** 2 : Number.NaN
		})
	}

	/** Whether every score lies in [0, 1], so that it can be a probability. */
	get areProbabilities(): boolean {
		const { scores } = this.scores
		return scores.length === 0 || ((scores[0] as number) >= 0 && (scores.at(-1) as number) <= 1)
	}

	/** Significant decimal digits that scores are kept to, where there are more scores than a summary keeps apart. */
	get keptDigits(): number {
		return keptDigits(this.outcomeSummary.level)
	}

	private indexOf(actual: string): number {
		return this.outcomeSummary.actuals.indexOf(actual)
	}

	private count(decision: string, actual: string): number {
		const at = this.indexOf(actual)
		let rows = 0
		if (at >= 0)
			for (const bin of this.outcomeSummary.bins.get(decision)?.values() ?? []) rows += bin[at + 1] ?? 0
		return rows
	}
}

/** A whole number of units of 2^-2148 as a double. */
function toNumber(units: bigint): number {
	const bits = units.toString(2).length
	const drop = Math.max(0, bits - 64)
	const exponent = drop - 2148
	return Number(units >> BigInt(drop)) * 2 ** Math.max(-1000, exponent) * 2 ** Math.min(0, exponent + 1000)
}

function scoreCounts(maps: readonly Map<number, ScoreBin>[], yes: number, no: number): ScoreCounts {
	const labelled = new Map<number, [number, number]>()
	for (const bins of maps)
		for (const [score, bin] of bins) {
			const [a, b] = [bin[yes + 1] ?? 0, bin[no + 1] ?? 0]
			// Index 0 holds the count of all rows, so an unknown label has no count.
			const positives = yes === -1 ? 0 : a
			const negatives = no === -1 ? 0 : b
			if (positives + negatives === 0 || Number.isNaN(score)) continue
			const known = labelled.get(score)
			if (known) {
				known[0] += positives
				known[1] += negatives
			} else labelled.set(score, [positives, negatives])
		}
	const scores = Float64Array.from(labelled.keys()).sort()
	const side = (i: 0 | 1) => scores.map((s) => (labelled.get(s) as [number, number])[i])
	return { scores, positives: side(0), negatives: side(1) }
}
