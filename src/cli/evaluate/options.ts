import { nearest } from '../../core/nearest.ts'
import { positive as positiveSide, sideOf, type Task } from '../../summaries/outcomes/label.ts'
import { listOption, type Parsed, requireOption, textOption, UsageError } from '../command.ts'

/** One group of an attribute, for Clarify's metrics. */
export type Facet = { column: string; value: string }

/** What to evaluate. Columns by their names in the table. */
export type Request = {
	task: Task
	actual: string
	/** The score, or a column of `{ class: probability }`. For regression the predicted value. */
	score: string | undefined
	/** Multiclass: the column of each class's probability. */
	classScores: readonly { name: string; column: string }[]
	prediction: string | undefined
	threshold: number
	/** As a model's `positiveLabel` and `negativeLabel`. */
	positive: string | undefined
	negative?: string | undefined
	/** Decisions and their labels. */
	decisionMap?: readonly (readonly [string, string])[] | undefined
	/** The decision that is good for the person, or the outcome when there are no decisions. */
	favourable?: string | undefined
	groups: readonly string[]
	facets: readonly Facet[]
	minGroup: number
	query: string | undefined
}

/** The positive class of decisions and outcomes of groups; '' for tasks without rates. */
export const comparedClass = ({ task, positive, favourable }: Request): string =>
	task === 'binary' ? '+' : task === 'multiclass' ? (positive ?? favourable ?? '') : ''

const tasks: readonly Task[] = ['binary', 'multiclass', 'regression', 'ranking']
const likes = ['plumbline', 'nannyml'] as const

export type EvaluateOptions = {
	data: string
	reference: string | undefined
	like: (typeof likes)[number]
	html: string | undefined
	request: Request
}

/** Whether options name a column and a value that may contain `=`. */
export const isAmbiguous = (args: Parsed): boolean =>
	[...listOption(args, 'score'), ...listOption(args, 'facet')].some((text) => text.split('=').length > 2)

/** The options as one request. `columns`: those of the file, if known. */
export function evaluateOptions(args: Parsed, columns: readonly string[] = []): EvaluateOptions {
	if (args.positionals.length > 0)
		throw new UsageError(
			`${JSON.stringify(args.positionals[0])} is not an option: name the file with --data.`,
		)
	const task = oneOf('--task', requireOption(args, 'task'), tasks)
	const like = oneOf('--like', textOption(args, 'like') ?? 'plumbline', likes)
	const reference = textOption(args, 'reference')
	if (like === 'nannyml' && reference === undefined)
		throw new UsageError('--like nannyml estimates from a reference: name its file with --reference.')
	const request: Request = {
		task,
		actual: requireOption(args, 'actual'),
		...scoreOptions(task, listOption(args, 'score'), textOption(args, 'prediction'), columns),
		threshold: numberOption(args, 'threshold', 0.5),
		positive: textOption(args, 'positive'),
		negative: textOption(args, 'negative'),
		decisionMap: listOption(args, 'decision-map').flatMap((text) => text.split(',').map(pairOf)),
		favourable: textOption(args, 'favourable'),
		groups: [...new Set(listOption(args, 'group'))],
		facets: listOption(args, 'facet').map((text) => facetOf(text, columns)),
		minGroup: numberOption(args, 'min-group', 30),
		query: textOption(args, 'query'),
	}
	if (task === 'ranking' && request.query === undefined)
		throw new UsageError('A ranking needs --query, the column that says which rows belong together.')
	checkLabels(request)
	if (!(request.minGroup >= 1)) throw new UsageError('--min-group must be at least 1.')
	return { data: requireOption(args, 'data'), reference, like, html: textOption(args, 'html'), request }
}

function pairOf(text: string): [string, string] {
	const at = text.lastIndexOf('=')
	if (at < 1 || at === text.length - 1)
		throw new UsageError(`--decision-map ${text}: write DECISION=LABEL, such as 1=bad,0=good.`)
	return [text.slice(0, at), text.slice(at + 1)]
}

