import type { Binned, BinTest } from './columns.ts'

/** A conjunction with its rows, and how far its mean loss lies above that of the rest, in standard errors. */
export type Candidate = { tests: BinTest[]; rows: Uint32Array; score: number }

export type SearchOptions = { depth: number; minRows: number; carried: number }

/** Conjunctions grown on at each depth. */
const beam = 10

/** What a further condition must gain within its segment, in standard errors: about the highest of hundreds by chance. */
const refines = 4

/** On rows outside better segments, a candidate must still score this, and half of its score on all its rows. */
const stillWorse = 2

type Totals = { n: number; sum: number; variance: number }

/**
 * Beam search for conjunctions of at most `depth` conditions with a high mean loss, best first, none that is mostly
 * another's shadow: as weighted covering in subgroup discovery (Lavrac et al. 2004). The scores are of rows that were
 * searched: no evidence.
 */
export function searchSegments(
	columns: readonly Binned[],
	loss: Float64Array,
	rows: Uint32Array,
	options: SearchOptions,
): Candidate[] {
	const totals = totalsOf(loss, rows)
	if (!(totals.variance > 0)) return []
	const found = new Map<string, Candidate>()
	let parents: Candidate[] = [{ tests: [], rows, score: 0 }]
	for (let depth = 1; depth <= options.depth; depth++) {
		const grown = new Map<string, Grown>()
		for (const parent of parents)
			for (const child of childrenOf(parent, columns, loss, totals, options.minRows))
				grown.set(keyOf(child.tests), child)
		parents = [...grown.values()]
			.sort((a, b) => b.score - a.score)
			.slice(0, beam)
			.map(({ tests, parent, score }) => ({ tests, score, rows: rowsOf(parent, tests.at(-1), columns) }))
		for (const candidate of parents) {
			const pruned = withoutIdle(candidate, columns, loss, rows, totals)
			found.set(keyOf(pruned.tests), pruned)
		}
	}
	const best = [...found.values()].sort((a, b) => b.score - a.score || a.tests.length - b.tests.length)
	return dropOverlapping(best, loss, rows, options)
}

/** Without the conditions that gain too little once the others are there, weakest first. */
function withoutIdle(
	candidate: Candidate,
	columns: readonly Binned[],
	loss: Float64Array,
	rows: Uint32Array,
	totals: Totals,
): Candidate {
	if (candidate.tests.length < 2) return candidate
	const own = totalsOf(loss, candidate.rows)
	const wider = candidate.tests.map((idle) => {
		const tests = candidate.tests.filter((test) => test !== idle)
		const around = matching(tests, columns, rows)
		return { tests, rows: around, gain: scoreOf(own.n, own.sum, totalsOf(loss, around)) }
	})
	const min = wider.reduce((a, b) => (b.gain < a.gain ? b : a))
	if (min.gain >= refines) return candidate
	const score = scoreOf(min.rows.length, totalsOf(loss, min.rows).sum, totals)
	return withoutIdle({ tests: min.tests, rows: min.rows, score }, columns, loss, rows, totals)
}

type Grown = { tests: BinTest[]; parent: Uint32Array; score: number }

const keyOf = (tests: readonly BinTest[]): string =>
	tests
		.map(({ column, from, to }) => `${column}:${from}-${to}`)
		.sort()
		.join()

/** The best child by each feature and operator: neighbouring cuts would fill the beam with one segment. */
function childrenOf(
	parent: Candidate,
	columns: readonly Binned[],
	loss: Float64Array,
	totals: Totals,
	minRows: number,
): Grown[] {
	const children: Grown[] = []
	const within = totalsOf(loss, parent.rows)
	columns.forEach((column, index) => {
		const used = parent.tests.filter((test) => test.column === index).map(({ condition }) => condition.op)
		if (used.includes('in') || used.includes('missing') || used.length > 1) return
		const { counts, sums } = runningSums(column, loss, parent.rows)
		const best = new Map<string, Grown>()
		for (const test of column.tests) {
			const { op } = test.condition
			if (used.includes(op) || (used.length > 0 && op === 'missing')) continue
			const n = (counts[test.to + 1] as number) - (counts[test.from] as number)
			if (n < minRows || n === parent.rows.length) continue
			const sum = (sums[test.to + 1] as number) - (sums[test.from] as number)
			if (parent.tests.length > 0 && scoreOf(n, sum, within) < refines) continue
			const score = scoreOf(n, sum, totals)
			const key = op === 'in' ? `in ${test.from}` : op
			if (score > Math.max(parent.score, best.get(key)?.score ?? 0))
				best.set(key, { tests: [...parent.tests, test], parent: parent.rows, score })
		}
		children.push(...best.values())
	})
	return children
}

/** Rows and loss before each bin. */
function runningSums({ bins, size }: Binned, loss: Float64Array, rows: Uint32Array) {
	const counts = new Float64Array(size + 1)
	const sums = new Float64Array(size + 1)
	for (let i = 0; i < rows.length; i++) {
		const row = rows[i] as number
		const after = (bins[row] as number) + 1
		counts[after] = (counts[after] as number) + 1
		sums[after] = (sums[after] as number) + (loss[row] as number)
	}
	for (let k = 1; k <= size; k++) {
		counts[k] = (counts[k] as number) + (counts[k - 1] as number)
		sums[k] = (sums[k] as number) + (sums[k - 1] as number)
	}
	return { counts, sums }
}

function totalsOf(loss: Float64Array, rows: Uint32Array): Totals {
	let sum = 0
	for (const row of rows) sum += loss[row] as number
	let squares = 0
	for (const row of rows) squares += ((loss[row] as number) - sum / rows.length) ** 2
	return { n: rows.length, sum, variance: squares / (rows.length - 1) }
}

/** With the variance of all rows: a small segment's own may be nothing by luck. */
function scoreOf(n: number, sum: number, totals: Totals): number {
	const rest = totals.n - n
	if (!(n > 0 && rest > 0)) return 0
	return (sum / n - (totals.sum - sum) / rest) / Math.sqrt(totals.variance * (1 / n + 1 / rest))
}

function rowsOf(rows: Uint32Array, test: BinTest | undefined, columns: readonly Binned[]): Uint32Array {
	const bins = test && columns[test.column]?.bins
	return bins ? rows.filter((row) => inTest(bins, row, test)) : rows
}

const inTest = (bins: Uint8Array, row: number, { from, to }: BinTest): boolean =>
	(bins[row] as number) >= from && (bins[row] as number) <= to

/** Rows that satisfy every test. */
export const matching = (
	tests: readonly BinTest[],
	columns: readonly Binned[],
	rows: Uint32Array,
): Uint32Array => tests.reduce((left, test) => rowsOf(left, test, columns), rows)

/** The candidates, best first, that still stand out without the rows of better ones. */
function dropOverlapping(
	candidates: readonly Candidate[],
	loss: Float64Array,
	rows: Uint32Array,
	{ carried, minRows }: SearchOptions,
): Candidate[] {
	const covered = new Uint8Array(loss.length)
	const free = (row: number) => covered[row] === 0
	const chosen: Candidate[] = []
	let totals = totalsOf(loss, rows)
	for (const candidate of candidates) {
		if (chosen.length === carried) break
		const own = candidate.rows.filter(free)
		if (own.length < minRows) continue
		const left = scoreOf(own.length, totalsOf(loss, own).sum, totals)
		if (left < Math.max(stillWorse, candidate.score / 2)) continue
		chosen.push(candidate)
		for (const row of candidate.rows) covered[row] = 1
		totals = totalsOf(loss, rows.filter(free))
	}
	return chosen
}
