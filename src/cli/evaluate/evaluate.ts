import type { MetricValue } from '../../metrics/metric-value.ts'
import { adjustForMultipleTests, compareGroups, facetsOf } from './compare-groups.ts'
import type { Evaluation } from './evaluation.ts'
import { type Attribute, attributesOf } from './groupings.ts'
import type { Request } from './options.ts'
import type { Rows } from './rows.ts'
import { metricValuesOf, RowsView } from './rows-view.ts'

/** What else there is to find of all rows: estimates from a reference. */
export type Estimator = (view: RowsView) => Iterable<readonly [string, MetricValue]>

/**
 * Everything that is asked of a table. The view of all rows is handed back for charts; unless estimates are asked for,
 * the scores and labels of the rows are used up. Throws `invalid` for a facet that no row has.
 */
export function evaluate(
	request: Request,
	rows: Rows,
	estimate: Estimator | undefined,
): { result: Evaluation; view: RowsView } {
	const facets = facetsOf(request, rows)
	const notes = [...rows.notes]
	const evaluated = attributesOf(rows, notes).map((attribute) => ({
		attribute,
		...compareGroups(request, rows, attribute),
	}))
	adjustForMultipleTests(evaluated.map((j) => j.values))
	// After the groups, so that their columns and those of all rows are not in memory together.
	const view = new RowsView(rows, { isLast: estimate === undefined })
	for (const { attribute, outcomeSummaries } of evaluated)
		if (isSingle(attribute)) view.addGroups(attribute, outcomeSummaries)
	const result: Evaluation = {
		rows: rows.count,
		metrics: new Map([...metricValuesOf(view), ...(estimate?.(view) ?? [])]),
		groups: evaluated.flatMap(({ groups }) => groups),
		fairness: new Map(evaluated.map(({ attribute, values }) => [attribute.name, values])),
		fourFifths: new Map(evaluated.flatMap((j) => (j.fourFifths ? [[j.attribute.name, j.fourFifths]] : []))),
		facets,
		notes,
	}
	return { result, view }
}

const isSingle = ({ columns }: Attribute) => columns.length === 1