/** Refuses options about labels that the task cannot use, or that contradict each other. */
function checkLabels({ task, positive, negative, favourable, prediction, decisionMap = [] }: Request): void {
	const isNumeric = task === 'regression' || task === 'ranking'
	if (isNumeric && favourable !== undefined)
		throw new UsageError(`--favourable is for decisions; a ${task} has none.`)
	if (negative !== undefined && task !== 'binary') throw new UsageError('--negative is for --task binary.')
	if (negative !== undefined && sideOf(negative, { positiveLabel: positive }) === positiveSide)
		throw new UsageError('--negative and --positive name the same label.')
	if (decisionMap.length > 0 && prediction === undefined)
		throw new UsageError('--decision-map needs --prediction, the column of decisions.')
	if (task === 'multiclass' && favourable !== undefined && positive !== undefined && favourable !== positive)
		throw new UsageError('Groups are compared by one class: --favourable and --positive name two.')
}

/** For a regression or ranking the prediction is the score. `class=column` is the probability of one class. */
function scoreOptions(
	task: Task,
	scores: readonly string[],
	prediction: string | undefined,
	columns: readonly string[],
): Pick<Request, 'score' | 'classScores' | 'prediction'> {
	const isPair = (s: string) => s.includes('=') && !columns.includes(s)
	const classScores = scores.filter(isPair).map((s) => classScoreOf(s, columns))
	const plain = scores.filter((s) => !isPair(s))
	if (plain.length > 1 || (plain.length === 1 && classScores.length > 0))
		throw new UsageError('--score names one column, or CLASS=COLUMN once for each class.')
	if (classScores.length > 0 && task !== 'multiclass')
		throw new UsageError('--score CLASS=COLUMN is for --task multiclass; name one column.')
	const isNumeric = task === 'regression' || task === 'ranking'
	const score = plain[0] ?? (isNumeric ? prediction : undefined)
	if (score === undefined && classScores.length === 0 && prediction === undefined)
		throw new UsageError(
			isNumeric
				? '--score is required: the column of predictions.'
				: 'Name the column of scores with --score, or of decisions with --prediction.',
		)
	return { score, classScores, prediction: isNumeric ? undefined : prediction }
}

/** Where to split a text: at the first `=` with a column of the file beside it, else at the first one. */
function splitAt(text: string, isSplit: (before: string, after: string) => boolean): number {
	const all = [...text.matchAll(/=/g)].map((match) => match.index)
	return all.find((at) => isSplit(text.slice(0, at), text.slice(at + 1))) ?? all[0] ?? -1
}

function classScoreOf(text: string, columns: readonly string[]): { name: string; column: string } {
	const at = splitAt(text, (name, column) => name !== '' && columns.includes(column))
	if (at < 1 || at === text.length - 1) throw new UsageError(`--score ${text}: write CLASS=COLUMN.`)
	return { name: text.slice(0, at), column: text.slice(at + 1) }
}

function facetOf(text: string, columns: readonly string[]): Facet {
	const at = splitAt(text, (column) => columns.includes(column))
	if (at < 1) throw new UsageError(`--facet ${text}: write COLUMN=VALUE, such as SEX=2.`)
	return { column: text.slice(0, at), value: text.slice(at + 1) }
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
	const found = allowed.find((a) => a === value)
	if (found !== undefined) return found
	const near = nearest(value, allowed)
	throw new UsageError(
		`${option} must be one of ${allowed.join(', ')}.${near ? ` Did you mean ${near}?` : ''}`,
	)
}

function numberOption(args: Parsed, name: string, otherwise: number): number {
	const text = textOption(args, name)
	if (text === undefined) return otherwise
	const value = Number(text)
	if (text.trim() === '' || !Number.isFinite(value))
		throw new UsageError(`--${name} ${text}: that is not a number.`)
	return value
}
