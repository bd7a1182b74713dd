import type { DeclaredFeature } from '../declared-feature.ts'
import type { FeatureLimit } from '../manifest.ts'
import type { Model } from '../model.ts'
import { isProtectedName } from '../reasons/refused-text.ts'
import type { Observed } from './observed.ts'

type Row = Readonly<Record<string, unknown>>

/** A feature that may be moved, from where and how far. */
export type Movable = { feature: string; index: number } & (
	| {
			kind: 'number'
			from: number
			low: number
			high: number
			/** Moved values are whole multiples of it; 0: any number. */
			step: number
			scale: number
			/** The only values that can be reached, where limits name them. */
			only: readonly number[] | undefined
	  }
	| { kind: 'category'; from: unknown; values: readonly unknown[] }
)

export type Bounds = {
	model: Model
	row: Row
	limits: Readonly<Record<string, FeatureLimit>>
	/** Default: every feature. */
	movable?: readonly string[] | undefined
	/** The model's sensitive attributes: never moved, and neither is what is protected by its name. */
	frozen: readonly string[]
	declared: readonly DeclaredFeature[]
	observed: ReadonlyMap<string, Observed>
}

const limitOf = (limits: Bounds['limits'], feature: string): FeatureLimit =>
	Object.hasOwn(limits, feature) ? (limits[feature] as FeatureLimit) : {}

/**
 * The features that may be moved. Missing values stay: what would be put in their place is not known. So do linked
 * features, for they cannot be moved alone.
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

/** What can be reached of a feature that is no number, written as it is logged; undefined for numbers. */
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

/** Categories are texts in a model's file; in the log they may be numbers. */
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
	// What was never seen may be impossible: without limits of its own, a feature stays among the values of others.
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
