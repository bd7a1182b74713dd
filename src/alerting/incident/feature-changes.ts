import { getOrInsert } from '../../core/maps.ts'
import type { IncidentChange } from '../../db/schema.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import { type Aspect, type Found, findChanges, sizeOf } from './find-changes.ts'
import {
	type Comparison,
	type Dimension,
	referenceSide,
	type Side,
	sideOf,
	type WindowRows,
} from './window-rows.ts'

type Change = Omit<IncidentChange, 'since'>
type Rows = ArrayLike<number> & Iterable<number>

/** The other places count as unchanged if they differ by at most this share of the change. */
const maxElsewhere = 1 / 3
const maxValues = 200
const maxPlaces = 5
/** The last part of a window, for changes that began in the middle of it. */
const lastPart = 0.25
const minInPart = 60

/** How a feature changed, by aspect: over all rows, or only in the places that changed if the others did not. */
export function featureChanges(comparison: Comparison, spec: FeatureSpec): Change[] {
	const { after } = comparison
	const rows = spec.name.startsWith('$') ? after.all : after.withFeatures
	const whole = changesIn(comparison, spec, rows)
	if (!whole.some((c) => c.kind === 'shift') || rows.length * lastPart < minInPart) return whole
	const at = (row: number) => after.batch.timestamps[row] as number
	const late = [...rows].sort((a, b) => at(a) - at(b)).slice(-Math.floor(rows.length * lastPart))
	const now = changesIn(comparison, spec, late)
	// If the change began within the window, its last part can show what the whole does not.
	return now.some((c) => c.kind === 'unit' || c.kind === 'truncation' || c.kind === 'constant') ? now : whole
}

function changesIn(comparison: Comparison, spec: FeatureSpec, rows: Rows): Change[] {
	const { after, before, reference } = comparison
	const column = reference.columns.find((c) => c.bins.name === spec.name)
	const baseline = column && referenceSide(column)
	const values = after.valuesOf(spec)
	const own = before && sideOf(before.valuesOf(spec), rowsFor(before, spec))
	const base = baseline && baseline.rows > 0 ? baseline : own
	if (!base) return []
	const known =
		spec.type !== 'numeric' && baseline && baseline.rows > 0 ? new Set(baseline.categories.keys()) : undefined
	// Free text can be about people: its content is neither compared nor shown.
	const found = findChanges(base, sideOf(values, rows), known).filter(
		({ aspect }) => spec.type !== 'text' || aspect === 'missing' || aspect === 'type',
	)
	const places = found.length === 0 ? [] : splitAll(comparison, spec, rows, base)
	return found.flatMap((change): Change[] => {
		const where = whereIs(change.aspect, places, known)
		return where ? placeChanges(spec.name, where) : [toChange(spec.name, change)]
	})
}

const rowsFor = (rows: WindowRows, { name }: FeatureSpec) =>
	name.startsWith('$') ? rows.all : rows.withFeatures

/** One value of a dimension, with its rows of the window and both sides of the comparison. */
type Subset = {
	segment?: { name: string; value: string }
	group?: string
	name: string
	rows: number[]
	before: Side
	after: Side
}
/** The places of one dimension; `restOf` answers both sides of all other rows. */
type Split = { places: Subset[]; restOf: (held: readonly Subset[]) => { before: Side; after: Side } }

function splitAll(
	{ after, before, dimensions }: Comparison,
	spec: FeatureSpec,
	rows: Rows,
	base: Side,
): Split[] {
	const ofNow = (list: Iterable<number>) => sideOf(after.valuesOf(spec), list)
	const ofBefore = (list: Iterable<number>) => (before ? sideOf(before.valuesOf(spec), list) : base)
	return dimensions.map((dimension) => {
		const now = byPlace(after.placesOf(dimension), rows)
		const earlier = before && byPlace(before.placesOf(dimension), rowsFor(before, spec))
		const isEnough = (list: readonly number[] = []) => list.length >= defaultMinGroup
		const places = [...now]
			.filter(([name, list]) => isEnough(list) && (!earlier || isEnough(earlier.get(name))))
			.sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))
			.slice(0, maxValues)
			.map(([name, list]) => ({
				...placed(dimension, name),
				name,
				rows: list,
				after: ofNow(list),
				before: ofBefore(earlier?.get(name) ?? []),
			}))
		const restOf = (held: readonly Subset[]) => {
			const names = new Set(held.map((p) => p.name))
			const rest = (of: Iterable<[string, number[]]>) =>
				[...of].flatMap(([name, list]) => (names.has(name) ? [] : list))
			return { after: ofNow(rest(now)), before: ofBefore(rest(earlier ?? [])) }
		}
		return { places, restOf }
	})
}

const placed = (dimension: Dimension, value: string) =>
	'segment' in dimension ? { segment: { name: dimension.segment, value } } : { group: value }

function byPlace(names: readonly (string | undefined)[], rows: Rows): Map<string, number[]> {
	const places = new Map<string, number[]>()
	for (const row of rows) {
		const name = names[row]
		if (name !== undefined) getOrInsert(places, name, newList).push(row)
	}
	return places
}

const newList = (): number[] => []

type Held = { place: Subset; found: Found }

/** The places of one dimension that have the change while all others do not; undefined if there is no such dimension. */
function whereIs(
	aspect: Aspect,
	splits: readonly Split[],
	known: ReadonlySet<string> | undefined,
): Held[] | undefined {
	const fitting = splits.flatMap(({ places, restOf }) => {
		const held = places.flatMap((place): Held[] => {
			const found = findChanges(place.before, place.after, known).find((f) => f.aspect === aspect)
			return found ? [{ place, found }] : []
		})
		if (held.length === 0 || held.length === places.length) return []
		const rest = restOf(held.map((h) => h.place))
		const elsewhere =
			rest.after.rows < defaultMinGroup
				? Number.POSITIVE_INFINITY
				: sizeOf(aspect, rest.before, rest.after, known)
		const smallest = Math.min(...held.map((h) => h.found.size))
		const isUnchanged = !findChanges(rest.before, rest.after, known).some((f) => f.aspect === aspect)
		return isUnchanged && elsewhere <= maxElsewhere * smallest ? [held] : []
	})
	const rowsIn = (held: readonly Held[]) => held.reduce((sum, { place }) => sum + place.rows.length, 0)
	return fitting.sort((a, b) => rowsIn(a) - rowsIn(b))[0]
}

const toChange = (feature: string, { kind, factor, before, after, words }: Found): Change => ({
	feature,
	kind,
	...(factor === undefined ? {} : { factor }),
	before,
	after,
	text: `${nameOf(feature)} ${words}`,
})

export const nameOf = (feature: string): string =>
	feature === '$score' ? 'the score' : feature === '$decision' ? 'the decision' : feature

/** One change for each place; the last one says that the others did not change. */
function placeChanges(feature: string, held: readonly Held[]): Change[] {
	const shown = held.slice(0, maxPlaces)
	return shown.map(({ place: { segment, group }, found }, i) => {
		const where = segment ? `${segment.name} is ${segment.value}` : group
		const others = held.length > maxPlaces ? `; ${held.length - maxPlaces} more are alike` : ''
		const end = i === shown.length - 1 ? `${others}; elsewhere unchanged` : ''
		return {
			...toChange(feature, found),
			...(segment ? { segment } : {}),
			...(group === undefined ? {} : { group }),
			text: `${nameOf(feature)} where ${where}${found.inPlace ?? ` ${found.words}`}${end}`,
		}
	})
}
