import { AppError } from '../core/errors.ts'
import type { Favourable } from '../stats/fairness/group-counts.ts'
import { type Labels, negativeAmong, negativeSeen, positive, sideOf } from '../tally/label.ts'
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
	const isDecision = (value: string) => column?.values.includes(value) === true
	for (const [a, b] of decisionMap ?? [])
		if (a === text || (b === text && !isDecision(a))) return a === text ? b : a
	return text
}

/** Refuses decisions that are spelt in words of which none is a label: metrics of them would mean nothing. */
export function checkDecisions(request: Request, column: CodeColumn, sides: readonly unknown[]): void {
	const texts = textCounts(column).map(([text]) => text)
	if (texts.length === 0 || sides.some((side) => side !== undefined)) return
	throw new AppError(
		'invalid',
		`No decision in "${request.prediction}" is the positive label ${JSON.stringify(request.positive ?? '1')} or the negative one (there are ${quoted(texts)}). Say what they mean with --decision-map DECISION=LABEL,DECISION=LABEL.`,
	)
}

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
