import { type Estimate, undefinedEstimate } from '../estimate.ts'
import { aucOf, crossFittedInterval, type Tied } from './auc-interval.ts'
import { simultaneousZ } from './disparity.ts'
import { type ProxyCell, proxyAuc } from './proxy-auc.ts'

/** A feature by the cell of each row: whole numbers from 0, below `cells`; missing values have a cell of their own. */
export type FeatureCells = { feature: string; cells: number; cellOf: ArrayLike<number> }

export type Proxies = { auc: Estimate; top: { feature: string; auc: Estimate }[] }

export type ProxyOptions = { folds?: number; top?: number }

/**
 * What the features give away of a group: `auc`, how well all of them together tell its members (95% interval of what is learnt), and
 * the features that do so best on their own, best first (proxyAuc; their intervals share the 5% error over all features). Together: naive Bayes over the cells, learnt in all
 * folds but the one judged; each feature's evidence is shrunk by the share of its chi-square that chance explains
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
