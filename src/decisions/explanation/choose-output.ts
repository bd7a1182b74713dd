import { AppError } from '../../core/errors.ts'
import type { Model } from '../../explain/model.ts'
import { didYouMean } from '../../registry/model/find-model.ts'
import { positive, sideOf } from '../../summaries/outcomes/label.ts'
import type { DecisionRule } from './decision.ts'

const fault = (message: string) =>
	new AppError('invalid', `output: ${message}`, { faults: [{ path: 'output', message }] })

/** The classes of a model with one output each, by name; without names by number. */
export const outputNames = ({ classes, outputs }: Pick<Model, 'classes' | 'outputs'>): readonly string[] =>
	classes ?? Array.from({ length: outputs }, (_, k) => String(k))

/**
 * Which output the answer is of: the one that was asked for, else the decided class, else the likeliest; of a binary model
 * with an output a class, the positive one. Throws `invalid` for one that the model does not have.
 */
export function chooseOutput(
	model: Pick<Model, 'classes' | 'outputs'>,
	asked: string | undefined,
	rule: Pick<DecisionRule, 'task' | 'positiveLabel'>,
	decision: string | null,
	margin: Float64Array,
): number {
	if (model.outputs === 1) {
		if (asked !== undefined) throw fault('the model has one output; leave it out')
		return 0
	}
	const names = outputNames(model)
	if (asked !== undefined) {
		const found = names.indexOf(asked)
		if (found >= 0) return found
		throw fault(
			`${JSON.stringify(asked)} is no class of the model.${didYouMean(asked, names, `It has ${names.slice(0, 20).join(', ')}.`)}`,
		)
	}
	if (rule.task === 'binary') {
		const found = names.findIndex((name) => sideOf(name, rule) === positive)
		return found === -1 ? names.length - 1 : found
	}
	const decided = decision === null ? -1 : names.indexOf(decision)
	return decided >= 0 ? decided : margin.indexOf(Math.max(...margin))
}
