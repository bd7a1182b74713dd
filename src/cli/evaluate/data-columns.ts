import { sideOf } from '../../summaries/outcomes/label.ts'
import { type Column, NumberColumn, ProbabilitiesColumn } from '../../tables/columns.ts'
import type { Wanted } from '../../tables/read-columns.ts'
import { CodeColumn } from './code-column.ts'
import type { Request } from './options.ts'

/** The columns of a table for an evaluation. Columns that the table does not have stay empty. */
export type DataColumns = {
	score: NumberColumn | undefined
	probabilities: ProbabilitiesColumn | undefined
	classScores: { name: string; column: NumberColumn }[]
	prediction: CodeColumn | undefined
	/** The outcome: a label, or a number for regression and ranking. */
	labels: CodeColumn | undefined
	values: NumberColumn | undefined
	groups: Map<string, CodeColumn>
	facets: Map<string, CodeColumn>
	query: CodeColumn | undefined
}

/** The score of a binary model; in `{ class: probability }`, that of the positive class. */
class ScoreColumn extends NumberColumn {
	readonly takesStructs = true
	private readonly positive: string | undefined

	constructor(positive: string | undefined) {
		super(false)
		this.positive = positive
	}

	override addValue(value: unknown): void {
		const object = typeof value === 'string' && value.startsWith('{') ? parsed(value) : value
		if (typeof object !== 'object' || object === null || Array.isArray(object)) super.addValue(object)
		else {
			const own = Object.entries(object).find(
				([name]) => sideOf(name, { positiveLabel: this.positive }) === '+',
			)
			super.addValue(own?.[1] ?? null)
		}
	}
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text)
	} catch {
		return text
	}
}

/** The columns of a request, and how to read them. `needsActual`: the table must have outcomes. */
export function dataColumns(
	request: Request,
	needsActual: boolean,
): { columns: DataColumns; wanted: Wanted[] } {
	const { task, score, prediction, query } = request
	const isNumeric = task === 'regression' || task === 'ranking'
	const coded = (names: readonly string[]) => new Map(names.map((name) => [name, new CodeColumn('name')]))
	const columns: DataColumns = {
		score: score === undefined || task === 'multiclass' ? undefined : new ScoreColumn(request.positive),
		probabilities: score !== undefined && task === 'multiclass' ? new ProbabilitiesColumn() : undefined,
		classScores: request.classScores.map(({ name }) => ({ name, column: new NumberColumn(false) })),
		prediction: prediction === undefined ? undefined : new CodeColumn('label'),
		labels: isNumeric ? undefined : new CodeColumn('label'),
		values: isNumeric ? new NumberColumn(true) : undefined,
		groups: coded(request.groups),
		facets: coded(request.facets.map((f) => f.column)),
		query: query === undefined ? undefined : new CodeColumn('name'),
	}
	const wanted: Wanted[] = []
	const want = (name: string | undefined, column: Column | undefined, required = true) => {
		if (name !== undefined && column) wanted.push({ name, required, takers: [column] })
	}
	want(score, columns.score ?? columns.probabilities)
	request.classScores.forEach(({ column }, i) => {
		want(column, columns.classScores[i]?.column)
	})
	want(prediction, columns.prediction)
	want(request.actual, columns.labels ?? columns.values, needsActual)
	for (const map of [columns.groups, columns.facets]) for (const [name, column] of map) want(name, column)
	want(query, columns.query)
	return { columns, wanted }
}

/** The request for the reference: without groups and facets, which only the evaluated rows need. */
export const referenceRequest = (request: Request): Request => ({ ...request, groups: [], facets: [] })
