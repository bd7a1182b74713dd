import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { countsOf } from '../../metrics/outcome-result.ts'
import { cddl, cddpl, clarifyMetrics } from '../../stats/fairness/clarify.ts'
import { type GroupCounts, inFavour, mergeCounts } from '../../stats/fairness/group-counts.ts'
import { type Attribute, crossed } from './groupings.ts'
import { comparedClass, type Facet, type Request } from './request.ts'
import type { Grouping, Rows } from './rows.ts'
import { summariseGroups } from './summarise-groups.ts'

/**
 * Clarify's metrics of each facet against all other rows, by short name: the favourable label is the positive one; and for each other attribute the two that are
 * conditional on it, under `column=value by attribute`.
 */
export function facetsOf(request: Request, rows: Rows): Map<string, Map<string, number>> {
	const compared = comparedClass(request)
	const facets = new Map<string, Map<string, number>>()
	if (compared === '') return facets
	const count = (grouping: Grouping) =>
		summariseGroups(rows, grouping, compared).map((outcomeSummary) =>
			inFavour(countsOf(outcomeSummary), rows.favourable),
		)
	for (const facet of request.facets) {
		const grouping = rows.facets.get(facet.column) as Grouping
		const at = indexOf(facet, grouping)
		const { own, rest } = split(count(grouping), (i) => i === at)
		const name = `${facet.column}=${facet.value}`
		facets.set(
			name,
			new Map(Object.entries(clarifyMetrics).map(([short, measure]) => [short, measure(own, rest)])),
		)
		for (const [attribute, by] of rows.groups)
			if (attribute !== facet.column)
				facets.set(`${name} by ${attribute}`, conditional(count, { grouping, at, by }))
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
	count: (grouping: Grouping) => GroupCounts[],
	{ grouping, at, by }: { grouping: Grouping; at: number; by: Grouping },
): Map<string, number> {
	const sides = { names: ['rest', 'facet'], codes: grouping.codes.map((code) => (code === at ? 1 : 0)) }
	const pairs = crossed(alone(sides), alone(by))
	const counts = count(pairs)
	const of = (side: string, segment: string) =>
		mergeCounts(counts.filter((_, i) => pairs.values[i]?.[0] === side && pairs.values[i]?.[1] === segment))
	const segments = by.names.map((name) => ({ facet: of('facet', name), rest: of('rest', name) }))
	return new Map([
		['cddl', cddl(segments)],
		['cddpl', cddpl(segments)],
	])
}

const alone = (grouping: Grouping): Attribute => ({ ...grouping, name: '', columns: [], values: [] })
