/** A feature of all rows: numbers with NaN for missing, or codes into `names` with any other code for missing. */
export type Column =
	| { name: string; values: Float64Array }
	| { name: string; codes: ArrayLike<number>; names: readonly string[] }

export type Condition =
	| { feature: string; op: '<=' | '>'; value: number }
	| { feature: string; op: 'in'; value: string[] }
	| { feature: string; op: 'missing'; value: null }

/** A condition as a range of bins, ends included. */
export type BinTest = { column: number; from: number; to: number; condition: Condition }

/** A column as a bin per row (the last bin is missing) and the tests that may split on it. */
export type Binned = { bins: Uint8Array; size: number; tests: BinTest[] }

/** Ends of equally filled bins; a category beyond this many most frequent has no test of its own. */
const maxBins = 32
const sampled = 20_000

export function binColumn(column: Column, index: number, rows: Uint32Array): Binned {
	return 'values' in column ? binNumbers(column, index, rows) : binCodes(column, index, rows)
}

const missing = (feature: string, index: number, bin: number): BinTest => ({
	column: index,
	from: bin,
	to: bin,
	condition: { feature, op: 'missing', value: null },
})

function binNumbers(
	{ name, values }: Extract<Column, { values: Float64Array }>,
	index: number,
	rows: Uint32Array,
): Binned {
	const cuts = cutsOf(values, rows)
	const last = cuts.length + 1
	const bins = new Uint8Array(values.length)
	for (let i = 0; i < values.length; i++) {
		const x = values[i] as number
		bins[i] = Number.isNaN(x) ? last : placeOf(cuts, x)
	}
	const tests = cuts.flatMap((value, k): BinTest[] => [
		{ column: index, from: 0, to: k, condition: { feature: name, op: '<=', value } },
		{ column: index, from: k + 1, to: last - 1, condition: { feature: name, op: '>', value } },
	])
	return { bins, size: last + 1, tests: [...tests, missing(name, index, last)] }
}

/** Distinct quantiles of (a sample of) the rows, without the greatest: nothing lies above it. */
function cutsOf(values: Float64Array, rows: Uint32Array): number[] {
	const step = Math.max(1, Math.floor(rows.length / sampled))
	const seen: number[] = []
	for (let i = 0; i < rows.length; i += step) {
		const x = values[rows[i] as number] as number
		if (!Number.isNaN(x)) seen.push(x)
	}
	const sorted = Float64Array.from(seen).sort()
	const distinct = [...new Set(sorted)].slice(0, maxBins + 1)
	if (distinct.length <= maxBins) return distinct.slice(0, -1)
	const greatest = sorted.at(-1)
	const cuts = Array.from({ length: maxBins - 1 }, (_, k) =>
		Number(sorted[Math.floor(((k + 1) * sorted.length) / maxBins)]),
	)
	return [...new Set(cuts)].filter((cut) => cut !== greatest)
}

/** How many cuts lie below x: the bin of (cut before, cut]. */
function placeOf(cuts: readonly number[], x: number): number {
	let [low, high] = [0, cuts.length]
	while (low < high) {
		const middle = (low + high) >> 1
		if ((cuts[middle] as number) < x) low = middle + 1
		else high = middle
	}
	return low
}

function binCodes(
	{ name, codes, names }: Extract<Column, { codes: ArrayLike<number> }>,
	index: number,
	rows: Uint32Array,
): Binned {
	const counts = new Float64Array(names.length)
	for (const row of rows) {
		const code = codes[row] as number
		if (code in counts) counts[code] = (counts[code] as number) + 1
	}
	const kept = [...counts.keys()].sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0)).slice(0, maxBins)
	const [rest, none] = [kept.length, kept.length + 1]
	const binOf = new Uint8Array(names.length).fill(rest)
	kept.forEach((code, bin) => {
		binOf[code] = bin
	})
	const bins = Uint8Array.from(codes, (code) => binOf[code] ?? none)
	const tests = kept.map((code, bin): BinTest => {
		const value = [names[code] ?? '']
		return { column: index, from: bin, to: bin, condition: { feature: name, op: 'in', value } }
	})
	return { bins, size: none + 1, tests: [...tests, missing(name, index, none)] }
}

const words = (condition: Condition): string => {
	if (condition.op === 'missing') return `${condition.feature} is missing`
	if (condition.op === 'in') return `${condition.feature} is ${condition.value.join(' or ')}`
	return `${condition.feature} ${condition.op} ${Number(condition.value.toPrecision(6))}`
}

export const textOf = (conditions: readonly Condition[]): string => conditions.map(words).join(' and ')
