import { type Axis, changed } from './axis.ts'
import type { Aim } from './target.ts'

/** Places of one axis: `from` to `to`, except 0. */
export type Range = { axis: number; from: number; to: number }
/** The ranges of a set of features. */
export type Box = readonly Range[]
export type Landing = { changes: (readonly [string, unknown])[]; cost: number }

/** A search space. */
export type Space = {
	axes: readonly Axis[]
	/** The cost of changing a feature at all, in addition to the distance. */
	changeCost: number
	/** A lower bound of the cost of places in the box that reach the target; undefined when none does. */
	lower(box: Box): number | undefined
	/** How far the margin moves towards the target at the single places of a box, up to rounding. */
	gain(box: Box): number
	/** The place of a box that cannot be split, if it reaches the target when the model replays it. */
	land(box: Box): Landing | undefined
}

export type Budget = { now: () => number; ms: number; steps: number }

type Searched = {
	/** The nearest first. None changes all the features of an earlier one. */
	landings: Landing[]
	/** Whether the search finished: no nearer landing was left out. */
	complete: boolean
}

type Node =
	/** The axes `members`, and all sets made from them by replacing the last or adding one. */
	| { kind: 'set'; members: readonly number[] }
	| { kind: 'box'; box: Box; isBounded: boolean }
	| { kind: 'landing'; landing: Landing }

/**
 * Best-first branch and bound (Land & Doig 1960): the open node with the lowest bound is next. Sets of features grow one by
 * one, boxes are halved, and boxes that cannot reach the target are dropped. The first landing is thus the nearest.
 */
export function search(space: Space, maxChanges: number, answers: number, budget: Budget): Searched {
	// The cheapest axes first, so that the lowest cost of a set grows with its last member.
	const order = space.axes.map((_, i) => i).sort((a, b) => lowestCost(space, a) - lowestCost(space, b))
	const heap = new Heap<Node>()
	const landings: Landing[] = []
	const found: Set<string>[] = []
	const isCovered = (names: readonly string[]) =>
		found.some((f) => [...f].every((name) => names.includes(name)))
	const pushSet = (members: readonly number[]) => {
		const box = members.map((m) => wholeOf(space, order[m] as number))
		heap.push(costOf(space, box), { kind: 'set', members })
	}
	if (order.length > 0 && maxChanges > 0) pushSet([0])
	const end = budget.now() + budget.ms
	for (let step = 0; landings.length < answers; step++) {
		const next = heap.pop()
		if (next === undefined) return { landings, complete: true }
		if (step >= budget.steps || budget.now() > end) return { landings, complete: false }
		const { item, key } = next
		if (item.kind === 'set') {
			const { members } = item
			const last = members.at(-1) as number
			if (last + 1 < order.length) {
				pushSet([...members.slice(0, -1), last + 1])
				if (members.length < maxChanges) pushSet([...members, last + 1])
			}
			heap.push(key, {
				kind: 'box',
				box: members.map((m) => wholeOf(space, order[m] as number)),
				isBounded: false,
			})
		} else if (item.kind === 'landing') {
			const names = item.landing.changes.map(([name]) => name)
			if (isCovered(names)) continue
			landings.push(item.landing)
			found.push(new Set(names))
		} else if (!isCovered(item.box.map((r) => (space.axes[r.axis] as Axis).feature))) {
			expand(space, heap, key, item)
		}
	}
	return { landings, complete: true }
}

function expand(
	space: Space,
	heap: Heap<Node>,
	key: number,
	{ box, isBounded }: Extract<Node, { kind: 'box' }>,
): void {
	if (!isBounded) {
		const bound = space.lower(box)
		if (bound !== undefined) heap.push(Math.max(key, bound), { kind: 'box', box, isBounded: true })
		return
	}
	const halves = split(space, box)
	if (halves) {
		for (const half of halves)
			heap.push(Math.max(key, costOf(space, half)), { kind: 'box', box: half, isBounded: false })
		return
	}
	const landing = space.land(box)
	if (landing) heap.push(Math.max(key, landing.cost), { kind: 'landing', landing })
}

const wholeOf = ({ axes }: Space, axis: number): Range => {
	const { down, up } = axes[axis] as Axis
	return { axis, from: down > 0 ? -down : 1, to: up > 0 ? up : -1 }
}

/** The lowest cost in a range: that of its place nearest to 0. */
export function minCost({ axes }: Space, { axis, from, to }: Range): number {
	const a = axes[axis] as Axis
	if (a.isFree) return 0
	if (from > 0) return a.cost(from)
	return to < 0 ? a.cost(to) : Math.min(a.cost(1), a.cost(-1))
}

const lowestCost = (space: Space, axis: number): number => minCost(space, wholeOf(space, axis))

/** The changes of a box of single places. */
export const changesAt = (axes: readonly Axis[], box: Box): [string, unknown][] =>
	box.map(({ axis, from }) => {
		const a = axes[axis] as Axis
		return [a.feature, a.value(from)]
	})

export const costOf = (space: Space, box: Box): number =>
	box.reduce((sum, range) => sum + minCost(space, range), box.length * space.changeCost)

/** Splits the widest range into its sides or halves; undefined when every range is one place. */
function split({ axes }: Space, box: Box): [Box, Box] | undefined {
	let widest = 0
	box.forEach((r, i) => {
		const w = box[widest] as Range
		if (r.to - r.from > w.to - w.from) widest = i
	})
	const { axis, from, to } = box[widest] as Range
	if (from === to || ((axes[axis] as Axis).isFree && from * to > 0)) return undefined
	const middle = Math.floor((from + to) / 2)
	const isBoth = from < 0 && to > 0
	const with1 = (range: Range): Box => box.map((r, i) => (i === widest ? range : r))
	return [with1({ axis, from, to: isBoth ? -1 : middle }), with1({ axis, from: isBoth ? 1 : middle + 1, to })]
}

