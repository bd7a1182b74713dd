import { z95 } from '../distributions.ts'
import { type Estimate, undefinedEstimate } from '../estimate.ts'
import { simultaneousZ } from './disparity.ts'
import type { Interval } from './shares.ts'

/** Hanley and McNeil's variance of an AUC (1982), with Newcombe's single number of rows. */
function aucVariance(auc: number, inside: number, outside: number): number {
	const extra = (inside + outside) / 2 - 1
	const ties = 1 + (extra * (1 - auc)) / (2 - auc) + (extra * auc) / (1 + auc)
	return (auc * (1 - auc) * ties) / (inside * outside)
}

/**
 * Interval of an AUC, 95% by default: the values that the one seen does not contradict (Newcombe 2006, method 5), within [0, 1]
 * and of some width even at 0 and 1.
 */
export function aucInterval(auc: number, inside: number, outside: number, z = z95): Interval {
	const end = (limit: 0 | 1): number => {
		let [near, far] = [auc, limit as number]
		for (let i = 0; i < 60; i++) {
			const middle = (near + far) / 2
			if (Math.abs(middle - auc) < z * Math.sqrt(aucVariance(middle, inside, outside))) near = middle
			else far = middle
		}
		return near
	}
	return { low: auc === 0 ? 0 : end(0), high: auc === 1 ? 1 : end(1) }
}

/**
 * The same for the mean AUC of folds, each scored by a model learnt on the others. They share those rows, which doubles the
 * variance when there is nothing to learn: half the rows are counted.
 */
export const crossFittedInterval = (auc: number, inside: number, outside: number, z = z95): Interval =>
	aucInterval(auc, inside / 2, outside / 2, z)

/** Rows with one score: so many of the group, so many not. */
export type Tied = { score: number; inside: number; outside: number }

/** The share of pairs (one of the group, one not) in which the member scores higher, ties half. NaN without pairs. */
export function aucOf(scored: readonly Tied[]): number {
	const ordered = [...scored].sort((a, b) => a.score - b.score)
	let [won, inside, outside] = [0, 0, 0]
	for (let i = 0; i < ordered.length; ) {
		let [tiedIn, tiedOut] = [0, 0]
		const { score } = ordered[i] as Tied
		for (; i < ordered.length && ordered[i]?.score === score; i++) {
			tiedIn += ordered[i]?.inside ?? 0
			tiedOut += ordered[i]?.outside ?? 0
		}
		won += tiedIn * (outside + tiedOut / 2)
		inside += tiedIn
		outside += tiedOut
	}
	return won / (inside * outside)
}

/** Rows of one cell of a feature (a value, a bin, missing): so many of the group, so many not. */
export type ProxyCell = { inside: number; outside: number }

const defaultFolds = 5
// Two rows of the average shrink the score of a cell with few rows.
const priorRows = 2

/**
 * How well the cell of one feature tells whether a row is of the group: the AUC of the best order of the cells. In the
 * rows that the order was found in, noise looks like a proxy (20 cells of 100 rows: AUC .76); so the rows are dealt at
 * random into folds, and each fold is scored by the order of the others: noise is .5 on average. Below .5 means no more
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
	return { value, ...proxyInterval(cells, value, inside, outside, z) }
}

function proxyInterval(
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

/** A feature by the cell of each row: whole numbers from 0, below `cells`; missing values have a cell of their own. */
export type FeatureCells = { feature: string; cells: number; cellOf: ArrayLike<number> }

export type Proxies = { auc: Estimate; top: { feature: string; auc: Estimate }[] }

export type ProxyOptions = { folds?: number; top?: number }

/** What the features reveal about a group: `auc`, how well all of them together tell its members (95% interval of what is learnt), and
 * the features that do so best on their own, best first (proxyAuc; their intervals share the 5% error over all features). Together: naive Bayes over the cells, learnt in all
 * folds but the one scored; each feature's evidence is shrunk by the share of its chi-square that chance explains
 * (James and Stein), so that many features of noise add none. `members` has one entry a row. NaN when there are fewer
 * than two rows of either side per fold. Throws RangeError for unequal lengths.
 */
