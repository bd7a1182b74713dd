import { type Actual, negative, positive, type Task } from './label.ts'
import {
	actualIndex,
	addToBins,
	addUnknown,
	binsOf,
	brierNames,
	decidedAs,
	type GroupSummary,
	groupOf,
	isSampled,
	momentNames,
	momentOf,
	type OutcomeSummary,
	scoreAt,
} from './outcome-summary.ts'

/** The parts of a prediction that an outcome summary counts. */
export type Predicted = {
	/** NaN when there is none. */
	score: number
	/** `+` or `-` for binary models, the class for multiclass ones; '' when there is none. */
	decision: string
	/** Ranking: the query of the row. */
	query: string
	/** Multiclass: class and probability. */
	probabilities: readonly (readonly [string, number])[]
	/** Attribute and value, including pairs such as `A x B` and `a x b`. */
	groups: readonly (readonly [string, string])[]
}

/** The outcome of a prediction. `actual` is undefined when its `text` is not a label of the task. */
export type Outcome = { observed: false } | { observed: true; actual: Actual | undefined; text?: string }

export type Sign = 1 | -1

/** Counts a prediction, or takes it back. */
export function addPrediction(
	outcomeSummary: OutcomeSummary,
	task: Task,
	row: Predicted,
	sign: Sign = 1,
): void {
	outcomeSummary.predictions += sign
	if (task === 'ranking') addRanked(outcomeSummary, row, -1, sign)
	else
		addToBins(binsOf(outcomeSummary.bins, row.decision), scoreAt(outcomeSummary.level, row.score), -1, sign)
	for (const [name, p] of row.probabilities) {
		const bins = binsOf(outcomeSummary.classes, name)
		addToBins(bins, scoreAt(outcomeSummary.level, p), -1, sign)
		if (name === row.decision) addToBins(bins, scoreAt(outcomeSummary.level, p), decidedAs, sign)
	}
	if (row.probabilities.length > 0 && !isDistribution(row.probabilities)) outcomeSummary.improper += sign
	for (const [attribute, value] of row.groups)
		addToGroup(groupOf(outcomeSummary, attribute, value), row, sign)
}

const isDistribution = (probabilities: Predicted['probabilities']): boolean =>
	probabilities.every(([, p]) => p >= 0 && p <= 1) &&
	Math.abs(probabilities.reduce((sum, [, p]) => sum + p, 0) - 1) <= 1e-3

/** Adds an outcome to its prediction's window, or subtracts it. */
export function addOutcome(
	outcomeSummary: OutcomeSummary,
	task: Task,
	row: Predicted,
	outcome: Outcome,
	sign: Sign,
): void {
	if (!outcome.observed) {
		outcomeSummary.never += sign
		return
	}
	const { actual } = outcome
	if (!actual) {
		outcomeSummary.unusable += sign
		if (outcome.text !== undefined) addUnknown(outcomeSummary, outcome.text, sign)
		return
	}
	outcomeSummary.labelled += sign
	const index = actualIndex(outcomeSummary, actual.text)
	if (task === 'ranking') addRanked(outcomeSummary, row, index, sign)
	else
		addToBins(
			binsOf(outcomeSummary.bins, row.decision),
			scoreAt(outcomeSummary.level, row.score),
			index,
			sign,
		)
	for (const [name, p] of row.probabilities)
		addToBins(
			binsOf(outcomeSummary.classes, name),
			scoreAt(outcomeSummary.level, p),
			name === actual.text ? 0 : 1,
			sign,
		)
	if (task === 'multiclass') addBrier(outcomeSummary, row.probabilities, actual.text, sign)
	if (task === 'regression') addMoments(outcomeSummary, row.score, actual.value, sign)
	for (const [attribute, value] of row.groups)
		addOutcomeToGroup(groupOf(outcomeSummary, attribute, value), row, actual, sign)
}