/** A priority queue: the smallest key first, equal keys in order of arrival. */
class Heap<T> {
	private readonly items: { key: number; order: number; item: T }[] = []
	private count = 0

	get size(): number {
		return this.items.length
	}

	push(key: number, item: T): void {
		const { items } = this
		const entry = { key, order: this.count++, item }
		let at = items.length
		while (at > 0) {
			const parent = (at - 1) >> 1
			if (isBefore(items[parent] as typeof entry, entry)) break
			items[at] = items[parent] as typeof entry
			at = parent
		}
		items[at] = entry
	}

	pop(): { key: number; item: T } | undefined {
		const { items } = this
		const first = items[0]
		const last = items.pop()
		if (first === undefined || last === undefined || items.length === 0) return first
		let at = 0
		for (;;) {
			let child = 2 * at + 1
			if (child >= items.length) break
			if (child + 1 < items.length && isBefore(items[child + 1] as typeof last, items[child] as typeof last))
				child++
			if (isBefore(last, items[child] as typeof last)) break
			items[at] = items[child] as typeof last
			at = child
		}
		items[at] = last
		return first
	}
}

const isBefore = (a: { key: number; order: number }, b: { key: number; order: number }): boolean =>
	a.key < b.key || (a.key === b.key && a.order < b.order)

type Row = Readonly<Record<string, unknown>>

/** The maximum number of places to try of one feature: to find a move, and to shorten it. */
const triedToFind = 12
const triedToShorten = 32

/**
 * Finds some change that reaches the target when the search for the nearest was cut short: feature by feature the move with
 * the largest gain, and if there is time, with the best gain for its cost. Moves are then shortened, and the cheaper change
 * is the result. The largest gain comes first, since it finds a change of a large model in time.
 */
export function greedy(
	space: Space,
	row: Row,
	aim: Aim,
	maxChanges: number,
	budget: Budget,
): Landing | undefined {
	const end = budget.now() + budget.ms
	const isTime = () => budget.now() <= end
	const furthest = climb(space, row, aim, maxChanges, isTime, false)
	const thrifty = climb(space, row, aim, maxChanges, isTime, true)
	if (!furthest || !thrifty) return furthest ?? thrifty
	return thrifty.cost <= furthest.cost ? thrifty : furthest
}

function climb(
	space: Space,
	row: Row,
	aim: Aim,
	maxChanges: number,
	isTime: () => boolean,
	isThrifty: boolean,
): Landing | undefined {
	const reaches = (box: Box) => aim.reached(changed(row, changesAt(space.axes, box))) !== undefined
	const box: Range[] = []
	while (box.length < maxChanges && isTime()) {
		const next = bestMove(space, box, aim, isThrifty)
		if (!next) return undefined
		box.push(next)
		if (!reaches(box)) continue
		const short = shortened(space, box, reaches)
		return { changes: changesAt(space.axes, short), cost: costOf(space, short) }
	}
	return undefined
}

const at = (axis: number, place: number): Range => ({ axis, from: place, to: place })
const costAt = (space: Space, axis: number, place: number): number => (space.axes[axis] as Axis).cost(place)

/** Shortens one move after the other, as far as the target allows. */
function shortened(space: Space, box: readonly Range[], reaches: (box: Box) => boolean): Box {
	return box.reduce<Box>((now, { axis, from }, i) => {
		const shorter = placesOf(space, axis, triedToShorten)
			.filter((place) => costAt(space, axis, place) < costAt(space, axis, from))
			.map((place) => now.map((range, j) => (i === j ? at(axis, place) : range)))
			.find(reaches)
		return shorter ?? now
	}, box)
}

/** Evenly spread places of an axis, the cheapest first. */
function placesOf(space: Space, axis: number, tried: number): number[] {
	const { down, up } = space.axes[axis] as Axis
	const stride = Math.max(1, Math.ceil((down + up) / tried))
	const side = (maxChanges: number, sign: 1 | -1) => {
		const places: number[] = []
		for (let i = 1; i < maxChanges; i += stride) places.push(sign * i)
		return maxChanges > 0 ? [...places, sign * maxChanges] : places
	}
	return [...side(up, 1), ...side(down, -1)].sort((a, b) => costAt(space, axis, a) - costAt(space, axis, b))
}

/** The move with the best rate; among moves that suffice alone, the cheapest. */
function bestMove(space: Space, box: readonly Range[], aim: Aim, isThrifty: boolean): Range | undefined {
	const before = box.length > 0 ? space.gain(box) : 0
	let best: Range | undefined
	let [bestRate, bestCost] = [0, 0]
	space.axes.forEach((axis, i) => {
		if (axis.isFree || box.some((r) => r.axis === i)) return
		for (const place of placesOf(space, i, triedToFind)) {
			const gain = Math.min(space.gain([...box, at(i, place)]), aim.need) - before
			const cost = costAt(space, i, place)
			const rate = isThrifty ? gain / (cost + space.changeCost) : gain
			if (rate < bestRate || rate <= 0 || (rate === bestRate && best && cost >= bestCost)) continue
			best = at(i, place)
			bestRate = rate
			bestCost = cost
		}
	})
	return best
}
