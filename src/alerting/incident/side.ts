import type { ReferenceColumn } from '../../metrics/reference.ts'
import { type Value, wrong } from '../../monitoring/segments/feature-cells.ts'
import { total } from '../../stats/counts.ts'
import { cellCount, missingCell, typeErrorCell, unseenCell } from '../../summaries/inputs/bins.ts'

/** What some rows say of one feature: what is missing, of another type, and the values that are there. */
export type Side = {
	rows: number
	missing: number
	wrong: number
	/** Ascending. */
	numbers: Float64Array
	categories: ReadonlyMap<string, number>
	/** Rows of categories that the baseline had and did not keep by name. */
	unnamed: number
}

export function sideOf(values: readonly Value[], rows: Iterable<number>): Side {
	let [count, missing, wrongs] = [0, 0, 0]
	const numbers: number[] = []
	const categories = new Map<string, number>()
	for (const row of rows) {
		const value = values[row]
		count++
		if (value === undefined) missing++
		else if (value === wrong) wrongs++
		else if (typeof value === 'number') numbers.push(value)
		else categories.set(value, (categories.get(value) ?? 0) + 1)
	}
	return {
		rows: count,
		missing,
		wrong: wrongs,
		numbers: Float64Array.from(numbers).sort(),
		categories,
		unnamed: 0,
	}
}

const maxPoints = 1000

/** The baseline's side: of numbers, points at equal shares of the stored distribution. */
export function referenceSide(column: ReferenceColumn): Side {
	const { bins, counts } = column
	const cells = cellCount(bins)
	const at = (cell: number) => counts[cell] ?? 0
	return {
		rows: total(counts),
		missing: at(missingCell(cells)),
		wrong: at(typeErrorCell(cells)),
		numbers: bins.kind === 'numeric' ? pointsOf(column, cells) : new Float64Array(),
		categories:
			bins.kind === 'categorical'
				? new Map(bins.values.map((value, cell) => [value, at(cell)]))
				: new Map<string, number>(),
		unnamed: at(unseenCell(cells)),
	}
}

/** Within a cell rows are taken as even, unless each value has its own. The unseen cell of numbers is empty. */
function pointsOf({ bins, counts, borders }: ReferenceColumn, cells: number): Float64Array {
	const proper = counts.subarray(0, unseenCell(cells))
	const rows = total(proper)
	if (rows === 0 || borders.length === 0) return new Float64Array()
	const hasPoints = bins.kind === 'numeric' && bins.points === true
	let [cell, before] = [0, 0]
	return Float64Array.from({ length: Math.min(maxPoints, rows) }, (_, i, of = Math.min(maxPoints, rows)) => {
		const rank = ((i + 0.5) / of) * rows
		while (cell < cells - 1 && before + (proper[cell] as number) < rank) before += proper[cell++] as number
		const [low, high] = [borders[cell] as number, borders[cell + 1] as number]
		return hasPoints ? high : low + ((rank - before) / Math.max(1, proper[cell] as number)) * (high - low)
	})
}
