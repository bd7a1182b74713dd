import type { OutcomeMetric } from '../../metrics/descriptor.ts'
import { metrics } from '../../metrics/index.ts'
import type { MetricValue } from '../../metrics/metric-value.ts'
import { type Confusion, OutcomeView } from '../../metrics/outcome-view.ts'
import type { PredictionTable } from '../../stats/estimation/estimate-loss.ts'
import type { ScoreTable } from '../../stats/estimation/score-table.ts'
import type { RankedQuery } from '../../stats/performance/ranking.ts'
import type { ScoreCounts } from '../../stats/score-counts.ts'
import { addBrier, addMoments } from '../../summaries/outcomes/contribute.ts'
import {
	emptyOutcomeSummary,
	type GroupSummary,
	type OutcomeSummary,
} from '../../summaries/outcomes/outcome-summary.ts'
import { release } from '../../tables/memory.ts'
import { badLabel, type Chosen, type Codes, eachRow, firstLabel, type Rows, unlabelled } from './rows.ts'

/**
 * The rows of a table, or some of them, as metrics read them: like the outcome summary of a window, but from sorted columns,
 * so that a million distinct scores take only the memory of their numbers.
 */
export class RowsView extends OutcomeView {
	private readonly rows: Rows
	private readonly chosen: Chosen
	private readonly isLast: boolean

	/** `isLast`: the rows' scores and labels are not needed afterwards, so the view may sort them in place. */
	constructor(rows: Rows, { chosen, isLast = false }: { chosen?: Chosen; isLast?: boolean } = {}) {
		super(rows.task, outcomeSummaryOf(rows, chosen))
		this.rows = rows
		this.chosen = chosen
		this.isLast = isLast
	}

	override get scores(): ScoreCounts {
		return this.once('scores', () => {
			const { labels, scores } = this.rows
			const sides = [firstLabel, firstLabel + 1] as const
			if (!this.isLast) return scoreCounts(scores, this.chosen, sideBy(labels, sides))
			// Everything that reads the rows comes first.
			const others = scoreCounts(scores, undefined, (row) =>
				(labels[row] as number) < firstLabel ? 'one' : undefined,
			)
			this.once('confusion', () => this.confusionOfRows())
			this.once('others', () => others)
			return scoreCountsInPlace(scores, labels, sides)
		})
	}

	override get table(): ScoreTable {
		return this.once('table', () => {
			const { scores, decisions } = this.rows
			return scoreTable(scores, this.chosen, sideBy(decisions, [firstLabel, firstLabel + 1]))
		})
	}

	override get tablesByClass(): Record<string, ScoreTable> {
		return Object.fromEntries([...this.rows.probabilities.keys()].map((name) => [name, this.tableOf(name)]))
	}

	override get predictions(): PredictionTable {
		const values = this.rows.scores.filter((x) => !Number.isNaN(x)).sort()
		return { values, rows: new Float64Array(values.length).fill(1) }
	}

	private tableOf(name: string): ScoreTable {
		const { decisions, classes, probabilities } = this.rows
		const code = firstLabel + classes.indexOf(name)
		const p = probabilities.get(name) ?? new Float64Array()
		return scoreTable(p, this.chosen, (row) =>
			decisions[row] === code ? 'one' : decisions[row] === unlabelled ? undefined : 'other',
		)
	}

	override get matrix(): { classes: string[]; counts: number[][] } {
		return this.once('matrix', () => {
			const { count, classes, labels, decisions } = this.rows
			const all = classes.map(() => classes.map(() => 0))
			const seen = classes.map(() => false)
			eachRow(count, this.chosen, (row) => {
				const [actual, decision] = [
					(labels[row] as number) - firstLabel,
					(decisions[row] as number) - firstLabel,
				]
				if (actual >= 0) seen[actual] = true
				if (decision >= 0) seen[decision] = true
				const line = actual >= 0 && decision >= 0 ? all[actual] : undefined
				if (line) line[decision] = (line[decision] as number) + 1
			})
			const used = <T>(list: readonly T[]) => list.filter((_, i) => seen[i])
			return { classes: used(classes), counts: used(all).map(used) }
		})
	}

	override get confusion(): Confusion {
		return this.once('confusion', () => this.confusionOfRows())
	}

	private confusionOfRows(): Confusion {
		const { count, labels, decisions } = this.rows
		const cells = new Float64Array(16)
		eachRow(count, this.chosen, (row) => {
			const cell = (decisions[row] as number) * 4 + (labels[row] as number)
			cells[cell] = (cells[cell] as number) + 1
		})
		const at = (decision: number, label: number) => cells[decision * 4 + label] as number
		const [yes, no] = [firstLabel, firstLabel + 1]
		return { tp: at(yes, yes), fp: at(yes, no), tn: at(no, no), fn: at(no, yes) }
	}