/** Moves a prediction from one value of an attribute to another, with its outcome. */
export function moveGroup(
	outcomeSummary: OutcomeSummary,
	row: Predicted,
	outcome: Outcome | undefined,
	from: readonly (readonly [string, string])[],
	to: readonly (readonly [string, string])[],
): void {
	const move = (groups: readonly (readonly [string, string])[], sign: Sign) => {
		for (const [attribute, value] of groups) {
			const group = groupOf(outcomeSummary, attribute, value)
			addToGroup(group, row, sign)
			if (outcome?.observed && outcome.actual) addOutcomeToGroup(group, row, outcome.actual, sign)
		}
	}
	move(from, -1)
	move(to, 1)
}

function addRanked(outcomeSummary: OutcomeSummary, row: Predicted, actual: number, times: number): void {
	if (isSampled(outcomeSummary.level, row.query))
		addToBins(binsOf(outcomeSummary.queries, row.query), row.score, actual, times)
}

/** The fourth power of a larger number overflows, and that of a smaller one underflows. */
export const largest = 1e75
const smallest = 1e-75

function addToGroup(group: GroupSummary, { score, decision }: Predicted, times: Sign): void {
	group.add('n', times)
	if (decision !== '') group.add('decided', times)
	if (decision === positive) group.add('selected', times)
	if (Math.abs(score) <= largest) group.addScore(score, times)
}

function addOutcomeToGroup(
	group: GroupSummary,
	{ score, decision }: Predicted,
	{ text }: Actual,
	times: Sign,
): void {
	group.add('labelled', times)
	const isPositive = text === positive
	if (isPositive) group.add('positives', times)
	if (decision === positive) group.add(isPositive ? 'tp' : 'fp', times)
	if (decision === negative) group.add(isPositive ? 'fn' : 'tn', times)
	if (score >= 0 && score <= 1) group.addToBin(score, isPositive, times)
}

/** Adds the errors of a labelled row of a regression; nothing without a prediction. */
export function addMoments(outcomeSummary: OutcomeSummary, predicted: number, y: number, sign: Sign): void {
	if (!Number.isFinite(predicted)) return
	const e = predicted - y
	if (!isPowered(predicted) || !isPowered(y) || !isPowered(e)) {
		momentOf(outcomeSummary, momentNames.indexOf('outside')).add(sign)
		return
	}
	const share = y === 0 ? 0 : Math.abs(e / y)
	const values: Record<(typeof momentNames)[number], number> = {
		n: 1, e, abs: Math.abs(e), e2: e * e, e4: e ** 4, e2y: e * e * y, e2y2: e * e * y * y,
		y, y2: y * y, y3: y ** 3, y4: y ** 4, ape: share, ape2: share * share, zeros: y === 0 ? 1 : 0,
		y2low: lowOfSquare(y), outside: 0,
	} // biome-ignore format: a table to be read at a glance
	momentNames.forEach((name, i) => {
		const value = values[name]
		if (Number.isFinite(value)) momentOf(outcomeSummary, i).add(value * sign)
	})
}

/** Adds the squared distance of a row's probabilities from its outcome; nothing without probabilities. */
export function addBrier(
	outcomeSummary: OutcomeSummary,
	probabilities: Predicted['probabilities'],
	actual: string,
	sign: Sign,
): void {
	if (probabilities.length === 0) return
	const brier = probabilities.reduce((sum, [name, p]) => sum + (p - (name === actual ? 1 : 0)) ** 2, 0)
	const values = { n: 1, brier, brier2: brier * brier }
	if (!Number.isFinite(values.brier2)) return
	brierNames.forEach((name, i) => {
		momentOf(outcomeSummary, i).add(values[name] * sign)
	})
}

const isPowered = (x: number): boolean => x === 0 || (Math.abs(x) <= largest && Math.abs(x) >= smallest)

/** The exact rounding error of y * y (Dekker 1971): without it, a spread far below the mean would be lost. */
function lowOfSquare(y: number): number {
	const split = 134_217_729 * y
	const high = split - (split - y)
	const low = y - high
	return low * low - (y * y - high * high - 2 * high * low)
}
