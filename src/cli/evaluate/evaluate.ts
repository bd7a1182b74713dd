import type { MetricValue } from '../../metrics/metric-value.ts'
import { adjustForMultipleTests, compareGroups, facetsOf } from './compare-groups.ts'
import type { Evaluation } from './evaluation.ts'
import { type Attribute, attributesOf } from './groupings.ts'
import type { Request } from './options.ts'
import type { Rows } from './rows.ts'
import { metricValuesOf, RowsView } from './rows-view.ts'

/** Estimates metrics of all rows from a reference. */
export type Estimator = (view: RowsView) => Iterable<readonly [string, MetricValue]>

/**
 * Evaluates the rows of a table. The view of all rows is returned for charts; without estimates, it reuses the memory of the
 * rows' scores and labels. Throws `invalid` for a facet that no row has.
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
	// After the groups, so that their columns and those of all rows are not in memory at the same time.
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
