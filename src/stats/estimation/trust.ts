import type { Calibration } from './calibration.ts'
import type { Contradiction } from './labels-contradict.ts'
import { type AxisCells, cellFinder } from './rank-axis.ts'
import type { ScoreTable } from './score-table.ts'

/** May an estimate without labels be believed? `reason` is for people and empty when it may. */
export type Trust = { trust: 'ok' | 'doubtful'; reason: string }

const maxOutside = 0.05
const minSupport = 50
const minOfClass = 10
const level = 0.01

/**
 * Doubts an estimate when the reference cannot know these scores (too few labels of a class, too many of the window's
 * rows outside its range, or so few reference rows where the window's scores lie that they weigh as under 50), or
 * when labels that did arrive contradict the calibration (`labelsContradict`) at p < .01.
 */
export function trustOf(window: ScoreTable, calibration: Calibration, labels?: Contradiction): Trust {
	const rows = window.selected.map((s, i) => s + (window.rejected[i] as number))
	const positives = calibration.positives.reduce((a, b) => a + b, 0)
	const negatives = calibration.axis.rows.reduce((a, b) => a + b, 0) - positives
	if (Math.min(positives, negatives) < minOfClass)
		return doubtful(`the reference has ${positives} positive and ${negatives} negative labels`)
	const support = supportReason(window.scores, rows, calibration.axis)
	if (support) return doubtful(support)
	if (labels && labels.p < level)
		return doubtful(
			`${labels.rows} labels of this window contradict the reference (p = ${labels.p.toPrecision(2)})`,
		)
	return { trust: 'ok', reason: '' }
}

/** Why the reference has too little to say of these values; empty when it has enough. */
export function supportReason(values: Float64Array, rows: Float64Array, axis: AxisCells): string {
	const total = rows.reduce((a, b) => a + b, 0)
	if (total === 0) return ''
	let outside = 0
	values.forEach((value, i) => {
		if (value < axis.lowest || value > axis.highest) outside += rows[i] as number
	})
	if (outside / total > maxOutside)
		return `${Math.round((100 * outside) / total)}% of the rows lie outside the reference's range`
	const support = effectiveRows(values, rows, axis)
	if (support < minSupport)
		return `the reference weighs as only ${Math.round(support)} rows where this window lies`
	return ''
}

export const doubtful = (reason: string): Trust => ({ trust: 'doubtful', reason })

/**
 * Kish's effective size of the reference once its cells are weighted to the window's shares. The squared shares are
 * taken without bias, so that a small window does not look more concentrated than it is.
 */
function effectiveRows(values: Float64Array, rows: Float64Array, axis: AxisCells): number {
	const cell = cellFinder(axis)
	const inCells = axis.rows.map(() => 0)
	values.forEach((value, i) => {
		const at = cell(value)
		inCells[at] = (inCells[at] as number) + (rows[i] as number)
	})
	const total = rows.reduce((a, b) => a + b, 0)
	if (total < 2) return Number.POSITIVE_INFINITY
	const sum = inCells.reduce((s, w, c) => s + (w * (w - 1)) / (axis.rows[c] as number), 0)
	return sum === 0 ? Number.POSITIVE_INFINITY : (total * (total - 1)) / sum
}
