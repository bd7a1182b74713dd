import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { formatTime } from '../../core/time.ts'
import { outputNames } from '../../decisions/explanation/decision.ts'
import type { Model } from '../../explain/model.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel, type ModelRow } from '../../registry/model/find-model.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import { type AuditQuery, fault, periodOf, placeOf } from '../bias/audit-scope.ts'
import { type RowExplainer, rowExplainer } from './row-explainer.ts'

export type ImportanceQuery = Omit<AuditQuery, 'attribute'>

/** Whose rows are explained, when, and by what. */
export type ImportanceScope = {
	model: ModelRow
	query: { model: string; version: string; environment: string; from: number; to: number }
	explainer: RowExplainer
	/** The same as answers show it. */
	shown: {
		model: string
		version: string
		environment: string
		period: { from: string; to: string }
		computedAt: string
	}
}

/** Throws for a name that is not among the known ones, with the nearest. */
export function needKnown(path: string, name: string, known: readonly string[]): void {
	if (known.includes(name)) return
	const near = nearest(name, known)
	const list = known.length > 0 ? `there are ${known.slice(0, 20).join(', ')}` : 'there are none'
	throw fault(
		path,
		`no ${JSON.stringify(name)}; ${near === undefined ? list : `did you mean ${JSON.stringify(near)}?`}`,
	)
}

type Outputs = Pick<Model, 'classes' | 'outputs'>

/** Which output is asked for: the first unless it is named. Throws for a name that the model does not have. */
export function outputIndex(model: Outputs | undefined, asked: string | undefined): number {
	if (asked === undefined) return 0
	if (model?.outputs === 1) throw fault('output', 'the model has one output; leave it out')
	const names = model ? outputNames(model) : []
	needKnown('output', asked, names)
	return names.indexOf(asked)
}

/** What an output is called; undefined where there is but one. */
export const outputName = (model: Outputs | undefined, output: number): string | undefined =>
	!model || model.outputs === 1 ? undefined : outputNames(model)[output]

/**
 * What a question about importance is asked of. Throws `forbidden`, `not-found`, `invalid` with the path of what is wrong,
 * and `conflict` when the version's model cannot be had now.
 */
export async function importanceScope(
	context: Context,
	actor: Actor,
	asked: ImportanceQuery,
): Promise<ImportanceScope> {
	authorise(actor, ['analyst', 'auditor'], asked.model)
	const model = await findModel(context, asked.model)
	const { from, to } = periodOf(asked, context.now())
	const { version, environment } = await placeOf(context, model.name, asked)
	const row = await findVersion(context, model.name, version)
	const explainer = await rowExplainer(context, row, environment)
	if ('unavailable' in explainer)
		throw new AppError('conflict', `Contributions cannot be computed: ${explainer.unavailable}.`)
	return {
		model,
		query: { model: model.name, version, environment, from, to },
		explainer,
		shown: {
			model: model.name,
			version,
			environment,
			period: { from: formatTime(from), to: formatTime(to) },
			computedAt: formatTime(context.now()),
		},
	}
}
