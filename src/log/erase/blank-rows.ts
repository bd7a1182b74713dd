import { dayMs } from '../../core/time.ts'
import { type Column, cellKind, type RowBatch } from '../../summaries/inputs/columns.ts'
import { selectRows } from '../../summaries/inputs/select-rows.ts'
import { type Coded, type JoinIndex, none } from '../../summaries/outcomes/join-index.ts'

// An erased row keeps its position, its version and its environment: seals, joins and aliases refer to positions. Ids are never
// empty, so an empty one marks the row.

export const isErasedId = (id: string | undefined): boolean => id === ''

/** A row that is still encrypted has no id in the open either. */
const isErasedRow = ({ ids, sealed }: Pick<RowBatch, 'ids' | 'sealed'>, row: number): boolean =>
	isErasedId(ids[row]) && (sealed?.[row]?.length ?? 0) === 0

/** The rows of a batch that are not erased; undefined when that is all of them. */
export function rowsLeft(batch: Pick<RowBatch, 'ids' | 'sealed'>): Int32Array | undefined {
	if (!batch.ids.includes('')) return undefined
	return Int32Array.from(batch.ids.flatMap((_, row) => (isErasedRow(batch, row) ? [] : [row])))
}

/** The times of the first and the last row that is not erased; without any, the start of the day. */
export function timeRange(batch: RowBatch, day: number): { from: number; to: number } {
	const left = batch.timestamps.filter((_, row) => !isErasedRow(batch, row))
	if (left.length === 0) return { from: day * dayMs, to: day * dayMs }
	return left.reduce(({ from, to }, at) => ({ from: Math.min(from, at), to: Math.max(to, at) }), {
		from: Number.POSITIVE_INFINITY,
		to: Number.NEGATIVE_INFINITY,
	})
}

/** A copy without the values of these rows. `day`: of the chunk, in days since the epoch. */
export function blankRows(batch: RowBatch, rows: Iterable<number>, day: number): RowBatch {
	const copy = selectRows(
		batch,
		Int32Array.from({ length: batch.rows }, (_, row) => row),
	)
	for (const row of rows) {
		copy.ids[row] = ''
		if (copy.sealed) copy.sealed[row] = new Uint8Array()
		copy.subjects[row] = -1
		copy.extras[row] = -1
		copy.scores[row] = Number.NaN
		copy.latencies[row] = Number.NaN
		copy.hasFeatures[row] = 0
		for (const column of [copy.labels, ...copy.features.values(), ...copy.segments.values()]) {
			column.kinds[row] = cellKind.absent
			column.nums[row] = 0
		}
	}
	const { from } = timeRange(copy, day)
	for (let row = 0; row < copy.rows; row++) if (isErasedRow(copy, row)) copy.timestamps[row] = from
	return { ...copy, features: inUse(copy.features), segments: inUse(copy.segments) }
}

/** Names of columns that only erased rows had go with them. */
const inUse = (columns: Map<string, Column>) =>
	new Map([...columns].filter(([, { kinds }]) => kinds.some((kind) => kind !== cellKind.absent)))

/** A copy of the join index of a chunk without these rows. */
export function blankJoinIndex(index: JoinIndex, rows: readonly number[]): JoinIndex {
	const erased = new Set(rows)
	const numbers = <T extends Uint32Array | Uint8Array | Float64Array>(values: T, blank: number): T => {
		const copy = values.slice() as T
		for (const row of rows) copy[row] = blank
		return copy
	}
	const coded = ({ values, codes }: Coded): Coded => {
		const used: string[] = []
		const renamed = new Map<number, number>()
		const kept = codes.map((code, row) => {
			if (code === none || erased.has(row)) return none
			let at = renamed.get(code)
			if (at === undefined) {
				at = used.push(values[code] as string) - 1
				renamed.set(code, at)
			}
			return at
		})
		return { values: used, codes: kept }
	}
	const each = <V>(map: Map<string, V>, change: (value: V) => V) =>
		new Map([...map].map(([name, value]) => [name, change(value)] as const))
	return {
		...index,
		checks: numbers(index.checks, 0),
		hours: numbers(index.hours, 0),
		scores: numbers(index.scores, Number.NaN),
		decisions: coded(index.decisions),
		queries: coded(index.queries),
		probabilities: each(index.probabilities, (values) => numbers(values, Number.NaN)),
		attributes: each(index.attributes, coded),
		segments: each(index.segments, coded),
	}
}
