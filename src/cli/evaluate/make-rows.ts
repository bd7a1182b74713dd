import { AppError } from '../../core/errors.ts'
import type { Favourable } from '../../stats/fairness/group-counts.ts'
import {
	isSameLabel,
	isUnknownText,
	type Labels,
	negativeAmong,
	negativeSeen,
	positive,
	sideOf,
} from '../../summaries/outcomes/label.ts'
import { type CodeColumn, firstCode } from './code-column.ts'
import type { DataColumns } from './data-columns.ts'
import { groupingOf } from './groupings.ts'
import type { Request } from './options.ts'
import { badLabel, type Codes, codesFor, firstLabel, type Rows, unlabelled } from './rows.ts'

/** Typed columns of one length from the columns of a table; remarks for people go into the notes. */
export function makeRows(request: Request, columns: DataColumns, count: number): Rows {
	const notes: string[] = []
	const { task } = request
	const isBinary = task === 'binary'
	if (task === 'multiclass') checkClasses(request, columns)
	const names = isBinary ? labelNames(request, columns) : {}
	const classes = isBinary ? ['+', '-'] : task === 'multiclass' ? classesOf(request, columns) : ['']
	const scores = columns.score ? filled(columns.score.numbers.values(), count) : absent(count)
	const probabilities = probabilitiesOf(columns)
	const made = { count, classes, names }
	const rows: Rows = {
		task,
		count,
		classes,
		labelNames: names,
		favourable: isBinary
			? favourableSide(request, columns, names)
			: request.favourable === undefined
				? undefined
				: 'positive',
		...labelsOf(request, columns, made),
		decisions: decisionsOf(request, columns, { ...made, scores, probabilities }, notes),
		scores,
		probabilities,
		queries: columns.query?.named().codes,
		groups: new Map(
			[...columns.groups].map(([name, column]) => [name, groupingOf(name, column, { bands: true, notes })]),
		),
		facets: new Map(
			[...columns.facets].map(([name, column]) => [name, groupingOf(name, column, { bands: false, notes })]),
		),
		notes,
	}
	noteUnreadable(request, columns, notes)
	noteLabels(request, columns, rows)
	return rows
}

const absent = (count: number) => new Float64Array(count).fill(Number.NaN)
const filled = (values: Float64Array, count: number) => (values.length === count ? values : absent(count))

/** The classes with a probability and those of decisions, sorted; without probabilities, those of outcomes too. */
function classesOf(request: Request, columns: DataColumns): string[] {
	const { labels, prediction, probabilities, classScores } = columns
	const scored = [...(probabilities?.classes.keys() ?? []), ...classScores.map((c) => c.name)]
	const names = [
		...scored,
		...(prediction?.values ?? []).map((text) => decisionText(request, prediction, text)),
		...(scored.length > 0 ? [] : (labels?.values ?? []).filter((text) => !isUnknownText(text))),
	]
	return [...new Set(names)].filter((name) => name.trim() !== '').sort()
}

function probabilitiesOf({ probabilities, classScores }: DataColumns): Map<string, Float64Array> {
	const apart = classScores.map(({ name, column }) => [name, column.numbers.values()] as const)
	return new Map([...(probabilities?.columns() ?? []), ...apart])
}

type Made = { count: number; classes: readonly string[]; names: Labels }

function labelsOf(
	request: Request,
	{ labels, values }: DataColumns,
	made: Made,
): Pick<Rows, 'labels' | 'values'> {
	const { count } = made
	if (labels) {
		const codes = labels.values.map((text) => classCode(request, text, made))
		return { labels: codesOf(labels, codes, made), values: absent(0) }
	}
	const numbers = values ? filled(values.numbers.values(), count) : absent(count)
	const isRanking = request.task === 'ranking'
	const codes = new Uint8Array(count)
	for (let row = 0; row < count; row++) {
		const value = numbers[row] as number
		const isUsable = Number.isFinite(value) && !(isRanking && value < 0)
		codes[row] = Number.isNaN(value) ? unlabelled : isUsable ? firstLabel : badLabel
	}
	return { labels: codes, values: numbers }
}

/** The code of a text's class, or undefined. */
function classCode({ task }: Request, text: string, { classes, names }: Made): number | undefined {
	const at = classes.indexOf((task === 'binary' ? sideOf(text, names) : text) ?? '')
	return at === -1 ? undefined : firstLabel + at
}

