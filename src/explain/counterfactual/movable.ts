import type { FeatureLimit } from '../manifest.ts'
import type { DeclaredFeature, Model } from '../model.ts'
import { isProtectedName } from '../reasons/refused-text.ts'

type Row = Readonly<Record<string, unknown>>

/** The values of a feature among logged rows, which define how far a change is. */
export type Observed =
	| {
			kind: 'number'
			/** A typical distance between two people. */
			scale: number
			low: number
			high: number
			/** All values are whole numbers, so changes must be too. */
			whole: boolean
			/** Some quantiles, from the lowest value to the highest. */
			values: readonly number[]
	  }
	| { kind: 'category'; values: readonly unknown[] }

/** Normal data have a MAD of .6745 standard deviations (Rousseeuw & Croux 1993), and an interquartile range of 1.349. */
const madOfNormal = 0.6744897501960817
const maxValues = 17
const maxCategories = 50

/** Observes `features` in rows. A feature that no row has is left out. */
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
	// Counts are mostly 0, and their MAD is 0: use the quartiles, the range, or the value itself instead.
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

/** A feature that may change, its value and its limits. */
export type Movable = { feature: string; index: number } & (
	| {
			kind: 'number'
			from: number
			low: number
			high: number
			/** Changed values are multiples of it; 0: any number. */
			step: number
			scale: number
			/** The only possible values, when limits name them. */
			only: readonly number[] | undefined
	  }
	| { kind: 'category'; from: unknown; values: readonly unknown[] }
)

type Bounds = {
	model: Model
	row: Row
	limits: Readonly<Record<string, FeatureLimit>>
	/** Default: every feature. */
	movable?: readonly string[] | undefined
	/** The model's sensitive attributes. They never change, nor do features with a protected name. */
	frozen: readonly string[]
	declared: readonly DeclaredFeature[]
	observed: ReadonlyMap<string, Observed>
}

const limitOf = (limits: Bounds['limits'], feature: string): FeatureLimit =>
	Object.hasOwn(limits, feature) ? (limits[feature] as FeatureLimit) : {}

/**
 * The features that may change. Missing values stay, since their value is unknown, and so do linked features, since they
 * cannot change alone.
 */
export function movableFeatures(bounds: Bounds): Movable[] {
	const { model, row, limits, movable, frozen } = bounds
	const linked = new Set(
		Object.entries(limits).flatMap(([name, { linked = [] }]) => (linked.length > 0 ? [name, ...linked] : [])),
	)
	const missing = new Set(
		model
			.encode(row)
			.notes.filter((n) => n.code === 'missing')
			.map((n) => n.feature),
	)
	return model.features.flatMap((feature, index): Movable[] => {
		const limit = limitOf(limits, feature)
		const stays =
			limit.immutable === true ||
			movable?.includes(feature) === false ||
			linked.has(feature) ||
			missing.has(feature) ||
			frozen.includes(feature) ||
			isProtectedName(feature)
		const from = Object.hasOwn(row, feature) ? row[feature] : undefined
		if (stays || from === undefined || from === null) return []
		const categories = categoriesOf(bounds, feature, index)
		if (categories) return [{ feature, index, kind: 'category', from, values: categories }]
		if (typeof from !== 'number') return []
		const numeric = numberOf(bounds, feature, from, limit)
		return numeric ? [{ feature, index, ...numeric }] : []
	})
}

/** The possible values of a feature that is not a number, as they are logged; undefined for numbers. */
function categoriesOf(
	{ model, row, limits, declared, observed }: Bounds,
	feature: string,
	index: number,
): unknown[] | undefined {
	const from = row[feature]
	const known = knownCategories(model, index)
	const seen = observed.get(feature)
	if (known === undefined && typeof from === 'number') return undefined
	const spec = declared.find((d) => d.name === feature)
	const values: readonly unknown[] =
		limitOf(limits, feature).values ??
		(typeof from === 'boolean'
			? [true, false]
			: (known ?? spec?.values ?? (seen?.kind === 'category' ? seen.values : [])))
	const written = values.map((v) => likeLogged(v, from)).filter((v) => String(v) !== String(from))
	return [...new Set(written)]
}

function knownCategories({ structure }: Model, index: number): readonly string[] | undefined {
	if (structure?.kind === 'trees') return structure.sources[index]?.categories
	const part = structure?.parts[index]
	return part?.kind === 'categories' ? part.categories : undefined
}

/** Categories are texts in a model file; in the log they may be numbers. */
function likeLogged(value: unknown, from: unknown): unknown {
	if (typeof from === 'number' && typeof value === 'string' && String(Number(value)) === value)
		return Number(value)
	if (typeof from === 'string') return String(value)
	return value
}

function numberOf(
	{ observed, declared }: Bounds,
	feature: string,
	from: number,
	limit: FeatureLimit,
): Omit<Extract<Movable, { kind: 'number' }>, 'feature' | 'index'> | undefined {
	const seen = observed.get(feature)
	const range = seen?.kind === 'number' ? seen : undefined
	const spec = declared.find((d) => d.name === feature)
	// Values never seen may be impossible: without limits, a feature stays in the range of other rows.
	const low = limit.min ?? spec?.min ?? range?.low ?? Number.NEGATIVE_INFINITY
	const high = limit.max ?? spec?.max ?? range?.high ?? Number.POSITIVE_INFINITY
	const scale = range?.scale ?? (Math.abs(from) || 1)
	return {
		kind: 'number',
		from,
		low: limit.direction === 'increase' ? Math.max(low, from) : low,
		high: limit.direction === 'decrease' ? Math.min(high, from) : high,
		step: limit.step ?? (range?.whole && Number.isInteger(from) ? 1 : 0),
		scale,
		only: limit.values?.filter((v): v is number => typeof v === 'number'),
	}
}
