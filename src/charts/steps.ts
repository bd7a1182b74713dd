import type { Space } from '../explain/model.ts'
import { figure, percentText } from './scale.ts'

/** What one feature adds. `value` is as people read it, and absent where it may not be shown. */
export type Bar = { name: string; value?: string; contribution: number }

/** How an answer came about: base + contributions = margin, all in `space`. */
export type Waterfall = {
	/** With the decision and the score. */
	title: string
	/** Whose answer it is. */
	subtitle: string
	space: Space
	/** Whether the logistic function of a sum is a probability: for log-odds of two classes. */
	isProbability: boolean
	base: number
	margin: number
	bars: readonly Bar[]
	/** The margin where the decision turns. */
	cutOff?: number
	/** Features that get a step of their own; the default is 10. */
	most?: number
}

/** A step from one sum to the next. */
export type Step = Bar & { from: number; to: number }

/** How people call what contributions are measured in. */
export const units: Record<Space, string> = {
	'log-odds': 'log-odds',
	probability: 'probability',
	points: 'points',
	value: 'units of the score',
	log: 'log of the score',
}

const defaultMost = 10

/**
 * The steps from the base to the margin: the largest first, equal ones in the order given, and the rest in one, which ends
 * at the margin. A single feature is never "others".
 */
export function stepsOf({ base, margin, bars, most = defaultMost }: Waterfall): Step[] {
	const sorted = [...bars].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
	const shown = sorted.length <= most + 1 ? sorted : sorted.slice(0, most)
	const others = sorted.length - shown.length
	let sum = base
	const steps = shown.map((bar) => {
		const from = sum
		sum += bar.contribution
		return { ...bar, from, to: sum }
	})
	if (others === 0) return steps
	return [...steps, { name: `${others} other features`, contribution: margin - sum, from: sum, to: margin }]
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x))

/** A sum as people read it: log-odds with the probability. */
export const totalText = ({ isProbability }: Pick<Waterfall, 'isProbability'>, sum: number): string =>
	isProbability ? `${figure(sum)} (${percentText(logistic(sum))})` : figure(sum)