export function proxies(
	features: readonly FeatureCells[],
	members: ArrayLike<boolean | number>,
	random: () => number,
	{ folds = 5, top = 10 }: ProxyOptions = {},
): Proxies {
	if (features.some(({ cellOf }) => cellOf.length !== members.length))
		throw new RangeError('each row has a cell of every feature')
	const z = simultaneousZ(Math.max(1, features.length))
	const alone = features.map((of) => ({
		feature: of.feature,
		auc: proxyAuc(countCells(of, members), random, { folds, z }),
	}))
	alone.sort((a, b) => b.auc.value - a.auc.value || 0)
	return { auc: together(features, members, random, folds), top: alone.slice(0, top) }
}

/** Counts of the rows that are kept, by cell. */
function countCells(
	{ cells, cellOf }: FeatureCells,
	members: ArrayLike<boolean | number>,
	kept: (row: number) => boolean = () => true,
): ProxyCell[] {
	const counts = Array.from({ length: cells }, () => ({ inside: 0, outside: 0 }))
	for (let row = 0; row < members.length; row++) {
		const cell = counts[cellOf[row] as number]
		if (cell === undefined) throw new RangeError('a cell is a whole number below the number of cells')
		if (!kept(row)) continue
		if (members[row]) cell.inside++
		else cell.outside++
	}
	return counts
}

function together(
	features: readonly FeatureCells[],
	members: ArrayLike<boolean | number>,
	random: () => number,
	folds: number,
): Estimate {
	const sides = [0, 1].map((side) => rowsOf(members, side === 1))
	const [outside = 0, inside = 0] = sides.map((rows) => rows.length)
	if (Math.min(inside, outside) < 2 * folds) return undefinedEstimate
	const foldOf = new Uint8Array(members.length)
	for (const rows of sides) {
		shuffle(rows, random)
		rows.forEach((row, i) => {
			foldOf[row] = i % folds
		})
	}
	const scores = new Float64Array(members.length)
	let value = 0
	for (let fold = 0; fold < folds; fold++) {
		for (const of of features) {
			const evidence = evidenceOf(countCells(of, members, (row) => foldOf[row] !== fold))
			for (let row = 0; row < scores.length; row++)
				if (foldOf[row] === fold)
					scores[row] = (scores[row] as number) + (evidence[of.cellOf[row] as number] as number)
		}
		const held: Tied[] = []
		foldOf.forEach((at, row) => {
			const inside = members[row] ? 1 : 0
			if (at === fold) held.push({ score: scores[row] as number, inside, outside: 1 - inside })
		})
		value += aucOf(held) / folds
	}
	return { value, ...crossFittedInterval(value, inside, outside) }
}

const rowsOf = (members: ArrayLike<boolean | number>, member: boolean): number[] => {
	const rows: number[] = []
	for (let row = 0; row < members.length; row++) if (Boolean(members[row]) === member) rows.push(row)
	return rows
}

function shuffle(rows: number[], random: () => number): void {
	for (let i = rows.length - 1; i > 0; i--) {
		const j = Math.floor(random() * (i + 1))
		;[rows[i], rows[j]] = [rows[j] as number, rows[i] as number]
	}
}

/** ln of each cell's odds over the average's, with a row of the average on either side, shrunk. */
function evidenceOf(cells: readonly ProxyCell[]): number[] {
	const inside = cells.reduce((n, cell) => n + cell.inside, 0)
	const outside = cells.reduce((n, cell) => n + cell.outside, 0)
	const rate = inside / (inside + outside)
	let [chiSquare, used] = [0, 0]
	for (const cell of cells) {
		const rows = cell.inside + cell.outside
		if (rows === 0) continue
		used++
		chiSquare += (cell.inside - rows * rate) ** 2 / (rows * rate * (1 - rate))
	}
	const kept = chiSquare > used - 1 ? 1 - (used - 1) / chiSquare : 0
	return cells.map(
		(cell) =>
			kept * Math.log((cell.inside + 2 * rate) / (cell.outside + 2 * (1 - rate)) / (rate / (1 - rate))),
	)
}
