import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { formatTime } from '../../core/time.ts'
import { outputNames } from '../../decisions/explanation/decision.ts'
import type { Model } from '../../explain/model.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel, type ModelRow } from '../../registry/model/find-model.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import { fault, periodOf, type ScopeQuery, unknownName, versionInEnvironment } from '../scope.ts'
import { type RowExplainer, rowExplainer } from './row-explainer.ts'

/** Which rows are explained, and by what. */
export type ImportanceScope = {
	model: ModelRow
	query: { model: string; version: string; environment: string; from: number; to: number }
	explainer: RowExplainer
	/** The rows, as answers describe them. */
	shown: {
		model: string
		version: string
		environment: string
		period: { from: string; to: string }
		computedAt: string
	}
}

/** Throws for a name that is not known, with the nearest one. */
export function needKnown(path: string, name: string, known: readonly string[]): void {
	if (!known.includes(name)) throw unknownName(path, path, name, known)
}

type Outputs = Pick<Model, 'classes' | 'outputs'>

/** The index of an output: the first unless one is named. Throws for a name that the model does not have. */
export function outputIndex(model: Outputs | undefined, name: string | undefined): number {
	if (name === undefined) return 0
	if (model?.outputs === 1) throw fault('output', 'the model has one output; leave it out')
	const names = model ? outputNames(model) : []
	needKnown('output', name, names)
	return names.indexOf(name)
}

/** The name of an output; undefined for models with one output. */
export const outputName = (model: Outputs | undefined, output: number): string | undefined =>
	!model || model.outputs === 1 ? undefined : outputNames(model)[output]

/**
 * The scope of a query about importance. Throws `forbidden`, `not-found`, `invalid` with the path of what is wrong, and
 * `conflict` while the version's model is unavailable.
 */
export async function importanceScope(
	context: Context,
	actor: Actor,
	scope: ScopeQuery,
): Promise<ImportanceScope> {
	authorise(actor, ['analyst', 'auditor'], scope.model)
	const model = await findModel(context, scope.model)
	const { from, to } = periodOf(scope, context.now())
	const { version, environment } = await versionInEnvironment(context, { ...scope, model: model.name })
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
