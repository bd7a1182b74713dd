import type { IncidentChange } from '../../db/schema.ts'
import { total } from '../../stats/counts.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import { amount, percent } from './change-text.ts'
import { type Comparison, dimensionOf, referenceSide, type Side, sideOf } from './window-rows.ts'

type Change = Omit<IncidentChange, 'since'>
type Where = Pick<IncidentChange, 'segment' | 'group'>

export const scoreColumn: FeatureSpec = { name: '$score', type: 'numeric' }
const decision: FeatureSpec = { name: '$decision', type: 'categorical' }
const minRows = 30
/** A mean or a share has changed if it moved by more than this many standard errors. */
const clear = 3

/**
 * How the score and the decisions changed over all rows, and in the places of a change. Empty without scores or with too
 * few rows.
 */
export function scoreChanges(comparison: Comparison, places: readonly Where[]): Change[] {
	return [scoreColumn, decision].flatMap((spec) => {
		const whole = sidesOf(comparison, spec)
		const own = whole && describe(comparison, spec, whole)
		const change = own && !own.moved ? (againstBaseline(comparison, spec, whole) ?? own) : own
		if (!change) return []
		const inPlaces = places.flatMap((place) => {
			const sides = sidesOf(comparison, spec, place)
			const there = sides && describe(comparison, spec, sides)
			return there ? [`${place.segment?.value ?? place.group}: ${there.short}`] : []
		})
		const text = inPlaces.length > 0 ? `${change.text} (${inPlaces.join('; ')})` : change.text
		const { before, after } = change
		return [{ feature: spec.name, kind: spec === scoreColumn ? 'score' : 'decision', before, after, text }]
	})
}

type Sides = { before: Side; after: Side }

/** Both sides, of all rows or of one place. `before` is the traffic just before, or else the baseline. */
function sidesOf(comparison: Comparison, spec: FeatureSpec, place?: Where): Sides | undefined {
	const { after, before, reference, dimensions } = comparison
	const wanted = place?.segment?.value ?? place?.group
	const dimension = place && dimensionOf(dimensions, place)
	const rowsOf = (rows: typeof after): number[] => {
		const names = dimension ? rows.placesOf(dimension) : undefined
		return [...rows.all].filter((r) => !names || names[r] === wanted)
	}
	const now = sideOf(after.valuesOf(spec), rowsOf(after))
	const column = place ? undefined : reference.columns.find((c) => c.bins.name === spec.name)
	const own = before && sideOf(before.valuesOf(spec), rowsOf(before))
	const isEnough = (side: Side | undefined) => side && side.rows - side.missing >= minRows
	const then = isEnough(own) ? own : column && total(column.counts) > 0 ? referenceSide(column) : undefined
	return then && isEnough(then) && isEnough(now) ? { before: then, after: now } : undefined
}

/** A slow change shows against the baseline, not against the day before. Undefined when it shows in neither. */
function againstBaseline(comparison: Comparison, spec: FeatureSpec, { after }: Sides): Described | undefined {
	const column = comparison.reference.columns.find((c) => c.bins.name === spec.name)
	if (!column || total(column.counts) === 0) return undefined
	const change = describe(comparison, spec, { before: referenceSide(column), after })
	return change?.moved ? { ...change, text: `${change.text}, against the baseline` } : undefined
}

type Described = { before: number; after: number; text: string; short: string; moved: boolean }

const describe = (comparison: Comparison, spec: FeatureSpec, sides: Sides): Described | undefined =>
	spec === scoreColumn ? describeScore(sides) : describeDecision(comparison, sides)

function moments(values: Float64Array): { mean: number; variance: number; n: number } {
	const n = values.length
	const mean = values.reduce((sum, x) => sum + x / n, 0)
	return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2 / n, 0), n }
}

function describeScore({ before, after }: Sides): Described | undefined {
	if (before.numbers.length < minRows || after.numbers.length < minRows) return undefined
	const [a, b] = [moments(before.numbers), moments(after.numbers)]
	const error = Math.sqrt(a.variance / a.n + b.variance / b.n)
	const short = `${amount(a.mean)} to ${amount(b.mean)}`
	const moved = Math.abs(b.mean - a.mean) > clear * error && amount(a.mean) !== amount(b.mean)
	const text = moved
		? `the mean score went from ${short}`
		: `the mean score is ${amount(b.mean)}, ${amount(a.mean)} before: within chance`
	return { before: a.mean, after: b.mean, text, short, moved }
}

/** The share of the positive label of a binary model, or else of the decision whose share changed most. */
function describeDecision({ model }: Comparison, { before, after }: Sides): Described | undefined {
	const countOf = (side: Side) => side.rows - side.missing
	const share = (side: Side, name: string) => (side.categories.get(name) ?? 0) / countOf(side)
	const names = [...new Set([...before.categories.keys(), ...after.categories.keys()])].sort()
	const moveOf = (name: string) => Math.abs(share(after, name) - share(before, name))
	const positive = model.positiveLabel ?? '1'
	const name = names.includes(positive) ? positive : names.sort((a, b) => moveOf(b) - moveOf(a))[0]
	if (name === undefined || names.length > 50) return undefined
	const [was, is] = [share(before, name), share(after, name)]
	const pooled = (was * countOf(before) + is * countOf(after)) / (countOf(before) + countOf(after))
	const error = Math.sqrt(pooled * (1 - pooled) * (1 / countOf(before) + 1 / countOf(after)))
	const short = `${percent(was)} to ${percent(is)}`
	const hasMoved = Math.abs(is - was) > clear * error && percent(is) !== percent(was)
	const text = hasMoved
		? `decision "${name}" went from ${short} of rows`
		: `decision "${name}" in ${percent(is)} of rows, ${percent(was)} before: within chance`
	return { before: was, after: is, text, short, moved: hasMoved }
}
