import { type Axis, changed } from './axis.ts'
import { type Box, costOf, type Landing, minCost, type Range, type Space } from './search.ts'
import type { Aim } from './target.ts'

type Row = Readonly<Record<string, unknown>>
type Gainful = Axis & { gain(place: number): number }

/**
 * The search space of an additive model, where the gain of a move does not depend on other moves. Only places that gain more
 * than every cheaper one are kept, so cost and gain both grow with the place.
 */
export function additiveSpace(row: Row, axes: readonly Axis[], aim: Aim, changeCost: number): Space {
	const gainful = axes.flatMap((axis) => gainfulAxis(row, axis, aim) ?? [])
	const space: Space = {
		axes: gainful,
		changeCost,
		gain: (box) => box.reduce((sum, r) => sum + (gainful[r.axis] as Gainful).gain(r.from), 0),
		lower: (box) => lower(space, gainful, box, aim),
		land: (box) => land(row, gainful, box, aim, changeCost),
	}
	return space
}

function gainfulAxis(row: Row, axis: Axis, aim: Aim): Gainful | undefined {
	if (axis.slope !== undefined) return straight(axis, axis.slope * aim.sign)
	const places: { place: number; cost: number; gain: number }[] = []
	for (let place = -axis.down; place <= axis.up; place++) {
		if (place === 0) continue
		const gain = aim.sign * (aim.marginOf(changed(row, [[axis.feature, axis.value(place)]])) - aim.margin)
		if (gain > 0) places.push({ place, cost: axis.cost(place), gain })
	}
	places.sort((a, b) => a.cost - b.cost || b.gain - a.gain)
	let best = 0
	const kept = places.filter(({ gain }) => {
		const isBetter = gain > best
		best = Math.max(best, gain)
		return isBetter
	})
	if (kept.length === 0) return undefined
	const at = (i: number) => kept[i - 1] as (typeof kept)[number]
	return {
		...axis,
		down: 0,
		up: kept.length,
		cost: (i) => at(i).cost,
		gain: (i) => at(i).gain,
		value: (i) => axis.value(at(i).place),
	}
}

/** A linear feature gains on one side only. */
function straight(axis: Axis, slope: number): Gainful | undefined {
	const side = slope > 0 ? 1 : -1
	const up = side > 0 ? axis.up : axis.down
	if (up === 0) return undefined
	const value = (i: number) => axis.value(side * i)
	return {
		...axis,
		slope,
		down: 0,
		up,
		value,
		cost: (i) => axis.cost(side * i),
		gain: (i) => slope * ((value(i) as number) - (axis.from as number)),
	}
}

/** A lower bound: the needed gain at the best rate of each range, which is the linear relaxation of a knapsack. */
function lower(space: Space, axes: readonly Gainful[], box: Box, aim: Aim): number | undefined {
	let need = aim.need - aim.slack
	let cost = costOf(space, box)
	const rest: { rate: number; gain: number }[] = []
	for (const range of box) {
		const axis = axes[range.axis] as Gainful
		const start = axis.isFree ? 0 : axis.gain(range.from)
		need -= start
		const gain = axis.gain(range.to) - start
		if (gain > 0) rest.push({ gain, rate: bestRate(axis, range, minCost(space, range), start) })
	}
	rest.sort((a, b) => b.rate - a.rate)
	for (const { gain, rate } of rest) {
		if (need <= 0) break
		cost += Math.min(need, gain) / rate
		need -= gain
	}
	// Slightly less, so that rounding keeps it a lower bound.
	return need > 0 ? undefined : cost * (1 - 1e-12)
}

function bestRate(axis: Gainful, { from, to }: Range, cost: number, gain: number): number {
	if (axis.slope !== undefined) return Math.abs(axis.slope) * (axis.scale as number)
	let best = 0
	for (let i = from + 1; i <= to; i++) best = Math.max(best, (axis.gain(i) - gain) / (axis.cost(i) - cost))
	return best
}

/** The fixed places, and free features moved as far as needed, those with the best rate first. */
function land(
	row: Row,
	axes: readonly Gainful[],
	box: Box,
	aim: Aim,
	changeCost: number,
): Landing | undefined {
	const fixed = box.filter((r) => !(axes[r.axis] as Gainful).isFree)
	const free = box.map((r) => axes[r.axis] as Gainful).filter((a) => a.isFree)
	const changes = fixed.map(({ axis, from }): [string, unknown] => {
		const a = axes[axis] as Gainful
		return [a.feature, a.value(from)]
	})
	const distance = fixed.reduce((sum, r) => sum + (axes[r.axis] as Gainful).cost(r.from), 0)
	const gained = fixed.reduce((sum, r) => sum + (axes[r.axis] as Gainful).gain(r.from), 0)
	const common = distance + box.length * changeCost
	if (free.length === 0) return aim.reached(changed(row, changes)) && { changes, cost: common }
	const rate = (a: Gainful) => Math.abs(a.slope as number) * (a.scale as number)
	let need = aim.need - gained
	const moves = [...free]
		.sort((a, b) => rate(b) - rate(a))
		.map((axis) => {
			const gain = Math.min(need, axis.gain(1))
			need -= gain
			return { axis, gain }
		})
	// A set with a feature that is not needed is left to the smaller set.
	if (moves.some((m) => !(m.gain > 0))) return undefined
	return nudge(row, changes, moves, aim, common)
}

/** Rounding may just miss the target: the last free feature moves on until the model itself reaches it. */
function nudge(
	row: Row,
	changes: readonly [string, unknown][],
	moves: readonly { axis: Gainful; gain: number }[],
	aim: Aim,
	cost: number,
): Landing | undefined {
	for (let more = 0; more < 52; more++) {
		const moved = moves.map(({ axis, gain }, i): { change: [string, number]; cost: number } => {
			const far = axis.value(1) as number
			const from = axis.from as number
			const stretch =
				i === moves.length - 1 && more > 0
					? 2 ** (more - 53) * Math.max(1, Math.abs(from) / Math.abs(gain / (axis.slope as number)))
					: 0
			const to = from + (gain / (axis.slope as number)) * (1 + stretch)
			const value = far > from ? Math.min(to, far) : Math.max(to, far)
			return { change: [axis.feature, value], cost: Math.abs(value - from) / (axis.scale as number) }
		})
		const all = [...changes, ...moved.map((m) => m.change)]
		if (aim.reached(changed(row, all)))
			return { changes: all, cost: cost + moved.reduce((sum, m) => sum + m.cost, 0) }
	}
	return undefined
}
