import { type Estimate, undefinedEstimate } from '../estimate.ts'
import { aucInterval, aucOf, crossFittedInterval } from './auc-interval.ts'
import { type Interval, z95 } from './two-shares.ts'

/** Rows of one cell of a feature (a value, a bin, missing): so many of the group, so many not. */
export type ProxyCell = { inside: number; outside: number }

const defaultFolds = 5
// Two rows of the average make a cell of few rows speak softly.
const priorRows = 2

/**
 * How well the cell of one feature tells whether a row is of the group: the AUC of the best order of the cells. In the
 * rows that the order was found in, noise looks like a proxy (20 cells of 100 rows: AUC .76); so the rows are dealt at
 * random into folds, and each fold is judged by the order of the others: noise is .5 on average. Below .5 means no more
 * than chance. NaN when there are fewer than two rows of either side per fold.
 *
 * The 95% interval goes from the low end of that AUC, which an order learnt from few rows pulls down, to the high end
 * of the AUC within the rows, which flatters: the best order's lies between.
 */
export function proxyAuc(
	cells: readonly ProxyCell[],
	random: () => number,
	{ folds = defaultFolds, z = z95 }: { folds?: number; z?: number } = {},
): Estimate {
	const inside = cells.reduce((n, cell) => n + cell.inside, 0)
	const outside = cells.reduce((n, cell) => n + cell.outside, 0)
	if (Math.min(inside, outside) < 2 * folds) return undefinedEstimate
	const dealOut = (side: keyof ProxyCell, rows: number) =>
		deal(
			cells.map((cell) => cell[side]),
			rows,
			folds,
			random,
		)
	const [dealtIn, dealtOut] = [dealOut('inside', inside), dealOut('outside', outside)]
	const prior = inside / (inside + outside)
	let value = 0
	for (let fold = 0; fold < folds; fold++) {
		const held = cells.map((cell, i) => {
			const [heldIn, heldOut] = [dealtIn[fold]?.[i] ?? 0, dealtOut[fold]?.[i] ?? 0]
			const [restIn, restOut] = [cell.inside - heldIn, cell.outside - heldOut]
			const score = (restIn + priorRows * prior) / (restIn + restOut + priorRows)
			return { score, inside: heldIn, outside: heldOut }
		})
		value += aucOf(held) / folds
	}
	return { value, ...interval(cells, value, inside, outside, z) }
}

function interval(
	cells: readonly ProxyCell[],
	value: number,
	inside: number,
	outside: number,
	z: number,
): Interval {
	const within = aucOf(
		cells.map((cell) => ({ score: cell.inside / (cell.inside + cell.outside || 1), ...cell })),
	)
	const crossed = crossFittedInterval(value, inside, outside, z)
	return { low: crossed.low, high: Math.max(crossed.high, aucInterval(within, inside, outside, z).high) }
}

/** Deals rows, known only by their cell, into folds of equal size (to within one row); counts by fold and cell. */
function deal(counts: readonly number[], rows: number, folds: number, random: () => number): Float64Array[] {
	const dealt = Array.from({ length: folds }, () => new Float64Array(counts.length))
	const room = Array.from({ length: folds }, (_, fold) => Math.floor((rows + fold) / folds))
	let left = rows
	counts.forEach((count, cell) => {
		for (let row = 0; row < count; row++) {
			let at = Math.floor(random() * left)
			let fold = 0
			while (fold < folds - 1 && at >= (room[fold] ?? 0)) at -= room[fold++] ?? 0
			room[fold] = (room[fold] ?? 0) - 1
			left--
			const into = dealt[fold] as Float64Array
			into[cell] = (into[cell] ?? 0) + 1
		}
	})
	return dealt
}
