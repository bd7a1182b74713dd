import { AppError } from '../../core/errors.ts'
import type { Manifest } from '../../explain/manifest.ts'
import type { Model, Space } from '../../explain/model.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { favourableOf } from '../../registry/model/favourable.ts'
import { didYouMean } from '../../registry/model/find-model.ts'
import type { ModelMoment } from '../../registry/model/model-history.ts'
import { decisionOf } from '../../summaries/inputs/input-summary.ts'
import { modelLabels, negative, positive, sideOf, type Task } from '../../summaries/outcomes/label.ts'

/** How a score becomes a decision, by the settings at the time of the decision. */
export type DecisionRule = {
	task: Task
	positiveLabel: string | null
	negativeLabel?: string | null | undefined
	threshold: number | null
	/** Which scores are bad for the person. */
	adverse: 'high' | 'low'
}

export type Decision = { decision: string | null; adverse: boolean | null }

/** Positive labels that are good for the person: a low score is then bad, unless the manifest says otherwise. */
const favourable =
	/^(approv(e|ed|al)|accept(ed|ance)?|grant(ed)?|good|(re)?paid|repay|pass(ed)?|eligible|offer(ed)?|fund(ed)?|hired?)$/i

/** The manifest of the version takes precedence over the model. */
export const decisionRule = (
	moment: ModelMoment,
	manifest: Pick<Manifest, 'threshold' | 'adverse'>,
	space: Space | undefined,
): DecisionRule => {
	const side = favourableOf(moment, manifest)
	const isGood = space === 'points' || favourable.test(moment.positiveLabel?.trim() ?? '')
	return {
		task: moment.task,
		...modelLabels(moment),
		threshold: manifest.threshold ?? moment.threshold,
		adverse: side === undefined ? (isGood ? 'low' : 'high') : side === 'positive' ? 'low' : 'high',
	}
}

const textOf = (label: unknown): string | undefined =>
	typeof label === 'string' || typeof label === 'number' || typeof label === 'boolean'
		? String(label)
		: undefined

/** The decision as `$decision` counts it, and whether it went against the person. */
export function decide(
	rule: DecisionRule,
	{ label, score, probabilities }: Pick<StoredPrediction, 'label' | 'score' | 'probabilities'>,
): Decision {
	if (rule.task === 'multiclass') {
		return { decision: textOf(label) ?? likeliest(probabilities) ?? null, adverse: null }
	}
	const sent = rule.task === 'binary' ? textOf(label) : undefined
	const decision = sent ?? decisionOf(score ?? Number.NaN, rule) ?? null
	const side = decision === null ? undefined : sideOf(decision, rule)
	return {
		decision,
		adverse: side === undefined ? null : (side === positive) === (rule.adverse === 'high'),
	}
}

/**
 * The decision for a score. `opposite`: the service's word for the decision that is not positive, if known; else the word of
 * `$decision`.
 */
export function wouldDecide(rule: DecisionRule, score: number, opposite: string | null): Decision {
	const { decision, adverse } = decide(rule, { score })
	const isOpposite = decision !== null && sideOf(decision, rule) === negative
	return { decision: isOpposite ? (opposite ?? decision) : decision, adverse }
}

/** The class with the highest probability; of equal ones the first. */
function likeliest(probabilities: unknown): string | undefined {
	const entries = Object.entries((probabilities ?? {}) as Record<string, number>)
	return entries.reduce<[string, number] | undefined>(
		(best, next) => (best === undefined || next[1] > best[1] ? next : best),
		undefined,
	)?.[0]
}

const fault = (message: string) =>
	new AppError('invalid', `output: ${message}`, { faults: [{ path: 'output', message }] })

/** The names of the classes of a model with one output a class, or their numbers. */
export const outputNames = ({ classes, outputs }: Pick<Model, 'classes' | 'outputs'>): readonly string[] =>
	classes ?? Array.from({ length: outputs }, (_, k) => String(k))

/**
 * The output to explain: the requested one, else the decided class, else the likeliest; of a binary model with one output a
 * class, the positive one. Throws `invalid` for an output that the model does not have.
 */
export function chooseOutput(
	model: Pick<Model, 'classes' | 'outputs'>,
	requested: string | undefined,
	rule: Pick<DecisionRule, 'task' | 'positiveLabel'>,
	decision: string | null,
	margin: Float64Array,
): number {
	if (model.outputs === 1) {
		if (requested !== undefined) throw fault('the model has one output; leave it out')
		return 0
	}
	const names = outputNames(model)
	if (requested !== undefined) {
		const found = names.indexOf(requested)
		if (found >= 0) return found
		throw fault(
			`${JSON.stringify(requested)} is not a class of the model.${didYouMean(requested, names, `It has ${names.slice(0, 20).join(', ')}.`)}`,
		)
	}
	if (rule.task === 'binary') {
		const found = names.findIndex((name) => sideOf(name, rule) === positive)
		return found === -1 ? names.length - 1 : found
	}
	const decided = decision === null ? -1 : names.indexOf(decision)
	return decided >= 0 ? decided : margin.indexOf(Math.max(...margin))
}
