import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { formatTime } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { favourableOf, labelOf } from '../../registry/model/favourable.ts'
import { findModel, type ModelRow, quote } from '../../registry/model/find-model.ts'
import { findVersion, type VersionRow } from '../../registry/version/find-version.ts'
import type { Favourable } from '../../stats/fairness/group-counts.ts'
import { maxPaired } from '../../summaries/outcomes/join-index.ts'
import { fault, periodOf, type ScopeQuery, unknownName, versionInEnvironment } from '../scope.ts'

export type AuditQuery = ScopeQuery & { attribute?: string | undefined }

/** A sensitive attribute, or an intersection of two (`SEX x MARRIAGE`). */
export type Attribute = { name: string; of: readonly [string] | readonly [string, string] }

/** What an audit is about. `series`: over all rows first, if there are any, then by value of each declared segment. */
export type AuditScope = {
	model: ModelRow
	version: VersionRow
	environment: string
	from: number
	to: number
	attributes: Attribute[]
	series: Series[]
	/** The decision that is good for the person, where it is declared. */
	favourable: Favourable | undefined
}

/**
 * The scope of a bias audit. Throws `forbidden`, `not-found` for the model, and `invalid` with the path of what is wrong:
 * an unknown version, environment or attribute, an invalid period, a model that cannot be audited.
 */
export async function auditScope(context: Context, actor: Actor, query: AuditQuery): Promise<AuditScope> {
	authorise(actor, ['analyst', 'auditor'], query.model)
	const model = await findModel(context, query.model)
	const attributes = chosenAttributes(model, query.attribute)
	const { from, to } = periodOf(query, context.now())
	const { version: name, environment } = await versionInEnvironment(context, { ...query, model: model.name })
	const version = await findVersion(context, model.name, name)
	const all = (await context.log.series(model.name)).filter(
		(s) => s.version === name && s.environment === environment,
	)
	const series = ['', ...model.segments].flatMap((segment) => all.filter((s) => s.segment === segment))
	const favourable = favourableOf(model, version.manifest)
	return { model, version, environment, from, to, attributes, series, favourable }
}

/** The scope as answers begin with it. */
export const describeScope = (
	context: Context,
	{ model, version, environment, from, to, favourable }: AuditScope,
) => ({
	model: model.name,
	version: version.version,
	environment,
	period: { from: formatTime(from), to: formatTime(to) },
	selected: (favourable && labelOf(model, favourable)) ?? model.positiveLabel ?? '1',
	favourable: favourable ? labelOf(model, favourable) : null,
	computedAt: formatTime(context.now()),
})

/** A model's sensitive attributes, then each pair of them where pairs are counted. */
export const attributesOf = ({ sensitive }: Pick<ModelRow, 'sensitive'>): Attribute[] => [
	...sensitive.map((a): Attribute => ({ name: a, of: [a] })),
	...(sensitive.length > maxPaired
		? []
		: sensitive.flatMap((a, i) =>
				sensitive.slice(i + 1).map((b): Attribute => ({ name: `${a} x ${b}`, of: [a, b] })),
			)),
]

function chosenAttributes(model: ModelRow, wanted: string | undefined): Attribute[] {
	const { name, task, sensitive } = model
	if (task !== 'binary')
		throw fault(
			'model',
			`${quote(name)} is a ${task} model; a bias audit compares how often groups get the positive decision of a binary one`,
		)
	if (sensitive.length === 0)
		throw fault('sensitive', `${quote(name)} names no sensitive attributes`, {
			to: 'name-sensitive',
			model: name,
		})
	const all = attributesOf(model)
	if (wanted === undefined) return all
	const attribute = all.find((a) => a.name === wanted)
	if (attribute) return [attribute]
	const known = all.map((a) => a.name)
	throw unknownName('attribute', 'sensitive attribute', wanted, known)
}
