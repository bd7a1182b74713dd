import { total } from '../stats/counts.ts'
import { extraCells } from '../summaries/inputs/bins.ts'
import type { ColumnResult } from './window-result.ts'

/** The three counts behind the groups proper, and the rows of the column in all. */
export function cellsOf({ groups }: ColumnResult): {
	rows: number
	unseen: number
	missing: number
	typeErrors: number
} {
	const [unseen, missing, typeErrors] = groups.subarray(groups.length - extraCells) as unknown as [
		number,
		number,
		number,
	]
	return { rows: total(groups), unseen, missing, typeErrors }
}
