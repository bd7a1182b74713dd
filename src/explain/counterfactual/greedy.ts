import { changed } from './axis.ts'
import type { Budget, Landing, Space } from './search.ts'
import type { Aim } from './target.ts'

type Row = Readonly<Record<string, unknown>>
type Move = { axis: number; place: number }

/** Places that are tried of one feature, at most. */
const tried = 32

/**
 * Some change that reaches the target, when a search for the nearest is cut short: feature after feature the move that
 * brings the margin furthest for its cost, then every move as short as it can be.
 */
export function greedy(space: Space, row: Row, aim: Aim, most: number, budget: Budget): Landing | undefined {
	const end = budget.now() + budget.ms
	const at = (moves: readonly Move[]) => changed(row, changesOf(space, moves))
	const moves: Move[] = []
	while (moves.length < most && budget.now() < end) {
		const next = bestMove(space, moves, (m) => aim.sign * (aim.marginOf(at(m)) - aim.margin))
		if (!next) return undefined
		moves.push(next)
		if (!aim.reached(at(moves))) continue
		const short = moves.map((move, i) => {
			const others = (m: Move) => moves.map((o, j) => (j === i ? m : o))
			const shorter = placesOf(space, move.axis)
				.filter((place) => costAt(space, move.axis, place) < costAt(space, move.axis, move.place))
				.find((place) => aim.reached(at(others({ ...move, place }))))
			if (shorter !== undefined) moves[i] = { ...move, place: shorter }
			return moves[i] as Move
		})
		const cost = short.reduce(
			(sum, m) => sum + costAt(space, m.axis, m.place),
			short.length * space.changeCost,
		)
		return { changes: changesOf(space, short), cost }
	}
	return undefined
}

const changesOf = ({ axes }: Space, moves: readonly Move[]): [string, unknown][] =>
	moves.flatMap(({ axis, place }) => {
		const a = axes[axis]
		return a ? [[a.feature, a.value(place)] as [string, unknown]] : []
	})

const costAt = ({ axes }: Space, axis: number, place: number): number => axes[axis]?.cost(place) ?? 0

/** Places of an axis evenly spread, the cheapest first. */
function placesOf(space: Space, axis: number): number[] {
	const { down = 0, up = 0 } = space.axes[axis] ?? {}
	const stride = Math.max(1, Math.ceil((down + up) / tried))
	const places: number[] = []
	for (let i = 1; i <= up; i += stride) places.push(i)
	for (let i = 1; i <= down; i += stride) places.push(-i)
	if (up > 1 && (up - 1) % stride !== 0) places.push(up)
	if (down > 1 && (down - 1) % stride !== 0) places.push(-down)
	return places.sort((a, b) => costAt(space, axis, a) - costAt(space, axis, b))
}

function bestMove(
	space: Space,
	moves: readonly Move[],
	gainOf: (moves: readonly Move[]) => number,
): Move | undefined {
	const before = gainOf(moves)
	let best: Move | undefined
	let bestRate = 0
	space.axes.forEach((_, axis) => {
		if (moves.some((m) => m.axis === axis)) return
		for (const place of placesOf(space, axis)) {
			const rate =
				(gainOf([...moves, { axis, place }]) - before) / (costAt(space, axis, place) + space.changeCost)
			if (rate > bestRate) {
				best = { axis, place }
				bestRate = rate
			}
		}
	})
	return best
}
