import { writeFile } from 'node:fs/promises'
import { AppError } from '../core/errors.ts'
import type { Wanted } from '../tables/read-columns.ts'
import type { Command, Terminal } from './command.ts'
import { readColumns } from './data-file.ts'
import { dataColumns, referenceRequest } from './evaluate/data-columns.ts'
import type { Source } from './evaluate/estimates.ts'
import { type Estimator, evaluate as evaluateRows } from './evaluate/evaluate.ts'
import { evaluationJson } from './evaluate/evaluation.ts'
import { makeRows } from './evaluate/make-rows.ts'
import { type EvaluateOptions, evaluateOptions, isAmbiguous, type Request } from './evaluate/options.ts'
import { evaluationText } from './evaluate/text.ts'

async function readRows(
	terminal: Terminal,
	path: string,
	request: Request,
	needsActual: boolean,
): Promise<Source> {
	const { columns, wanted } = dataColumns(request, needsActual)
	const { rows, names } = await readColumns(terminal, path, wanted)
	if (rows === 0) throw new AppError('invalid', `${path} has no rows.`)
	const read = (more: readonly Wanted[]) => readColumns(terminal, path, more)
	return { rows: makeRows(request, columns, rows), names, read }
}

/** The modules for estimates are loaded only when needed. */
async function estimator(
	{ like, request }: EvaluateOptions,
	{ rows, ...window }: Source,
	{ rows: known, ...reference }: Source,
): Promise<Estimator> {
	if (like === 'nannyml') {
		const { nannymlEstimates } = await import('./evaluate/nannyml-estimates.ts')
		return () => nannymlEstimates(rows, known)
	}
	const { estimates } = await import('./evaluate/estimates.ts')
	const { populationReason } = await import('./evaluate/estimates.ts')
	const sides = { reference: { rows: known, ...reference }, window: { rows, ...window } }
	const doubt = await populationReason(request, sides)
	return (view) => estimates(view, rows, known, doubt)
}

async function writePage(path: string, page: string): Promise<void> {
	await writeFile(path, page).catch((cause) => {
		throw new AppError('invalid', `${path} cannot be written: ${(cause as Error).message}.`, { cause })
	})
}

async function run(terminal: Terminal, options: EvaluateOptions, isJson: boolean): Promise<void> {
	const { data, reference, request, html } = options
	const known =
		reference === undefined ? undefined : await readRows(terminal, reference, referenceRequest(request), true)
	// The rows have the same labels as the reference.
	const rowsRequest = {
		...request,
		negative: request.negative ?? known?.rows.labelNames.negativeLabel ?? undefined,
	}
	const source = await readRows(terminal, data, rowsRequest, known === undefined)
	const { rows } = source
	rows.notes.push(...(known?.rows.notes ?? []).map((note) => `Reference: ${note}`))
	const { result, view } = evaluateRows(request, rows, known && (await estimator(options, source, known)))
	if (html !== undefined) {
		const { evaluationPage } = await import('./evaluate/page.ts')
		await writePage(html, evaluationPage({ request, result, view, rows, file: data }))
	}
	terminal.out(isJson ? `${JSON.stringify(evaluationJson(result))}\n` : evaluationText(request, result))
	if (!isJson && html !== undefined) terminal.out(`\nThe page is in ${html}.\n`)
}

export const evaluate: Command = {
	isOffline: true,
	help: `Usage: plumbline evaluate --data FILE --task TASK --actual COLUMN --score COLUMN [options]

Evaluates a model from a file of scores and outcomes: performance with 95% intervals, and fairness by group. Needs no
server. The numbers are the same as in the service.

  --data FILE           .csv, .ndjson or .parquet, also .gz
  --task TASK           binary, multiclass, regression or ranking
  --actual COLUMN       the outcome: a label; for regression and ranking a number. Rows without it are counted
  --score COLUMN        the score, the predicted value, or a column of { class: probability };
                        CLASS=COLUMN, once for each class, if each class has a column of probabilities
  --prediction COLUMN   the decisions; default: by the score
  --threshold T         a score of at least T is a positive decision (0.5)
  --positive VALUE      the positive label (1 or true); multiclass: the class that groups are compared by
  --negative VALUE      the negative label; default: the most frequent other one. All others are unknown
  --decision-map A=B    the label of each decision, such as 1=bad,0=good
  --favourable VALUE    the decision that is good for the person; without decisions, the outcome. Selection rates and the
                        four-fifths rule use it; without it there is no verdict
  --group COLUMN        an attribute to compare groups by; if repeated, pairs are compared too
  --facet COLUMN=VALUE  SageMaker Clarify's metrics of a group against all others; may be repeated
  --min-group N         groups with fewer rows are not compared (30)
  --query COLUMN        ranking: the column that says which rows belong together
  --reference FILE      rows with known outcomes, to estimate the metrics of --data from its scores
  --like NAME           how to estimate: plumbline (default), or nannyml for the numbers of NannyML
  --html FILE           writes a page with charts
  --json                for machines

Exit code: 0 evaluated, 2 failed.

Example: plumbline evaluate --data march.csv --task binary --actual default --score p --group SEX --group MARRIAGE
`,
	options: {
		data: { type: 'string' },
		task: { type: 'string' },
		actual: { type: 'string' },
		score: { type: 'string', multiple: true },
		prediction: { type: 'string' },
		threshold: { type: 'string' },
		positive: { type: 'string' },
		negative: { type: 'string' },
		'decision-map': { type: 'string', multiple: true },
		favourable: { type: 'string' },
		group: { type: 'string', multiple: true },
		facet: { type: 'string', multiple: true },
		'min-group': { type: 'string' },
		query: { type: 'string' },
		reference: { type: 'string' },
		like: { type: 'string' },
		html: { type: 'string' },
	},
	async run(terminal, args) {
		const { data } = evaluateOptions(args)
		const columns = isAmbiguous(args) ? (await readColumns(terminal, data, [])).names : []
		await run(terminal, evaluateOptions(args, columns), args.values.json === true)
		return 0
	},
}
