import type { Axis } from './axis.ts'
import { Heap } from './heap.ts'

/** Some places of one axis: `from` to `to`, 0 excluded. */
export type Range = { axis: number; from: number; to: number }
/** What a set of features may be moved to, a range each. */
export type Box = readonly Range[]
export type Landing = { changes: (readonly [string, unknown])[]; cost: number }

/** What is searched. */
export type Space = {
	axes: readonly Axis[]
	/** Cost of touching a feature at all, beside the distance. */
	changeCost: number
	/** No place of the box costs less and reaches the target; undefined: none reaches it. */
	lower(box: Box): number | undefined
	/** How far the margin moves towards the target at the single places of a box, to rounding. */
	gain(box: Box): number
	/** The one place of a box that cannot be split, if it reaches the target: replayed by the model. */
	land(box: Box): Landing | undefined
}

export type Budget = { now: () => number; ms: number; steps: number }

export type Searched = {
	/** Nearest first. No answer changes all the features of one before it. */
	landings: Landing[]
	/** Nothing nearer than the last landing, and nothing else at all if there are fewer than asked for, was left out. */
	complete: boolean
}

type Node =
	/** The axes `members`, and what can be made of them by exchanging the last or adding one. */
	| { kind: 'set'; members: readonly number[] }
	| { kind: 'box'; box: Box; isBounded: boolean }
	| { kind: 'landing'; landing: Landing }

/**
 * Best first: of everything that is left, what could be nearest is looked at next (Land & Doig 1960). Sets of features grow
 * one by one, their places are halved, and what cannot reach the target is dropped. The first landing is thus the nearest.
 */
export function search(space: Space, most: number, answers: number, budget: Budget): Searched {
	// The cheapest axes first: a set's least cost then grows with its last member.
	const order = space.axes.map((_, i) => i).sort((a, b) => least(space, a) - least(space, b))
	const heap = new Heap<Node>()
	const landings: Landing[] = []
	const found: Set<string>[] = []
	const isCovered = (names: readonly string[]) =>
		found.some((f) => [...f].every((name) => names.includes(name)))
	const pushSet = (members: readonly number[]) => {
		const box = members.map((m) => wholeOf(space, order[m] as number))
		heap.push(costOf(space, box), { kind: 'set', members })
	}
	if (order.length > 0 && most > 0) pushSet([0])
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
				if (members.length < most) pushSet([...members, last + 1])
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

/** The least distance within a range: that of its place which is nearest to 0. */
export function minCost({ axes }: Space, { axis, from, to }: Range): number {
	const a = axes[axis] as Axis
	if (a.isFree) return 0
	if (from > 0) return a.cost(from)
	return to < 0 ? a.cost(to) : Math.min(a.cost(1), a.cost(-1))
}

const least = (space: Space, axis: number): number => minCost(space, wholeOf(space, axis))

/** The changes of a box of single places. */
export const changesAt = (axes: readonly Axis[], box: Box): [string, unknown][] =>
	box.map(({ axis, from }) => {
		const a = axes[axis] as Axis
		return [a.feature, a.value(from)]
	})

export const costOf = (space: Space, box: Box): number =>
	box.reduce((sum, range) => sum + minCost(space, range), box.length * space.changeCost)

/** Both sides of the widest range, or its halves; undefined when every range is one place. */
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
