import type { Manifest } from '../../explain/manifest.ts'
import type { Model } from '../../explain/model.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { sideOf } from '../../summaries/outcomes/label.ts'

/** How near two numbers are, from the best: what a logged score lets one say of a replayed one. */
export type Nearness =
	| { kind: 'equal' | 'float32' | 'last-bits' }
	/** Equal as far as the logged score goes. */
	| { kind: 'decimals'; decimals: number }
	/** The same, but the logged score has too few digits to tell models apart. */
	| { kind: 'too-few-digits' }
	| { kind: 'different'; by: number }

/** Digits that a logged score must have to be evidence: 0.25 may be any of many models' answers, 0.253 of few. */
const minDigits = 3
/** Libraries of mathematics differ in the last bits of exp: a few units of float32's precision. */
const lastBits = 4 * 2 ** -24
/** How far a decimal fraction may be from its rounded value, and a bit more, for doubles are no decimals. */
const half = 0.5 + 1e-6

/** Decimals of the shortest text that means the number, and its significant digits; whole numbers count all of theirs. */
function digitsOf(x: number): { decimals: number; significant: number } {
	const [mantissa = '', exponent = '0'] = Math.abs(x).toString().split('e')
	const [whole = '', fraction = ''] = mantissa.split('.')
	return {
		decimals: Math.max(0, fraction.length - Number(exponent)),
		significant: `${whole}${fraction}`.replace(/^0+/, '').length,
	}
}

/**
 * Compares a score as it was logged with a replayed one. `unit` is the size of the numbers that it was computed from, where
 * that is more than its own: a small probability that is what others leave of 1 has the last bits of 1.
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

/** One logged number and the output of the model that it is of. */
type LoggedNumber = { output: number; value: number }

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/** The names of a model's outputs: its classes, else their numbers. */
const classesOf = (
	{ classes, outputs }: Pick<Model, 'outputs' | 'classes'>,
	manifest: Manifest,
): readonly string[] => manifest.classes ?? classes ?? Array.from({ length: outputs }, (_, k) => String(k))

/** Which output is the positive class of a binary model with one output a class: the last, unless the classes say. */
function positiveOutput(classes: readonly string[], names: Pick<ModelRow, 'positiveLabel'>): number {
	const found = classes.findIndex((name) => sideOf(name, names) === '+')
	return found === -1 ? classes.length - 1 : found
}

/** The logged probabilities by output: of `{ class: probability }`, or of a list in the order of the outputs. */
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
 * The numbers that a service logged of its model's answer, that of the decision first; empty when there are none. A model
 * with one output logs it as `score`, or as the probability of the positive label. With one output a class, `score` is of
 * the class that `label` names, else of the likeliest.
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
		// Two classes share one output: the probability of the positive one is what it says.
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
