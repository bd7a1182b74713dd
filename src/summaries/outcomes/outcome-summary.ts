import { ExactSum } from '../inputs/exact-sum.ts'
import { GroupSummary } from './group-summary.ts'

/** Rows at one score: all of them, then those with each actual, in the order of `Tally.actuals`. */
export type ScoreCell = number[]

/** Cells by score. Rows without a score stand at NaN. */
export type ScoreCells = Map<number, ScoreCell>

/**
 * What a window's rows and their outcomes say, of which performance and fairness are computed: all of it adds, exactly
 * and in any order, so a late outcome is one more delta and nothing is read again. Deltas may be negative: a corrected
 * outcome takes back what the one before it had added.
 */
export type OutcomeSummary = {
	predictions: number
	/** Predictions with an outcome, those whose outcome can never be known, those whose outcome is no label of the task. */
	labelled: number
	never: number
	unusable: number
	/** Of the unusable ones, by text; past some texts the rest is not told apart. */
	unknown: Map<string, number>
	/** Outcomes that replaced one before them. */
	corrections: number
	/** Predictions whose class probabilities are not a distribution. */
	improper: number
	/** 0: every score stands for itself. Each level drops bits of the scores' mantissas, and half of the queries. */
	level: number
	actuals: string[]
	/** By decision; '' where there is none. */
	cells: Map<string, ScoreCells>
	/** Ranking: by query. */
	queries: Map<string, ScoreCells>
	/** Multiclass: by class, the cells of its probability: actual 0 is the class, 1 any other, `decidedAs` the decision. */
	classes: Map<string, ScoreCells>
	/** Regression: sums over labelled rows, in the order of `momentNames`; multiclass: in that of `brierNames`. */
	moments: ExactSum[]
	/** By attribute (or `A x B`), by value. */
	groups: Map<string, Map<string, GroupSummary>>
}

/** e = prediction - actual, y = actual; of rows with a score and a numeric outcome. `y2low`: what squares round away. */
export const momentNames = [
	'n', 'e', 'abs', 'e2', 'e4', 'e2y', 'e2y2', 'y', 'y2', 'y3', 'y4', 'ape', 'ape2', 'zeros', 'y2low', 'outside',
] as const // biome-ignore format: a list to be read at a glance

/** Multiclass: labelled rows with probabilities, the sum of their squared distances (Brier), and of its squares. */
export const brierNames = ['n', 'brier', 'brier2'] as const

/** Where a class's cells count the rows that were decided to be of it, whatever their outcome. */
export const decidedAs = 2

export const emptyOutcomeSummary = (): OutcomeSummary => ({
	predictions: 0,
	labelled: 0,
	never: 0,
	unusable: 0,
	unknown: new Map(),
	corrections: 0,
	improper: 0,
	level: 0,
	actuals: [],
	cells: new Map(),
	queries: new Map(),
	classes: new Map(),
	moments: [],
	groups: new Map(),
})

export function actualIndex(outcomeSummary: OutcomeSummary, text: string): number {
	const known = outcomeSummary.actuals.indexOf(text)
	return known === -1 ? outcomeSummary.actuals.push(text) - 1 : known
}

/** Adds `times` rows at a score: of actual `actual` (an index of `actuals`), or with -1 rows whatever their outcome. */
export function addCell(cells: ScoreCells, score: number, actual: number, times: number): void {
	let cell = cells.get(score)
	if (!cell) {
		cell = [0]
		cells.set(score, cell)
	}
	while (cell.length <= actual + 1) cell.push(0)
	cell[actual + 1] = (cell[actual + 1] as number) + times
}

export function cellsOf(map: Map<string, ScoreCells>, key: string): ScoreCells {
	let cells = map.get(key)
	if (!cells) {
		cells = new Map()
		map.set(key, cells)
	}
	return cells
}

export function groupOf(outcomeSummary: OutcomeSummary, attribute: string, value: string): GroupSummary {
	let values = outcomeSummary.groups.get(attribute)
	if (!values) {
		values = new Map()
		outcomeSummary.groups.set(attribute, values)
	}
	let group = values.get(value)
	if (!group) {
		group = new GroupSummary()
		values.set(value, group)
	}
	return group
}

export function momentOf(outcomeSummary: OutcomeSummary, at: number): ExactSum {
	let sum = outcomeSummary.moments[at]
	if (!sum) {
		while (outcomeSummary.moments.length <= at) outcomeSummary.moments.push(new ExactSum())
		sum = outcomeSummary.moments[at] as ExactSum
	}
	return sum
}

const maxUnknown = 20

/** Adds rows whose outcome is no label. */
export function addUnknown({ unknown }: OutcomeSummary, text: string, times: number): void {
	const rows = (unknown.get(text) ?? 0) + times
	if (rows === 0) unknown.delete(text)
	else if (unknown.has(text) || unknown.size < maxUnknown) unknown.set(text, rows)
}
