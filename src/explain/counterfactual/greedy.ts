import { type Axis, changed } from './axis.ts'
import { type Box, type Budget, changesAt, costOf, type Landing, type Range, type Space } from './search.ts'
import type { Aim } from './target.ts'

type Row = Readonly<Record<string, unknown>>

/** Places of one feature that are tried, at most: to find the move, and to make it shorter. */
const triedToFind = 12
const triedToShorten = 32

/**
 * Some change that reaches the target, when a search for the nearest is cut short: feature after feature the move that
 * brings the margin furthest, and if there is time the one that does so for its cost; every move is then made as short as it
 * can be, and the cheaper change is the answer. Furthest comes first, since it is what finds one of a large model in time.
 */
export function greedy(space: Space, row: Row, aim: Aim, most: number, budget: Budget): Landing | undefined {
	const end = budget.now() + budget.ms
	const isTime = () => budget.now() <= end
	const furthest = climb(space, row, aim, most, isTime, false)
	const thrifty = climb(space, row, aim, most, isTime, true)
	if (!furthest || !thrifty) return furthest ?? thrifty
	return thrifty.cost <= furthest.cost ? thrifty : furthest
}

function climb(
	space: Space,
	row: Row,
	aim: Aim,
	most: number,
	isTime: () => boolean,
	isThrifty: boolean,
): Landing | undefined {
	const reaches = (box: Box) => aim.reached(changed(row, changesAt(space.axes, box))) !== undefined
	const box: Range[] = []
	while (box.length < most && isTime()) {
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

/** One move after the other is made as short as the target allows. */
function shortened(space: Space, box: readonly Range[], reaches: (box: Box) => boolean): Box {
	return box.reduce<Box>((now, { axis, from }, i) => {
		const shorter = placesOf(space, axis, triedToShorten)
			.filter((place) => costAt(space, axis, place) < costAt(space, axis, from))
			.map((place) => now.map((range, j) => (i === j ? at(axis, place) : range)))
			.find(reaches)
		return shorter ?? now
	}, box)
}

/** Places of an axis evenly spread, the cheapest first. */
function placesOf(space: Space, axis: number, tried: number): number[] {
	const { down, up } = space.axes[axis] as Axis
	const stride = Math.max(1, Math.ceil((down + up) / tried))
	const side = (most: number, sign: 1 | -1) => {
		const places: number[] = []
		for (let i = 1; i < most; i += stride) places.push(sign * i)
		return most > 0 ? [...places, sign * most] : places
	}
	return [...side(up, 1), ...side(down, -1)].sort((a, b) => costAt(space, axis, a) - costAt(space, axis, b))
}

/** The move that gains most for its cost, and of those that would do alone the cheapest. */
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
