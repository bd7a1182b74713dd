import { probit } from 'simple-statistics'
import { curveAt } from './isotonic.ts'

const cells = 100

/** Rows in cells along an axis of values: cell ends, means, counts. */
export type AxisCells = { means: number[]; rows: number[]; lowest: number; highest: number }

/**
 * Groups ascending values into at most about 100 cells of equal steps of normal score (the normal quantile of the
 * middle rank), so that the thin tails keep their detail. Returns each value's cell beside the cells.
 */
export function groupByRank(
	values: Float64Array,
	rows: Float64Array,
): { axis: AxisCells; cellOf: Uint32Array } {
	const total = rows.reduce((a, b) => a + b, 0)
	const reach = -probit(0.5 / Math.max(total, 2))
	const cellOf = new Uint32Array(values.length)
	const axis: AxisCells = {
		means: [],
		rows: [],
		lowest: values[0] ?? 0,
		highest: values[values.length - 1] ?? 0,
	}
	let before = 0
	let last = Number.NaN
	values.forEach((value, i) => {
		const own = rows[i] as number
		const slot = Math.floor(((probit((before + own / 2) / total) / reach + 1) / 2) * cells)
		if (slot !== last) {
			axis.means.push(0)
			axis.rows.push(0)
		}
		last = slot
		before += own
		const cell = axis.rows.length - 1
		cellOf[i] = cell
		axis.rows[cell] = (axis.rows[cell] as number) + own
		axis.means[cell] = (axis.means[cell] as number) + own * value
	})
	axis.means = axis.means.map((sum, c) => sum / (axis.rows[c] as number))
	return { axis, cellOf }
}

/** The cells' normal scores: positions on which curves over any scale of values are smooth alike. */
export function positionsOf({ rows }: AxisCells): Float64Array {
	const total = rows.reduce((a, b) => a + b, 0)
	let before = 0
	return Float64Array.from(rows, (own) => {
		before += own
		return probit((before - own / 2) / total)
	})
}

/** Any value's position: between cell means linear, outside clipped. */
export function positionFinder(axis: AxisCells): (value: number) => number {
	const curve = { x: Float64Array.from(axis.means), y: positionsOf(axis) }
	return (value) => curveAt(curve, value)
}

/** The cell a value falls in, by the nearest mean. */
export function cellFinder({ means }: AxisCells): (value: number) => number {
	const between = means.slice(1).map((mean, c) => (mean + (means[c] as number)) / 2)
	return (value) => {
		let [low, high] = [0, between.length]
		while (low < high) {
			const middle = (low + high) >> 1
			if ((between[middle] as number) <= value) low = middle + 1
			else high = middle
		}
		return low
	}
}
