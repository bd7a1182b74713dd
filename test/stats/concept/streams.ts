import { Chance } from '../../../src/demo/random.ts'
import type { Detector } from '../../../src/stats/concept/detectors.ts'

/** Lengths and levels, one after the other. */
export type Segments = readonly (readonly [length: number, level: number])[]

/** 'error' is 1 with chance level, else 0; 'absolute' is a positive error of that scale. As golden/make.py draws them. */
export function stream(kind: 'error' | 'absolute', seed: number, segments: Segments): number[] {
	const chance = new Chance(seed)
	const value = (level: number) => {
		const u = chance.uniform()
		if (kind === 'error') return u < level ? 1 : 0
		return level * (u + chance.uniform() * chance.uniform())
	}
	return segments.flatMap(([length, level]) => Array.from({ length }, () => value(level)))
}

/** Indexes of drifts, and of the first value of each run of warnings. */
export function raised<Options, State>(
	detector: Detector<Options, State>,
	values: readonly number[],
	options: Partial<Options> = {},
): { drifts: number[]; warnings: number[]; state: State } {
	const drifts: number[] = []
	const warnings: number[] = []
	let state = detector.initial(options)
	let before = false
	values.forEach((x, i) => {
		const step = detector.update(state, x)
		if (step.drift) drifts.push(i)
		if (step.warning && !before) warnings.push(i)
		before = step.warning
		state = step.state
	})
	return { drifts, warnings, state }
}
