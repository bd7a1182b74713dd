/**
 * Rows of a window, labelled or not: at each distinct score (ascending), how many were decided positive (selected) and
 * how many negative (rejected). Tables add cell by cell.
 */
export type ScoreTable = { scores: Float64Array; selected: Float64Array; rejected: Float64Array }

/** A table of at most about `most` cells of like row counts, each at the mean score of its rows. */
export function coarsen(table: ScoreTable, max: number): { table: ScoreTable; cellOf: Uint32Array } {
	const n = table.scores.length
	const rows = rowsOf(table)
	const cellOf = new Uint32Array(n)
	let [cell, kept, before, last] = [-1, 0, 0, -1]
	for (let i = 0; i < n; i++) {
		const own = (table.selected[i] as number) + (table.rejected[i] as number)
		const slot = n <= max ? i : Math.floor(((before + own / 2) / rows) * max)
		if (slot !== last || kept === 0) cell++
		last = slot
		kept += own
		before += own
		cellOf[i] = cell
	}
	return { table: merge(table, cellOf, cell + 1), cellOf }
}

function merge(table: ScoreTable, cellOf: Uint32Array, size: number): ScoreTable {
	const merged = {
		scores: new Float64Array(size),
		selected: new Float64Array(size),
		rejected: new Float64Array(size),
	}
	cellOf.forEach((cell, i) => {
		const [selected, rejected] = [table.selected[i] as number, table.rejected[i] as number]
		merged.selected[cell] = (merged.selected[cell] as number) + selected
		merged.rejected[cell] = (merged.rejected[cell] as number) + rejected
		merged.scores[cell] =
			(merged.scores[cell] as number) + (selected + rejected) * (table.scores[i] as number)
	})
	const scores = merged.scores.map(
		(sum, c) => sum / ((merged.selected[c] as number) + (merged.rejected[c] as number)),
	)
	return { ...merged, scores }
}

/** How many rows the table counts. */
export const rowsOf = ({ selected, rejected }: ScoreTable): number => {
	let rows = 0
	for (let i = 0; i < selected.length; i++) rows += (selected[i] as number) + (rejected[i] as number)
	return rows
}

/** @throws RangeError for columns of unequal length or scores that do not ascend */
export function requireTable({ scores, selected, rejected }: ScoreTable): void {
	if (scores.length !== selected.length || scores.length !== rejected.length)
		throw new RangeError('a score table needs as many counts as scores')
	for (let i = 1; i < scores.length; i++)
		if (!((scores[i] as number) > (scores[i - 1] as number)))
			throw new RangeError('the scores of a table must be distinct and ascending')
}
