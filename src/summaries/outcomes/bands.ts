import type { ColumnBins } from '../inputs/bins.ts'

/** A numeric attribute with at most this many values is a code, such as SEX 1 and 2: each value is a group. */
const maxCodes = 20
const bandCount = 5

/** Edges of an attribute's bands: as the model declares them, otherwise from its column, if it has one. */
export const edgesOf = (
	bands: Readonly<Record<string, readonly number[]>>,
	name: string,
	column: ColumnBins | undefined,
): readonly number[] | undefined => (Object.hasOwn(bands, name) ? bands[name] : column && edgesFor(column))

/** Edges of a numeric attribute's bands when the model declares none: five parts of the baseline's bins. */
function edgesFor(column: ColumnBins): number[] | undefined {
	if (column.kind !== 'numeric' || (column.points && column.edges.length <= maxCodes)) return undefined
	if (column.edges.length < bandCount) return undefined
	const edges = Array.from(
		{ length: bandCount - 1 },
		(_, i) => column.edges[Math.floor(((i + 1) * column.edges.length) / bandCount)] as number,
	)
	return [...new Set(edges)]
}

/** The band of x, such as `25 to below 35`; the first and last are open. */
export function bandOf(edges: readonly number[], x: number): string {
	const at = edges.findIndex((edge) => x < edge)
	if (at === 0) return `below ${edges[0]}`
	if (at === -1) return `${edges.at(-1)} and above`
	return `${edges[at - 1]} to below ${edges[at]}`
}
