import { FeatureError, type Model } from '../model.ts'

type Row = Readonly<Record<string, unknown>>

/** Where the score must be. The threshold itself is `at-or-above`, as in decisions. */
export type Target = { threshold: number; side: 'below' | 'at-or-above' }

/** A target for the margin. `need`: how far the margin must move in the direction of `sign`. */
export type Aim = {
	sign: 1 | -1
	margin: number
	need: number
	/** The rounding error between a sum of parts and the model's own margin. */
	slack: number
	/** The score of a row that reaches the target when replayed; undefined when it does not, or cannot be scored. */
	reached(row: Row): { score: number; margin: number } | undefined
	/** NaN when the model cannot score the row. */
	marginOf(row: Row): number
}

export const scoreOf = (model: Model, margin: number): number =>
	model.score(Float64Array.of(margin))[0] as number

/** How the margin must move; `there` when the row is at the target, `beyond` when no margin gives such a score. */
export function aimOf(model: Model, row: Row, target: Target): Aim | 'there' | 'beyond' {
	const marginOf = (r: Row) => marginOr(model, r)
	const margin = model.margin(model.encode(row).x)[0] as number
	const isThere = (score: number) =>
		target.side === 'below' ? score < target.threshold : score >= target.threshold
	if (isThere(scoreOf(model, margin))) return 'there'
	const sign = target.side === 'below' ? -1 : 1
	const goal = crossing((m) => isThere(scoreOf(model, m)), margin, sign)
	if (goal === undefined) return 'beyond'
	const size = Math.max(1, Math.abs(margin), Math.abs(goal))
	return {
		sign,
		margin,
		need: sign * (goal - margin),
		slack: size * (model.tolerance >= 1e-6 ? 1e-4 : 1e-9),
		marginOf,
		reached(changed) {
			const m = marginOf(changed)
			if (Number.isNaN(m)) return undefined
			const score = scoreOf(model, m)
			return isThere(score) ? { score, margin: m } : undefined
		},
	}
}

function marginOr(model: Model, row: Row): number {
	try {
		return model.margin(model.encode(row).x)[0] as number
	} catch (error) {
		if (error instanceof FeatureError) return Number.NaN
		throw error
	}
}

/** The margin at which the score crosses the threshold, by doubling and bisection: scores increase with the margin. */
function crossing(isThere: (margin: number) => boolean, from: number, sign: 1 | -1): number | undefined {
	let near = from
	let width = 1
	while (!isThere(from + sign * width)) {
		near = from + sign * width
		width *= 2
		if (width > 2 ** 60) return undefined
	}
	let far = from + sign * width
	for (let i = 0; i < 200; i++) {
		const middle = (near + far) / 2
		if (middle === near || middle === far) break
		if (isThere(middle)) far = middle
		else near = middle
	}
	return far
}
