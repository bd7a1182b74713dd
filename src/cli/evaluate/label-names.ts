import { AppError } from '../../core/errors.ts'
import type { Favourable } from '../../stats/fairness/group-counts.ts'
import {
	isSameLabel,
	type Labels,
	negativeAmong,
	negativeSeen,
	positive,
	saysUnknown,
	sideOf,
} from '../../summaries/outcomes/label.ts'
import { type CodeColumn, firstCode } from './code-column.ts'
import type { DataColumns } from './data-columns.ts'
import type { Request } from './request.ts'

const shownTexts = 5

/** The distinct texts of a column with their rows, the commonest first. */
export function textCounts(column: CodeColumn | undefined): [text: string, rows: number][] {
	if (!column) return []
	const counts = column.values.map((text): [string, number] => [text, 0])
	for (const code of column.codes.values())
		if (code >= firstCode) (counts[code - firstCode] as [string, number])[1]++
	return counts.sort((a, b) => b[1] - a[1])
}

export const quoted = (texts: readonly string[]): string =>
	texts
		.slice(0, shownTexts)
		.map((text) => JSON.stringify(text))
		.join(', ') + (texts.length > shownTexts ? ` and ${texts.length - shownTexts} more` : '')

/**
 * What the two labels of a binary task are called. A negative label that is not named is the usual opposite of the positive
 * one, or where the positive one is named the commonest other outcome; without outcomes, the commonest other decision.
 */
export function labelNames(request: Request, { labels, prediction }: DataColumns): Labels {
	const { positive: positiveLabel, negative } = request
	if (negative !== undefined) return { positiveLabel, negativeLabel: negative }
	const decisions = textCounts(prediction).map(([text, n]): [string, number] => [
		decisionText(request, prediction, text),
		n,
	])
	// Of labels such as 1 and 2 nobody can tell which is positive.
	const among = positiveLabel === undefined ? negativeSeen : negativeAmong
	const negativeLabel = among(textCounts(labels), positiveLabel) ?? among(decisions, positiveLabel)
	return { positiveLabel, negativeLabel }
}

/** A decision in the words of outcomes, by `--decision-map`. A pair is read from the side that is a decision. */
export function decisionText({ decisionMap }: Request, column: CodeColumn | undefined, text: string): string {
	const isDecision = (value: string) => column?.values.some((v) => isSameLabel(v, value)) === true
	for (const [a, b] of decisionMap ?? []) {
		if (isSameLabel(a, text)) return b
		if (isSameLabel(b, text) && !isDecision(a)) return a
	}
	return text
}

/**
 * Refuses decisions that are spelt in other words than outcomes: none is a label, or those that are none leave only one
 * label among the decisions. Metrics of the rest would be perfect or empty.
 */
export function checkDecisions(request: Request, column: CodeColumn, sides: readonly unknown[]): void {
	const unknown = textCounts(column)
		.map(([text]) => text)
		.filter((text) => sides[column.values.indexOf(text)] === undefined && !saysUnknown(text))
	const known = new Set(sides.filter((side) => side !== undefined))
	if (unknown.length === 0 || known.size > 1) return
	const positiveLabel = JSON.stringify(request.positive ?? '1')
	throw new AppError(
		'invalid',
		known.size === 0
			? `No decision in "${request.prediction}" is the positive label ${positiveLabel} or the negative one (there are ${quoted(unknown)}). ${mapping}`
			: `Of the decisions in "${request.prediction}" only those of one side are labels of the outcomes; ${quoted(unknown)} are neither the positive label ${positiveLabel} nor the negative one. ${mapping}`,
	)
}

/** The same of a multiclass task: decisions of which none is an outcome or has a probability. */
export function checkClasses(request: Request, columns: DataColumns): void {
	const { prediction, labels, probabilities, classScores } = columns
	const known = new Set([
		...(labels?.values ?? []),
		...(probabilities?.classes.keys() ?? []),
		...classScores.map(({ name }) => name),
	])
	const texts = textCounts(prediction).map(([text]) => text)
	if (known.size === 0 || texts.length === 0) return
	if (texts.some((text) => known.has(decisionText(request, prediction, text)))) return
	throw new AppError(
		'invalid',
		`No decision in "${request.prediction}" is a class of the outcomes (decisions are ${quoted(texts)}, outcomes ${quoted([...known])}). ${mapping}`,
	)
}

const mapping = 'Say what they mean with --decision-map DECISION=LABEL,DECISION=LABEL.'

/** Which side of a binary task is good for the person, by a value of its decisions or outcomes. */
export function favourableSide(
	request: Request,
	{ prediction, labels }: DataColumns,
	names: Labels,
): Favourable | undefined {
	if (request.favourable === undefined) return undefined
	const side = sideOf(decisionText(request, prediction, request.favourable), names)
	if (side !== undefined) return side === positive ? 'positive' : 'negative'
	const [column, name] = prediction ? [prediction, request.prediction] : [labels, request.actual]
	const texts = textCounts(column).map(([text]) => text)
	throw new AppError(
		'invalid',
		`--favourable ${request.favourable} is no label of "${name}"${texts.length > 0 ? ` (there are ${quoted(texts)})` : ''}: name the decision that is good for the person.`,
	)
}
