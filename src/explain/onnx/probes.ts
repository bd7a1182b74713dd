import { seeded } from '../../core/random.ts'
import { nextFloat } from '../next-float.ts'
import { type Column, type Texts, undoSteps } from './columns.ts'
import type { Inputs } from './encode-columns.ts'
import type { ReadModel } from './read-graph.ts'

const rows = 256
/** Where a row takes its time. */
const rowsOfMany = 64
const manyNodes = 1_000_000
const maxValues = 4096

/** Values of an input column at which the model may change its mind: at, just below and just above what it compares with. */
function turningPoints(read: ReadModel): Map<number, number[]> {
	const points = new Map<number, number[]>()
	const add = ({ input, steps }: Column, value: number) => {
		const v = undoSteps(steps, value)
		const list = points.get(input) ?? []
		points.set(input, list)
		if (v === undefined || list.length >= maxValues) return
		const at = Math.fround(v)
		list.push(at, nextFloat(at, true), nextFloat(at, false))
	}
	const e = read.trees?.ensemble
	if (e)
		e.feature.forEach((column, node) => {
			const found = column >= 0 ? read.columns[column] : undefined
			if (found) add(found, e.threshold[node] as number)
		})
	else for (const column of read.columns) for (const value of [-2, -0.5, 0, 0.7, 1, 3]) add(column, value)
	return points
}

/**
 * Rows that tell whether we read a graph as the runtime does: turning points of its columns in random company, with
 * values far away, texts that are known and one that is not, and missing values where they can be. Always the same ones.
 */
export function probeRows(read: ReadModel, inputs: Inputs, texts: Texts): Float64Array[] {
	const random = seeded(20_260_101)
	const points = turningPoints(read)
	const codes = [...texts.known, 'none of these'].map((t) => texts.code(t))
	const pick = (list: readonly number[]): number => list[Math.floor(random() * list.length)] as number
	const isLarge = (read.trees?.ensemble.feature.length ?? 0) > manyNodes
	return Array.from({ length: isLarge ? rowsOfMany : rows }, () =>
		Float64Array.from(inputs.columns, ({ type, needed, isIndicator }, i) => {
			if (type === 'string') return pick(codes)
			if (isIndicator || type === 'bool') return random() < 0.5 ? 1 : 0
			const near = points.get(i) ?? []
			const chance = random()
			const value = chance < 0.85 && near.length > 0 ? pick(near) : Math.fround(8 * random() - 4)
			if (type === 'int32' || type === 'int64') return Math.round(value)
			return chance > 0.9 && !needed ? Number.NaN : value
		}),
	)
}
