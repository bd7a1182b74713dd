import { total } from '../counts.ts'
import { rocAuc } from '../performance/roc.ts'
import { countScores } from '../score-counts.ts'
import { fitBoostedTrees, predictBoostedTrees } from './boosted-trees.ts'

/** One feature of some rows: numbers, or texts of categories; null where it is missing. */
export type Feature = { name: string; reference: readonly Value[]; window: readonly Value[] }
export type Value = number | string | null

/** How far the rows of a window are from those of a reference, by what is seen of them. */
export type PopulationShift = {
	/** Share of the window's rows with a value that the reference's range or categories do not hold. */
	outside: number
	/** The feature with most such rows. */
	feature: string
	/** Cross-validated AUC of trees that tell the window's rows from the reference's, by features and by scores alone. */
	domainAuc: number
	scoreAuc: number
	/** Kish's effective share of the reference's rows once they are weighted to the window (importance weights). */
	effective: number
}

const folds = 2
const parts = 20

/**
 * Compares two samples of rows, by a classifier as in covariate shift (Bickel et al. 2009; Lopez-Paz and Oquab 2017).
 * `scores` are what the estimate knows of a row already. Rows alternate between the folds: no chance is needed.
 */
export function populationShift(features: readonly Feature[], scores: readonly Feature[]): PopulationShift {
	const [first] = features
	const rows = { m: first?.reference.length ?? 0, n: first?.window.length ?? 0 }
	const outside = outsideRows(features, rows.n)
	const classified = classify(features.map(encoded), rows)
	return {
		...outside,
		domainAuc: classified.auc,
		scoreAuc: classify(scores.map(encoded), rows).auc,
		effective: classified.effective,
	}
}

function outsideRows(features: readonly Feature[], n: number): { outside: number; feature: string } {
	const isOutside = new Uint8Array(n)
	let [max, feature] = [0, '']
	for (const { name, reference, window } of features) {
		const numbers = reference.filter((v): v is number => typeof v === 'number')
		const [low, high] = [min(numbers), -min(numbers.map((v) => -v))]
		const texts = new Set(reference.filter((v) => typeof v === 'string'))
		let count = 0
		if (numbers.length + texts.size === 0) continue
		window.forEach((value, i) => {
			const isIn =
				value === null || (typeof value === 'number' ? value >= low && value <= high : texts.has(value))
			if (isIn) return
			isOutside[i] = 1
			count++
		})
		if (count > max) [max, feature] = [count, name]
	}
	return { outside: n > 0 ? isOutside.reduce((sum, x) => sum + x, 0) / n : 0, feature }
}

const min = (values: readonly number[]): number =>
	values.reduce((low, v) => Math.min(low, v), Number.POSITIVE_INFINITY)

/** The reference's rows, then the window's, as numbers: categories by how many of the reference's rows have them. */
function encoded({ reference, window }: Feature): Float64Array {
	const counts = new Map<string, number>()
	for (const value of reference)
		if (typeof value === 'string') counts.set(value, (counts.get(value) ?? 0) + 1)
	const ranked = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
	const codes = new Map(ranked.map(([text], i) => [text, i + 1]))
	const lowest = min(reference.filter((v): v is number => typeof v === 'number'))
	const missing = Number.isFinite(lowest) ? Math.min(lowest * 2, lowest - 1) : -1
	const code = (value: Value) =>
		value === null ? missing : typeof value === 'number' ? value : (codes.get(value) ?? 0)
	return Float64Array.from([...reference, ...window], (value) =>
		Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, code(value))),
	)
}

function classify(columns: readonly Float64Array[], { m, n }: { m: number; n: number }) {
	if (columns.length === 0 || m < 2 * folds || n < 2 * folds) return { auc: 0.5, effective: 1 }
	const isWindow = Uint8Array.from({ length: m + n }, (_, i) => Number(i >= m))
	const chance = new Float64Array(m + n)
	for (let fold = 0; fold < folds; fold++) {
		const rows = Uint32Array.from(isWindow.keys())
		const [train, test] = [rows.filter((i) => i % folds !== fold), rows.filter((i) => i % folds === fold)]
		const of = (part: Uint32Array) =>
			columns.map((column) => Float64Array.from(part, (i) => column[i] as number))
		const trees = fitBoostedTrees(
			of(train),
			Float64Array.from(train, (i) => isWindow[i] as number),
		)
		predictBoostedTrees(trees, of(test)).forEach((p, at) => {
			chance[test[at] as number] = p
		})
	}
	return { auc: rocAuc(countScores(chance, isWindow)).value, effective: effectiveShare(chance, isWindow) }
}

/**
 * Weights are the ratio of both sides' shares in parts of like chance: the trees order rows well, but their chances near
 * 0 and 1 are too sure of themselves.
 */
function effectiveShare(chance: Float64Array, isWindow: Uint8Array): number {
	const order = Uint32Array.from(chance.keys()).sort((a, b) => (chance[a] as number) - (chance[b] as number))
	const sides = [new Float64Array(parts).fill(0.5), new Float64Array(parts).fill(0.5)]
	order.forEach((row, rank) => {
		const side = sides[isWindow[row] as number] as Float64Array
		const part = Math.floor((rank / order.length) * parts)
		side[part] = (side[part] as number) + 1
	})
	const [reference, window] = sides.map((side) => side.map((rows) => rows / total(side)))
	const squares = reference?.reduce((sum, share, k) => sum + (window?.[k] as number) ** 2 / share, 0)
	return 1 / (squares ?? 1)
}

export const maxOutside = 0.05
const maxAuc = 0.85
const minEffective = 0.1
/** Scores that tell the two sides apart as well as the features do hold what the features say. */
const minBeyondScores = 0.05

/** Whether the features tell the two sides apart, further than the scores do. */
export const isFar = (shift: Pick<PopulationShift, 'domainAuc' | 'scoreAuc' | 'effective'>): boolean =>
	shift.domainAuc - shift.scoreAuc >= minBeyondScores &&
	(shift.domainAuc > maxAuc || shift.effective < minEffective)

export const percent = (share: number) => `${Math.round(100 * share)}%`

/** Why an estimate for such a population should not be believed; empty when nothing seen speaks against it. */
export function shiftReason(shift: PopulationShift, { features, rows }: { features: number; rows: number }) {
	// A reference sample does not hold the extremes of its population.
	if (shift.outside > maxOutside + (4 * features) / rows)
		return `${percent(shift.outside)} of the rows have values that are not in the reference, most of them in "${shift.feature}"`
	if (isFar(shift))
		return `the features separate these rows from the reference (AUC ${shift.domainAuc.toFixed(2)}, by scores alone ${shift.scoreAuc.toFixed(2)}); weighted to match them, the reference is worth ${percent(shift.effective)} of its rows`
	return ''
}