/** The column's cells as classes, by the codes of its texts. */
function codesOf(
	column: CodeColumn,
	codes: readonly (number | undefined)[],
	{ count, classes }: Made,
): Codes {
	const table = [unlabelled, badLabel, ...codes.map((code) => code ?? badLabel)]
	const from = column.codes.values()
	const all = codesFor(count, firstLabel + classes.length)
	for (let row = 0; row < from.length; row++) all[row] = table[from[row] as number] as number
	return all
}

type Scored = Made & { scores: Float64Array; probabilities: Map<string, Float64Array> }

/** Decisions from the column; where missing, by the score and the threshold, or the likeliest class. */
function decisionsOf(request: Request, { prediction }: DataColumns, made: Scored, notes: string[]): Codes {
	const { count, classes } = made
	if (request.task === 'regression' || request.task === 'ranking') return new Uint8Array(count)
	const codes = prediction
		? sentDecisions(request, prediction, made, notes)
		: codesFor(count, firstLabel + classes.length)
	const guess = request.task === 'binary' ? byThreshold(made.scores, request.threshold) : likeliest(made)
	for (let row = 0; row < count; row++) {
		if (codes[row] === unlabelled) codes[row] = guess(row)
		else if (codes[row] === badLabel) codes[row] = unlabelled
	}
	return codes
}

function sentDecisions(request: Request, column: CodeColumn, made: Made, notes: string[]): Codes {
	const codes = column.values.map((text) => classCode(request, decisionText(request, column, text), made))
	if (request.task === 'binary') checkDecisions(request, column, codes)
	const unknown = textCounts(column).filter(([text]) => codes[column.values.indexOf(text)] === undefined)
	if (unknown.length > 0)
		notes.push(
			`${rowsIn(unknown)} decisions in "${request.prediction}" are not labels of the task and count as missing (such as ${quoted(unknown.map(([text]) => text))}).`,
		)
	return codesOf(column, codes, made)
}

const rowsIn = (counts: readonly (readonly [string, number])[]) => counts.reduce((sum, [, n]) => sum + n, 0)

const byThreshold = (scores: Float64Array, threshold: number) => (row: number) => {
	const score = scores[row] as number
	return Number.isNaN(score) ? unlabelled : score >= threshold ? firstLabel : firstLabel + 1
}

function likeliest({ classes, probabilities }: Scored): (row: number) => number {
	const columns = [...probabilities].map(([name, p]) => ({ code: firstLabel + classes.indexOf(name), p }))
	return (row) => {
		let [best, max] = [unlabelled, Number.NaN]
		for (const { code, p } of columns) {
			const own = p[row] as number
			if (Number.isNaN(own) || own <= max) continue
			best = code
			max = own
		}
		return best
	}
}

function noteUnreadable(request: Request, columns: DataColumns, notes: string[]): void {
	const { score, probabilities, classScores } = columns
	const all = [
		[request.score, score ?? probabilities],
		...classScores.map(({ column }, i) => [request.classScores[i]?.column, column]),
	] as [string, { unreadable: number; example: string | undefined } | undefined][]
	for (const [name, column] of all)
		if (column && column.unreadable > 0)
			notes.push(
				`${column.unreadable} cells of "${name}" are ${column === probabilities ? 'not JSON objects of class to probability' : 'not numbers'} (such as ${JSON.stringify(column.example)}) and count as missing${cureOf(column.example)}.`,
			)
}

