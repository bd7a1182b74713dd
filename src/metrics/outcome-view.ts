import type { ScoreTable } from '../stats/estimation/score-table.ts'
import type { ScoreCounts } from '../stats/score-counts.ts'
import { keptDigits } from '../tally/coarsen.ts'
import { negative, positive, type Task } from '../tally/label.ts'
import type { ScoreCell, Tally } from '../tally/tally.ts'

/** Decisions by outcome, over rows that have both. */
export type Confusion = { tp: number; fp: number; tn: number; fn: number }

/** A window's predictions with their outcomes, in the forms that metrics take; each is made once, when it is asked for. */
export class OutcomeView {
	readonly task: Task
	readonly tally: Tally
	private readonly made = new Map<string, unknown>()

	constructor(task: Task, tally: Tally) {
		this.task = task
		this.tally = tally
	}

	private once<T>(name: string, make: () => T): T {
		if (!this.made.has(name)) this.made.set(name, make())
		return this.made.get(name) as T
	}

	/** Labelled rows at each score; of binary models. */
	get scores(): ScoreCounts {
		return this.once('scores', () => {
			const all = [...this.tally.cells.values()]
			return scoreCounts(all, this.indexOf(positive), this.indexOf(negative))
		})
	}

	/** All rows at each score, labelled or not, by decision. Rows without a decision are left out. */
	get table(): ScoreTable {
		return this.once('table', () => {
			const sides = [positive, negative].map(
				(side) => this.tally.cells.get(side) ?? new Map<number, ScoreCell>(),
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
			const named = [...this.tally.cells.keys(), ...this.tally.actuals].filter((c) => c !== '')
			const classes = [...new Set(named)].sort()
			return { classes, counts: classes.map((actual) => classes.map((d) => this.count(d, actual))) }
		})
	}

	/** Multiclass: labelled rows at each probability of a class, by whether they turned out to be of it. */
	get byClass(): Map<string, ScoreCounts> {
		return this.once(
			'byClass',
			() => new Map([...this.tally.classes].map(([name, cells]) => [name, scoreCounts([cells], 0, 1)])),
		)
	}

	/** Ranking: the labelled rows of each query. */
	get queries(): { scores: number[]; relevance: number[] }[] {
		return this.once('queries', () => {
			const gains = this.tally.actuals.map(Number)
			return [...this.tally.queries.values()].map((cells) => {
				const query = { scores: [] as number[], relevance: [] as number[] }
				for (const [score, cell] of cells)
					for (let i = 1; i < cell.length; i++)
						for (let k = 0; k < (cell[i] as number); k++) {
							query.scores.push(score)
							query.relevance.push(gains[i - 1] as number)
						}
				return query
			})
		})
	}

	/** Regression: the sums over labelled rows, in the order of `momentNames`. */
	get moments(): number[] {
		return this.once('moments', () => this.tally.moments.map((sum) => sum.value()))
	}

	/** Whether every score lies in [0, 1], so that it can be a probability. */
	get areProbabilities(): boolean {
		const { scores } = this.scores
		return scores.length === 0 || ((scores[0] as number) >= 0 && (scores.at(-1) as number) <= 1)
	}

	/** Significant decimal digits that scores are kept to, where there are more of them than a tally keeps apart. */
	get keptDigits(): number {
		return keptDigits(this.tally.level)
	}

	private indexOf(actual: string): number {
		return this.tally.actuals.indexOf(actual)
	}

	private count(decision: string, actual: string): number {
		const at = this.indexOf(actual)
		let rows = 0
		if (at >= 0) for (const cell of this.tally.cells.get(decision)?.values() ?? []) rows += cell[at + 1] ?? 0
		return rows
	}
}

function scoreCounts(maps: readonly Map<number, ScoreCell>[], yes: number, no: number): ScoreCounts {
	const labelled = new Map<number, [number, number]>()
	for (const cells of maps)
		for (const [score, cell] of cells) {
			const [a, b] = [cell[yes + 1] ?? 0, cell[no + 1] ?? 0]
			// At -1 stands the count of all rows.
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
