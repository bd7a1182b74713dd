import { chiSquareTail } from '../chi-square.ts'
import { total } from '../counts.ts'
import { type Calibration, probabilityAt } from './calibration.ts'
import { cellFinder, positionsOf } from './rank-axis.ts'
import { rowsOf, type ScoreTable } from './score-table.ts'
import { onKnots } from './smooth-curve.ts'

/** The share of positives in the reference, and the one that the window's scores suggest. */
export type LabelShift = { from: number; to: number }

/** Standard errors by which the mean calibrated score must have moved (p < .001). */
const minMove = 3.3
/** The mixture must fit at this level, in groups of the reference's rows. */
const level = 0.05
const groups = 20
/**
 * Log likelihood by which the mixture must fit better than a shift of the scores alone. It takes thousands of rows: mild
 * shifts of the two kinds look alike in fewer.
 */
const minGain = 1000

type Cells = { window: Float64Array; reference: Float64Array; p: Float64Array; position: Float64Array }

/**
 * Whether a window's scores have moved as label shift moves them: as a mixture of those of both classes with another share
 * of positives (Saerens et al. 2002), and more so than as a shift of the rows along the scores. Undefined when not.
 */
export function labelShift(table: ScoreTable, calibration: Calibration): LabelShift | undefined {
	const { axis, curve } = calibration
	const [n, m] = [rowsOf(table), total(axis.rows)]
	if (n === 0 || m === 0) return undefined
	const position = positionsOf(axis)
	const cells = {
		window: windowCells(table, calibration),
		reference: Float64Array.from(axis.rows),
		p: position.map((at) => probabilityAt(calibration, onKnots(at, curve))),
		position,
	}
	if (!hasMoved(cells, n, m)) return undefined
	const from = weighted(cells.reference, cells.p) / m
	const to = shareOfPositives(cells, n, from)
	const mixture = cells.reference.map((rows, c) => {
		const p = cells.p[c] as number
		return (rows / m) * ((to / from) * p + ((1 - to) / (1 - from)) * (1 - p))
	})
	if (!fits(cells, mixture, n, m)) return undefined
	const gain =
		(logLikelihood(cells.window, mixture) - logLikelihood(cells.window, tilted(cells, n, m))) / (1 + n / m)
	return gain * n > minGain ? { from, to } : undefined
}

function windowCells({ scores, selected, rejected }: ScoreTable, { axis }: Calibration): Float64Array {
	const cell = cellFinder(axis)
	const rows = new Float64Array(axis.rows.length)
	scores.forEach((score, i) => {
		const at = cell(score)
		rows[at] = (rows[at] as number) + (selected[i] as number) + (rejected[i] as number)
	})
	return rows
}

const weighted = (rows: Float64Array, values: Float64Array): number =>
	rows.reduce((sum, n, c) => sum + n * (values[c] as number), 0)

function hasMoved({ window, reference, p }: Cells, n: number, m: number): boolean {
	const [now, before] = [weighted(window, p) / n, weighted(reference, p) / m]
	const variance = (rows: Float64Array, mean: number) =>
		rows.reduce((sum, count, c) => sum + count * ((p[c] as number) - mean) ** 2, 0)
	const error = Math.sqrt(variance(window, now) / n ** 2 + variance(reference, before) / m ** 2)
	return Math.abs(now - before) > minMove * error
}

/** The likeliest share of positives, by expectation and maximisation. */
function shareOfPositives({ window, p }: Cells, n: number, from: number): number {
	let share = from
	for (let round = 0; round < 200; round++) {
		const [positive, negative] = [share / from, (1 - share) / (1 - from)]
		const chance = p.map((q) => (positive * q) / (positive * q + negative * (1 - q)))
		const next = weighted(window, chance) / n
		const step = Math.abs(next - share)
		share = next
		if (step < 1e-6) break
	}
	return share
}

/** Chi-square test of the window's rows against the expected shares, allowing for the reference's own sampling error. */
function fits({ window, reference }: Cells, shares: Float64Array, n: number, m: number): boolean {
	const sums = Array.from({ length: groups }, () => ({ seen: 0, share: 0, rows: 0 }))
	let before = 0
	reference.forEach((rows, c) => {
		const sum = sums[
			Math.min(groups - 1, Math.floor(((before + rows / 2) / m) * groups))
		] as (typeof sums)[number]
		before += rows
		sum.seen += window[c] as number
		sum.share += shares[c] as number
		sum.rows += rows
	})
	const used = sums.filter(({ rows }) => rows > 0)
	const statistic = used.reduce(
		(sum, { seen, share, rows }) => sum + (seen - n * share) ** 2 / (n * share + (n * share) ** 2 / rows),
		0,
	)
	return chiSquareTail(statistic, used.length - 2) > level
}

/** The reference's shares, tilted along the scores' ranks until their mean rank is the window's. */
function tilted({ window, reference, position }: Cells, n: number, m: number): Float64Array {
	const target = weighted(window, position) / n
	let slope = 0
	let shares = reference.map((rows) => rows / m)
	for (let round = 0; round < 50; round++) {
		const raw = reference.map((rows, c) => rows * Math.exp(slope * (position[c] as number)))
		const sum = total(raw)
		shares = raw.map((x) => x / sum)
		const mean = weighted(shares, position)
		const variance = shares.reduce((v, share, c) => v + share * ((position[c] as number) - mean) ** 2, 0)
		const step = variance > 0 ? (target - mean) / variance : 0
		slope += Math.max(-1, Math.min(1, step))
		if (Math.abs(step) < 1e-8) break
	}
	return shares
}

const logLikelihood = (rows: Float64Array, shares: Float64Array): number =>
	rows.reduce((sum, n, c) => sum + (n > 0 ? n * Math.log(shares[c] as number) : 0), 0)