const decimalComma = /^[-+]?\d{1,3}([., ']\d{3})*,?\d*$/

/** The fix for unreadable cells that many tools write. */
function cureOf(example = ''): string {
	if (/^\{\s*'/.test(example)) return ': that is a Python dict, write it with json.dumps'
	return decimalComma.test(example) ? ': write numbers with a point and without thousands separators' : ''
}

/** Notes the outcomes that are not labels: they count as unknown, never as negative. */
function noteLabels(request: Request, { labels, values }: DataColumns, rows: Rows): void {
	const counts = [0, 0, 0]
	for (let row = 0; row < rows.count; row++) {
		const code = Math.min(rows.labels[row] as number, firstLabel)
		counts[code] = (counts[code] as number) + 1
	}
	const [, bad = 0, known = 0] = counts
	const { positiveLabel, negativeLabel } = rows.labelNames
	if (bad > 0) {
		const isLabel = (text: string) =>
			classCode(request, text, { ...rows, names: rows.labelNames }) !== undefined
		const texts = textCounts(labels).map(([text]) => text)
		const seen = labels ? quoted(texts.filter((text) => !isLabel(text))) : JSON.stringify(values?.example)
		const hint =
			request.task !== 'binary'
				? ''
				: positiveLabel === undefined
					? '; name the positive one with --positive'
					: request.negative === undefined
						? `; ${negativeLabel ? `the negative label is ${JSON.stringify(negativeLabel)}` : 'there is no negative label'}, name another with --negative`
						: ''
		rows.notes.push(
			`${bad} outcomes in "${request.actual}" are not labels of a ${request.task} task and count as unknown (such as ${seen})${hint}.`,
		)
	}
	const isPositive = rows.task === 'binary' && rows.labels.includes(firstLabel)
	if (rows.task === 'binary' && known > 0 && !isPositive && positiveLabel !== undefined)
		rows.notes.push(
			`No outcome in "${request.actual}" is the positive label ${JSON.stringify(positiveLabel)} (the labels are ${quoted(labels?.values ?? [])}).`,
		)
}

const shownTexts = 5

/** The distinct texts of a column with their numbers of rows, the most frequent first. */
function textCounts(column: CodeColumn | undefined): [text: string, rows: number][] {
	if (!column) return []
	const counts = column.values.map((text): [string, number] => [text, 0])
	for (const code of column.codes.values())
		if (code >= firstCode) (counts[code - firstCode] as [string, number])[1]++
	return counts.sort((a, b) => b[1] - a[1])
}

const quoted = (texts: readonly string[]): string =>
	texts
		.slice(0, shownTexts)
		.map((text) => JSON.stringify(text))
		.join(', ') + (texts.length > shownTexts ? ` and ${texts.length - shownTexts} more` : '')

/**
 * The names of the two labels of a binary task. The default negative label is the usual opposite of the positive one; if the
 * positive one is named, it is the most frequent other outcome, or without outcomes the most frequent other decision.
 */
function labelNames(request: Request, { labels, prediction }: DataColumns): Labels {
	const { positive: positiveLabel, negative } = request
	if (negative !== undefined) return { positiveLabel, negativeLabel: negative }
	const decisions = textCounts(prediction).map(([text, n]): [string, number] => [
		decisionText(request, prediction, text),
		n,
	])
	// It is unknown which of labels such as 1 and 2 is positive.
	const among = positiveLabel === undefined ? negativeSeen : negativeAmong
	const negativeLabel = among(textCounts(labels), positiveLabel) ?? among(decisions, positiveLabel)
	return { positiveLabel, negativeLabel }
}

/** A decision as a label of outcomes, by `--decision-map`. A pair may be in either order. */
function decisionText({ decisionMap }: Request, column: CodeColumn | undefined, text: string): string {
	const isDecision = (value: string) => column?.values.some((v) => isSameLabel(v, value)) === true
	for (const [a, b] of decisionMap ?? []) {
		if (isSameLabel(a, text)) return b
		if (isSameLabel(b, text) && !isDecision(a)) return a
	}
	return text
}

/**
 * Refuses decisions in other words than outcomes: when none is a label, or when only one label is left among the decisions.
 * Metrics of the rest would be perfect or empty.
 */
function checkDecisions(request: Request, column: CodeColumn, sides: readonly unknown[]): void {
	const unknown = textCounts(column)
		.map(([text]) => text)
		.filter((text) => sides[column.values.indexOf(text)] === undefined && !isUnknownText(text))
	const known = new Set(sides.filter((side) => side !== undefined))
	if (unknown.length === 0 || known.size > 1) return
	const positiveLabel = JSON.stringify(request.positive ?? '1')
	throw new AppError(
		'invalid',
		known.size === 0
			? `No decision in "${request.prediction}" is the positive label ${positiveLabel} or the negative one (the decisions are ${quoted(unknown)}). ${mapping}`
			: `Only the decisions of one side in "${request.prediction}" are labels of the outcomes; ${quoted(unknown)} are neither the positive label ${positiveLabel} nor the negative one. ${mapping}`,
	)
}

/** The same for a multiclass task: no decision is an outcome or has a probability. */
function checkClasses(request: Request, columns: DataColumns): void {
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

/** The side of a binary task that is good for the person, from `--favourable`. */
function favourableSide(
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
		`--favourable ${request.favourable} is not a label of "${name}"${texts.length > 0 ? ` (the labels are ${quoted(texts)})` : ''}: name the decision that is good for the person.`,
	)
}
