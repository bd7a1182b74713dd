import { AppError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { countsOf } from '../metrics/outcome-result.ts'
import { cddl, cddpl, clarifyMetrics } from '../stats/fairness/clarify.ts'
import { type GroupCounts, mergeCounts } from '../stats/fairness/group-counts.ts'
import { type Attribute, crossed } from './groupings.ts'
import { type Facet, favourableOf, type Request } from './request.ts'
import type { Grouping, Rows } from './rows.ts'
import { tallyGroups } from './tally-groups.ts'

/**
 * Clarify's metrics of each facet against all other rows, by short name; and for each other attribute the two that are
 * conditional on it, under `column=value by attribute`.
 */
export function facetsOf(request: Request, rows: Rows): Map<string, Map<string, number>> {
	const favourable = favourableOf(request)
	const facets = new Map<string, Map<string, number>>()
	if (favourable === '') return facets
	for (const facet of request.facets) {
		const grouping = rows.facets.get(facet.column) as Grouping
		const at = indexOf(facet, grouping)
		const { own, rest } = split(tallyGroups(rows, grouping, favourable).map(countsOf), (i) => i === at)
		const name = `${facet.column}=${facet.value}`
		facets.set(
			name,
			new Map(Object.entries(clarifyMetrics).map(([short, measure]) => [short, measure(own, rest)])),
		)
		for (const [attribute, by] of rows.groups)
			if (attribute !== facet.column)
				facets.set(`${name} by ${attribute}`, conditional(rows, favourable, { grouping, at, by }))
	}
	return facets
}

function indexOf({ column, value }: Facet, { names }: Grouping): number {
	const at = names.indexOf(value)
	if (at >= 0) return at
	const near = nearest(value, names)
	throw new AppError(
		'invalid',
		`No row has ${column}=${value}.${near ? ` Did you mean "${near}"?` : ''} There are: ${names.slice(0, 30).join(', ')}.`,
	)
}

function split(counts: readonly GroupCounts[], isOwn: (i: number) => boolean) {
	return {
		own: mergeCounts(counts.filter((_, i) => isOwn(i))),
		rest: mergeCounts(counts.filter((_, i) => !isOwn(i))),
	}
}

function conditional(
	rows: Rows,
	favourable: string,
	{ grouping, at, by }: { grouping: Grouping; at: number; by: Grouping },
): Map<string, number> {
	const sides = { names: ['rest', 'facet'], codes: grouping.codes.map((code) => (code === at ? 1 : 0)) }
	const pairs = crossed(alone(sides), alone(by))
	const counts = tallyGroups(rows, pairs, favourable).map(countsOf)
	const of = (side: string, segment: string) =>
		mergeCounts(counts.filter((_, i) => pairs.values[i]?.[0] === side && pairs.values[i]?.[1] === segment))
	const segments = by.names.map((name) => ({ facet: of('facet', name), rest: of('rest', name) }))
	return new Map([
		['cddl', cddl(segments)],
		['cddpl', cddpl(segments)],
	])
}

const alone = (grouping: Grouping): Attribute => ({ ...grouping, name: '', columns: [], values: [] })
