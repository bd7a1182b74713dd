import type { Manifest } from '../../explain/manifest.ts'
import type { Space } from '../../explain/model.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { favourableOf } from '../../registry/model/favourable.ts'
import type { ModelMoment } from '../../registry/model/model-history.ts'
import { decisionOf } from '../../summaries/inputs/accumulate.ts'
import { modelLabels, negative, positive, sideOf, type Task } from '../../summaries/outcomes/label.ts'

/** How a score is read: by the settings of the moment of the decision. */
export type DecisionRule = {
	task: Task
	positiveLabel: string | null
	negativeLabel?: string | null | undefined
	threshold: number | null
	/** Which scores are bad for the person. */
	adverse: 'high' | 'low'
}

export type Decision = { decision: string | null; adverse: boolean | null }

/** Positive labels that are good for the person: then a low score is bad, unless the manifest says otherwise. */
const favourable =
	/^(approv(e|ed|al)|accept(ed|ance)?|grant(ed)?|good|(re)?paid|repay|pass(ed)?|eligible|offer(ed)?|fund(ed)?|hired?)$/i

/** A version's manifest says more than the model: it is of this version. */
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
 * The decision that a score would bring. `opposite`: what the service calls the decision that is not positive, where it is
 * known; else as `$decision` does.
 */
export function wouldDecide(rule: DecisionRule, score: number, opposite: string | null): Decision {
	const { decision, adverse } = decide(rule, { score })
	const isOpposite = decision !== null && sideOf(decision, rule) === negative
	return { decision: isOpposite ? (opposite ?? decision) : decision, adverse }
}

/** The class of the highest probability; of equal ones the first. */
export function likeliest(probabilities: unknown): string | undefined {
	const entries = Object.entries((probabilities ?? {}) as Record<string, number>)
	return entries.reduce<[string, number] | undefined>(
		(best, next) => (best === undefined || next[1] > best[1] ? next : best),
		undefined,
	)?.[0]
}