	override get byClass(): Map<string, ScoreCounts> {
		return this.once('byClass', () => {
			const { classes, labels, probabilities } = this.rows
			return new Map(
				[...probabilities].map(([name, p]) => {
					const code = firstLabel + classes.indexOf(name)
					const sideOf = (row: number) =>
						labels[row] === code ? 'one' : (labels[row] as number) >= firstLabel ? 'other' : undefined
					return [name, scoreCounts(p, this.chosen, sideOf)] as const
				}),
			)
		})
	}

	override get queries(): RankedQuery[] {
		return this.once('queries', () => queriesOf(this.rows, this.chosen))
	}

	override eachScore(visit: (rows: number, labelled: number) => void): void {
		const known = this.task === 'binary' ? this.scores : this.scoresOf((label) => label >= firstLabel)
		const others = this.kept<ScoreCounts>('others') ?? this.scoresOf((label) => label < firstLabel)
		let [i, j] = [0, 0]
		while (i < known.scores.length || j < others.scores.length) {
			const score = Math.min(known.scores[i] ?? Infinity, others.scores[j] ?? Infinity)
			const labelled = known.scores[i] === score ? rowsAt(known, i++) : 0
			visit(labelled + (others.scores[j] === score ? rowsAt(others, j++) : 0), labelled)
		}
		releaseCounts(others)
		if (this.task !== 'binary') releaseCounts(known)
	}

	private scoresOf(isIn: (label: number) => boolean): ScoreCounts {
		const { scores, labels } = this.rows
		return scoreCounts(scores, this.chosen, (row) => (isIn(labels[row] as number) ? 'one' : undefined))
	}

	/** Adds the summaries of an attribute's groups. */
	addGroups(
		{ name, names }: { name: string; names: readonly string[] },
		outcomeSummaries: readonly GroupSummary[],
	): void {
		this.outcomeSummary.groups.set(
			name,
			new Map(names.map((group, i) => [group, outcomeSummaries[i] as GroupSummary])),
		)
	}

	/** Frees the counts. The view must not be used afterwards. */
	close(): void {
		const counts = this.kept<ScoreCounts>('scores')
		if (counts) releaseCounts(counts)
		this.kept<Map<string, ScoreCounts>>('byClass')?.forEach(releaseCounts)
	}
}

const sideBy =
	(codes: Codes, [one, other]: readonly [number, number]) =>
	(row: number) =>
		codes[row] === one ? 'one' : codes[row] === other ? 'other' : undefined

const rowsAt = ({ positives, negatives }: ScoreCounts, i: number) =>
	(positives[i] as number) + (negatives[i] as number)

function releaseCounts({ scores, positives, negatives }: ScoreCounts): void {
	for (const array of [scores, positives, negatives]) release(array)
}

function outcomeSummaryOf(rows: Rows, chosen: Chosen): OutcomeSummary {
	const outcomeSummary = emptyOutcomeSummary()
	const { count, labels, probabilities, classes } = rows
	const columns = [...probabilities.values()]
	eachRow(count, chosen, (row) => {
		outcomeSummary.predictions++
		const label = labels[row] as number
		if (label === badLabel) outcomeSummary.unusable++
		else if (label !== unlabelled) {
			outcomeSummary.labelled++
			if (rows.task === 'regression')
				addMoments(outcomeSummary, rows.scores[row] as number, rows.values[row] as number, 1)
			if (columns.length > 0)
				addBrier(
					outcomeSummary,
					probabilitiesAt(probabilities, row),
					classes[label - firstLabel] as string,
					1,
				)
		}
		if (columns.length > 0 && isImproper(columns, row)) outcomeSummary.improper++
	})
	return outcomeSummary
}

const probabilitiesAt = (columns: Rows['probabilities'], row: number): [string, number][] =>
	[...columns]
		.map(([name, values]): [string, number] => [name, values[row] as number])
		.filter(([, p]) => !Number.isNaN(p))

/** Whether a row has probabilities that are not a distribution. */
function isImproper(columns: readonly Float64Array[], row: number): boolean {
	let [sum, named, outside] = [0, 0, 0]
	for (const column of columns) {
		const p = column[row] as number
		if (Number.isNaN(p)) continue
		named++
		sum += p
		if (p < 0 || p > 1) outside++
	}
	return named > 0 && (outside > 0 || Math.abs(sum - 1) > 1e-3)
}

