type Row = Readonly<Record<string, unknown>>

/** What a feature is like among logged rows: the measure of how far a change is. */
export type Observed =
	| {
			kind: 'number'
			/** A typical distance between two people. */
			scale: number
			low: number
			high: number
			/** All values are whole numbers: half a dependant is no advice. */
			whole: boolean
			/** Some values from the lowest to the highest. */
			values: readonly number[]
	  }
	| { kind: 'category'; values: readonly unknown[] }

/** Normal data have a MAD of .6745 standard deviations (Rousseeuw & Croux 1993), and an interquartile range of 1.349. */
const madOfNormal = 0.6744897501960817
const maxValues = 17
const maxCategories = 50

/** Reads off rows what `features` are like. A feature that no row has is left out. */
export function observe(rows: readonly Row[], features: readonly string[]): Map<string, Observed> {
	const observed = new Map<string, Observed>()
	for (const feature of features) {
		const values = rows
			.map((row) => (Object.hasOwn(row, feature) ? row[feature] : undefined))
			.filter((v) => v !== undefined && v !== null)
		const numbers = values.filter((v): v is number => typeof v === 'number' && Number.isFinite(v))
		if (values.length === 0) continue
		observed.set(
			feature,
			numbers.length === values.length ? ofNumbers(numbers) : { kind: 'category', values: commonest(values) },
		)
	}
	return observed
}

function ofNumbers(numbers: readonly number[]): Observed {
	const sorted = Float64Array.from(numbers).sort()
	const low = sorted[0] as number
	const high = sorted.at(-1) as number
	const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number
	const median = at(0.5)
	const mad =
		(sorted.map((x) => Math.abs(x - median)).sort()[Math.round((sorted.length - 1) / 2)] as number) /
		madOfNormal
	// Counts are mostly 0 and have no MAD: then the quartiles, the span, or the value itself say what is much.
	const scale = mad || (at(0.75) - at(0.25)) / (2 * madOfNormal) || (high - low) / 4 || Math.abs(median) || 1
	const values = Array.from({ length: maxValues }, (_, i) => at(i / (maxValues - 1)))
	return {
		kind: 'number',
		scale,
		low,
		high,
		whole: numbers.every(Number.isInteger),
		values: [...new Set(values)],
	}
}

function commonest(values: readonly unknown[]): unknown[] {
	const counts = new Map<unknown, number>()
	for (const v of values) if (typeof v !== 'object') counts.set(v, (counts.get(v) ?? 0) + 1)
	return [...counts]
		.sort((a, b) => b[1] - a[1])
		.slice(0, maxCategories)
		.map(([v]) => v)
}
