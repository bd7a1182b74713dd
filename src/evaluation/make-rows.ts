import { sideOf } from '../tally/label.ts'
import type { CodeColumn } from './code-column.ts'
import type { DataColumns } from './data-columns.ts'
import { groupingOf } from './groupings.ts'
import type { Request } from './request.ts'
import { badLabel, type Codes, codesFor, firstLabel, type Rows, unlabelled } from './rows.ts'

/** Typed columns of one length from what was read; what people should know goes into the notes. */
export function makeRows(request: Request, columns: DataColumns, count: number): Rows {
	const notes: string[] = []
	const { task } = request
	const classes = task === 'binary' ? ['+', '-'] : task === 'multiclass' ? classesOf(columns) : ['']
	const scores = columns.score ? filled(columns.score.numbers.values(), count) : absent(count)
	const probabilities = probabilitiesOf(columns)
	const labelled = labelsOf(request, columns, { count, classes })
	const rows: Rows = {
		task,
		count,
		classes,
		...labelled,
		decisions: decisionsOf(request, columns, { count, classes, scores, probabilities }),
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

/** Every text that is a decision, an outcome, or has a probability, sorted. */
function classesOf({ labels, prediction, probabilities, classScores }: DataColumns): string[] {
	const names = [
		...(labels?.values ?? []),
		...(prediction?.values ?? []),
		...(probabilities?.classes.keys() ?? []),
		...classScores.map((c) => c.name),
	]
	return [...new Set(names)].sort()
}

function probabilitiesOf({ probabilities, classScores }: DataColumns): Map<string, Float64Array> {
	const apart = classScores.map(({ name, column }) => [name, column.numbers.values()] as const)
	return new Map([...(probabilities?.columns() ?? []), ...apart])
}

type Made = { count: number; classes: readonly string[] }

function labelsOf(
	request: Request,
	{ labels, values }: DataColumns,
	{ count, classes }: Made,
): Pick<Rows, 'labels' | 'values'> {
	if (labels) return { labels: codesOf(request, labels, { count, classes }, badLabel), values: absent(0) }
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

/** The column's cells as classes. `other` stands for a text that is none. */
function codesOf(request: Request, column: CodeColumn, { count, classes }: Made, other: number): Codes {
	const index = new Map(classes.map((name, i) => [name, firstLabel + i]))
	const codeOf = (text: string) => {
		const name = request.task === 'binary' ? sideOf(text, request.positive) : text
		return (name !== undefined && index.get(name)) || other
	}
	const table = [unlabelled, other, ...column.values.map(codeOf)]
	const from = column.codes.values()
	const codes = codesFor(count, firstLabel + classes.length)
	for (let row = 0; row < from.length; row++) codes[row] = table[from[row] as number] as number
	return codes
}

type Scored = Made & { scores: Float64Array; probabilities: Map<string, Float64Array> }

/** Decisions as sent; where there is none, of the score and the threshold, or the likeliest class. */
function decisionsOf(request: Request, { prediction }: DataColumns, made: Scored): Codes {
	const { count, classes } = made
	if (request.task === 'regression' || request.task === 'ranking') return new Uint8Array(count)
	const codes: Codes = prediction
		? codesOf(request, prediction, made, badLabel)
		: codesFor(count, firstLabel + classes.length)
	const guess = request.task === 'binary' ? byThreshold(made.scores, request.threshold) : likeliest(made)
	for (let row = 0; row < count; row++) {
		if (codes[row] === unlabelled) codes[row] = guess(row)
		else if (codes[row] === badLabel) codes[row] = unlabelled
	}
	return codes
}

const byThreshold = (scores: Float64Array, threshold: number) => (row: number) => {
	const score = scores[row] as number
	return Number.isNaN(score) ? unlabelled : score >= threshold ? firstLabel : firstLabel + 1
}

function likeliest({ classes, probabilities }: Scored): (row: number) => number {
	const columns = [...probabilities].map(([name, p]) => ({ code: firstLabel + classes.indexOf(name), p }))
	return (row) => {
		let [best, most] = [unlabelled, Number.NaN]
		for (const { code, p } of columns) {
			const own = p[row] as number
			if (Number.isNaN(own) || own <= most) continue
			best = code
			most = own
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
				`${column.unreadable} cells of "${name}" are ${column === probabilities ? 'not JSON objects of class to probability' : 'no numbers'} (such as ${JSON.stringify(column.example)}) and count as missing${cureOf(column.example)}.`,
			)
}

const decimalComma = /^[-+]?\d{1,3}([., ']\d{3})*,?\d*$/

/** What to write instead of a cell that many tools write. */
function cureOf(example = ''): string {
	if (/^\{\s*'/.test(example)) return ': that is a Python dict, write it with json.dumps'
	return decimalComma.test(example) ? ': write numbers with a point and without thousands separators' : ''
}

/** Says so when no outcome is a label of the task: most likely its positive value has another name. */
function noteLabels(request: Request, { labels, values }: DataColumns, rows: Rows): void {
	let bad = 0
	for (let row = 0; row < rows.count; row++) if (rows.labels[row] === badLabel) bad++
	if (bad === 0) return
	const seen = labels
		? labels.values.slice(0, 5).map((v) => JSON.stringify(v))
		: [JSON.stringify(values?.example)]
	const what = `${bad} outcomes in "${request.actual}" are no label of a ${request.task} task (there are ${seen.join(', ')})`
	const hint = request.task === 'binary' ? '; name the positive one with --positive' : ''
	rows.notes.push(`${what}${hint}.`)
}
