import { textHash } from '../inputs/bin-of.ts'
import { addCell, type OutcomeSummary, type ScoreCells } from './outcome-summary.ts'

/** Up to this many distinct scores (or, for ranking, query-score pairs) a tally is exact. */
export const maxCells = 65_536
const bitsDropped = [0, 28, 32, 36, 38, 40, 42, 44, 46]
const lastLevel = bitsDropped.length - 1

const double = new Float64Array(1)
const bits = new BigUint64Array(double.buffer)

/** The score that stands for all that agree with it in the mantissa bits kept at a level: the middle of their range. */
export function scoreAt(level: number, score: number): number {
	const drop = bitsDropped[level] as number
	if (drop === 0 || !Number.isFinite(score) || score === 0) return score
	double[0] = score
	const shift = BigInt(drop)
	bits[0] = (((bits[0] as bigint) >> shift) << shift) | (1n << (shift - 1n))
	return double[0] as number
}

/** Significant decimal digits that are left of a score at a level. */
export const keptDigits = (level: number): number =>
	Math.floor((53 - (bitsDropped[level] as number)) * Math.log10(2))

const sizeOf = (maps: Iterable<ScoreCells>): number => {
	let size = 0
	for (const cells of maps) size += cells.size
	return size
}

/** Whether a query is in the sample of a level: a half of those of the level before, the same in every part. */
export const isSampled = (level: number, query: string): boolean =>
	level === 0 || textHash(query) % 2 ** level === 0

/** Raises a tally to a level, uniting scores that are then the same and leaving out queries. */
export function raiseTo(outcomeSummary: OutcomeSummary, level: number): void {
	if (level <= outcomeSummary.level) return
	outcomeSummary.level = level
	for (const query of outcomeSummary.queries.keys())
		if (!isSampled(level, query)) outcomeSummary.queries.delete(query)
	for (const map of [outcomeSummary.cells, outcomeSummary.classes])
		for (const [key, cells] of map) {
			const united: ScoreCells = new Map()
			for (const [score, cell] of cells)
				for (let i = 0; i < cell.length; i++) addCell(united, scoreAt(level, score), i - 1, cell[i] as number)
			map.set(key, united)
		}
}

/**
 * Unites scores until they are at most `mostCells`. Levels are nested, and a whole has at least as many cells as its
 * parts: so a sum of tallies is the same in whatever order they are added and united.
 */
export function bound(outcomeSummary: OutcomeSummary): void {
	while (
		outcomeSummary.level < lastLevel &&
		(sizeOf(outcomeSummary.cells.values()) > maxCells ||
			sizeOf(outcomeSummary.queries.values()) > maxCells ||
			[...outcomeSummary.classes.values()].some((c) => c.size > maxCells))
	)
		raiseTo(outcomeSummary, outcomeSummary.level + 1)
}