/** The labelled rows of each query. */
function queriesOf({ count, labels, scores, values, queries }: Rows, chosen: Chosen): RankedQuery[] {
	const sizes: number[] = []
	const isUsed = (row: number) => labels[row] === firstLabel && !Number.isNaN(scores[row])
	eachRow(count, chosen, (row) => {
		const query = queries?.[row] ?? 0
		if (isUsed(row)) sizes[query] = (sizes[query] ?? 0) + 1
	})
	const made = new Map<number, { scores: Float64Array; relevance: Float64Array; at: number }>()
	sizes.forEach((size, query) => {
		made.set(query, { scores: new Float64Array(size), relevance: new Float64Array(size), at: 0 })
	})
	eachRow(count, chosen, (row) => {
		const query = isUsed(row) && made.get(queries?.[row] ?? 0)
		if (!query) return
		query.scores[query.at] = scores[row] as number
		query.relevance[query.at++] = values[row] as number
	})
	return [...made.values()]
}

const outcomeMetrics: readonly OutcomeMetric[] = metrics.filter((m) => m.subject === 'outcome')

/** The metrics of a view, as the service computes them for a window. */
export const metricValuesOf = (view: RowsView): Map<string, MetricValue> =>
	new Map(outcomeMetrics.filter((m) => m.tasks.includes(view.task)).map((m) => [m.id, m.measure(view)]))

/** The scores of one side, then of the other, in one array; the other begins at `split`. */
type Sides = { scores: Float64Array; split: number }

/** The scores of the chosen rows on two sides; NaN is on neither. */
function gather(
	scores: Float64Array,
	chosen: Chosen,
	sideOf: (row: number) => 'one' | 'other' | undefined,
): Sides {
	const found = new Float64Array(chosen?.length ?? scores.length)
	let [n, end] = [0, found.length]
	eachRow(scores.length, chosen, (row) => {
		const score = scores[row] as number
		const side = Number.isNaN(score) ? undefined : sideOf(row)
		if (side === 'one') found[n++] = score
		else if (side === 'other') found[--end] = score
	})
	found.copyWithin(n, end)
	return { scores: found.subarray(0, n + found.length - end), split: n }
}

/** The same without a copy, for two labels. The scores and labels no longer match the rows afterwards. */
function partition(scores: Float64Array, labels: Codes, [one, other]: readonly [number, number]): Sides {
	let [front, at, end] = [0, 0, scores.length]
	const swap = (i: number, j: number) => {
		const [score, label] = [scores[i] as number, labels[i] as number]
		scores[i] = scores[j] as number
		labels[i] = labels[j] as number
		scores[j] = score
		labels[j] = label
	}
	while (at < end) {
		const label = labels[at]
		if ((label !== one && label !== other) || Number.isNaN(scores[at])) swap(at, --end)
		else if (label === one) swap(at++, front++)
		else at++
	}
	return { scores: scores.subarray(0, end), split: front }
}

/** The rows of either side at each distinct score, ascending. Sorts the scores in place. */
function countSides({ scores, split }: Sides): [Float64Array, Float64Array, Float64Array] {
	const n = scores.length
	const [one, other] = [scores.subarray(0, split).sort(), scores.subarray(split).sort()]
	const [ofOne, ofOther] = [new Float64Array(n), new Float64Array(n)]
	let [i, j, at] = [0, 0, 0]
	for (; i < one.length || j < other.length; at++) {
		const takesOne = j >= other.length || (i < one.length && (one[i] as number) <= (other[j] as number))
		const score = takesOne ? one[i] : other[j]
		const [fromOne, fromOther] = [i, j]
		while (i < one.length && one[i] === score) i++
		while (j < other.length && other[j] === score) j++
		ofOne[at] = i - fromOne
		ofOther[at] = j - fromOther
	}
	return [distinct(scores.sort()), ofOne.subarray(0, at), ofOther.subarray(0, at)]
}

/** Moves the distinct values of an ascending array to its beginning. */
function distinct(sorted: Float64Array): Float64Array {
	let n = 0
	for (let i = 0; i < sorted.length; i++)
		if (i === 0 || sorted[i] !== sorted[n - 1]) sorted[n++] = sorted[i] as number
	return sorted.subarray(0, n)
}

const countsOf = (sides: Sides): ScoreCounts => {
	const [scores, positives, negatives] = countSides(sides)
	return { scores, positives, negatives }
}

const scoreCounts = (
	scores: Float64Array,
	chosen: Chosen,
	sideOf: (row: number) => 'one' | 'other' | undefined,
): ScoreCounts => countsOf(gather(scores, chosen, sideOf))

/** The same for all rows, in the memory of their scores and labels. */
const scoreCountsInPlace = (
	scores: Float64Array,
	labels: Codes,
	sides: readonly [number, number],
): ScoreCounts => countsOf(partition(scores, labels, sides))

function scoreTable(
	scores: Float64Array,
	chosen: Chosen,
	sideOf: (row: number) => 'one' | 'other' | undefined,
): ScoreTable {
	const [distinctScores, selected, rejected] = countSides(gather(scores, chosen, sideOf))
	return { scores: distinctScores, selected, rejected }
}
