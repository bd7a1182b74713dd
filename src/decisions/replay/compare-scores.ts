import type { Manifest } from '../../explain/manifest.ts'
import type { Model } from '../../explain/model.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { sideOf } from '../../summaries/outcomes/label.ts'

/** How close a replayed score is to a logged one, the closest first. */
export type Nearness =
	| { kind: 'equal' | 'float32' | 'last-bits' }
	/** Equal at the decimals of the logged score. */
	| { kind: 'decimals'; decimals: number }
	/** Equal, but the logged score has too few digits to tell models apart. */
	| { kind: 'too-few-digits' }
	| { kind: 'different'; by: number }

/** Digits that a logged score needs as evidence: many models answer 0.25, few answer 0.253. */
const minDigits = 3
/** Math libraries differ in the last bits of exp: a few units of float32's precision. */
const lastBits = 4 * 2 ** -24
/** How far a number may be from its rounded value, and a bit more, since doubles are not decimals. */
const half = 0.5 + 1e-6

/** Decimals and significant digits of the shortest text of a number. */
function digitsOf(x: number): { decimals: number; significant: number } {
	const [mantissa = '', exponent = '0'] = Math.abs(x).toString().split('e')
	const [whole = '', fraction = ''] = mantissa.split('.')
	return {
		decimals: Math.max(0, fraction.length - Number(exponent)),
		significant: `${whole}${fraction}`.replace(/^0+/, '').length,
	}
}

/**
 * Compares a logged score with a replayed one. `unit` is the size of the numbers that the score was computed from, if larger:
 * a small probability that is 1 minus others has the last bits of 1.
 */
export function compareScores(logged: number, replayed: number, unit = 0): Nearness {
	if (logged === replayed) return { kind: 'equal' }
	const by = Math.abs(logged - replayed)
	if (!Number.isFinite(replayed)) return { kind: 'different', by }
	if (Math.fround(logged) === Math.fround(replayed)) return { kind: 'float32' }
	const { decimals, significant } = digitsOf(logged)
	const agrees = by <= half * 10 ** -decimals
	if (agrees && significant >= minDigits) return { kind: 'decimals', decimals }
	if (by <= lastBits * Math.max(Math.abs(logged), Math.abs(replayed), unit)) return { kind: 'last-bits' }
	return agrees ? { kind: 'too-few-digits' } : { kind: 'different', by }
}

/** One logged number, and the model output that it is the value of. */
type LoggedNumber = { output: number; value: number }

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/** The names of a model's outputs: its classes, or their numbers. */
const classesOf = (
	{ classes, outputs }: Pick<Model, 'outputs' | 'classes'>,
	manifest: Manifest,
): readonly string[] => manifest.classes ?? classes ?? Array.from({ length: outputs }, (_, k) => String(k))

/** The output of the positive class of a binary model with one output a class; the last when no class name is positive. */
function positiveOutput(classes: readonly string[], names: Pick<ModelRow, 'positiveLabel'>): number {
	const found = classes.findIndex((name) => sideOf(name, names) === '+')
	return found === -1 ? classes.length - 1 : found
}

/** The logged probabilities by output, from `{ class: probability }` or a list in the order of the outputs. */
function probabilitiesOf(logged: unknown, classes: readonly string[]): LoggedNumber[] {
	if (typeof logged !== 'object' || logged === null) return []
	const pairs = Array.isArray(logged)
		? logged.map((value, output) => ({ output, value }))
		: Object.entries(logged).map(([name, value]) => ({ output: classes.indexOf(name), value }))
	return pairs.filter(
		(p): p is LoggedNumber => p.output >= 0 && p.output < classes.length && isNumber(p.value),
	)
}

/**
 * The numbers of the model's answer that the service logged, that of the decision first. A model with one output logs it as
 * `score`, or as the probability of the positive label. With one output a class, `score` is that of the class in `label`, or
 * of the likeliest class.
 */
export function loggedNumbers(
	model: Pick<Model, 'outputs' | 'classes'>,
	manifest: Manifest,
	registered: Pick<ModelRow, 'task' | 'positiveLabel'>,
	prediction: Pick<StoredPrediction, 'score' | 'label' | 'probabilities'>,
	replayed: Float64Array,
): LoggedNumber[] {
	const { score, label, probabilities } = prediction
	if (model.outputs === 1) {
		if (score !== undefined) return [{ output: 0, value: score }]
		// Two classes share one output, the probability of the positive one.
		const classes = manifest.classes ?? model.classes ?? namesOf(probabilities)
		const positive = positiveOutput(classes, registered)
		const found = probabilitiesOf(probabilities, classes).find((p) => p.output === positive)
		return found ? [{ output: 0, value: found.value }] : []
	}
	const classes = classesOf(model, manifest)
	const named = label === undefined || label === null ? -1 : classes.indexOf(String(label))
	const likeliest = replayed.indexOf(Math.max(...replayed))
	const decided =
		registered.task === 'binary' ? positiveOutput(classes, registered) : named >= 0 ? named : likeliest
	const all = probabilitiesOf(probabilities, classes)
	const first = all.filter((p) => p.output === decided)
	if (all.length > 0) return [...first, ...all.filter((p) => p.output !== decided)]
	return score === undefined ? [] : [{ output: decided, value: score }]
}

const namesOf = (probabilities: unknown): string[] =>
	Array.isArray(probabilities)
		? probabilities.map((_, k) => String(k))
		: Object.keys((probabilities as object | null | undefined) ?? {})
