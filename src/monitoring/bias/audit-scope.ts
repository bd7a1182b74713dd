import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import type { Hint } from '../../core/hints.ts'
import { nearest } from '../../core/nearest.ts'
import { dayMs, hourMs } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import { currentDeployments } from '../../registry/deployment/get-deployment.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { favourableOf } from '../../registry/model/favourable.ts'
import { findModel, type ModelRow, quote } from '../../registry/model/find-model.ts'
import { findVersion, type VersionRow, versionNames } from '../../registry/version/find-version.ts'
import type { Favourable } from '../../stats/fairness/group-counts.ts'
import { maxPaired } from '../../summaries/outcomes/join-index.ts'

export type AuditQuery = {
	model: string
	environment?: string | undefined
	version?: string | undefined
	/** ms since the epoch; widened to whole hours. */
	from?: number | undefined
	to?: number | undefined
	attribute?: string | undefined
}

/** A sensitive attribute, or an intersection of two (`SEX x MARRIAGE`). */
export type Attribute = { name: string; of: readonly [string] | readonly [string, string] }

/** What an audit is of. `series`: over all rows first, if there are any, then by value of each declared segment. */
export type AuditScope = {
	model: ModelRow
	version: VersionRow
	environment: string
	from: number
	to: number
	attributes: Attribute[]
	series: Series[]
	/** The decision that is good for the person, where somebody has said. */
	favourable: Favourable | undefined
}

const defaultEnvironment = 'production'
const defaultDays = 30
/** Audits are yearly at most; a bound, so that one question cannot read the whole log. */
const maxDays = 366

export const fault = (path: string, message: string, hint?: Hint): AppError =>
	new AppError('invalid', `${path}: ${message}${hint ? '.' : ''}`, { faults: [{ path, message }], hint })

const unknown = (path: string, what: string, name: string, known: readonly string[]): AppError => {
	const near = nearest(name, known)
	const list = known.length > 0 ? `known here: ${known.slice(0, 20).join(', ')}` : 'there are none'
	return fault(
		path,
		`no ${what} ${quote(name)}; ${near === undefined ? list : `did you mean ${JSON.stringify(near)}?`}`,
	)
}

/**
 * What a bias audit is asked of. Throws `forbidden`, `not-found` for the model, and `invalid` with the path of what is
 * wrong: a version, environment or attribute that there is not, a period that is none, a model that cannot be audited.
 */
export async function auditScope(context: Context, actor: Actor, query: AuditQuery): Promise<AuditScope> {
	authorise(actor, ['analyst', 'auditor'], query.model)
	const model = await findModel(context, query.model)
	const attributes = attributesOf(model, query.attribute)
	const { from, to } = periodOf(query, context.now())
	const place = await placeOf(context, model.name, query)
	const version = await findVersion(context, model.name, place.version)
	const all = (await context.log.series(model.name)).filter(
		(s) => s.version === place.version && s.environment === place.environment,
	)
	const series = ['', ...model.segments].flatMap((name) => all.filter((s) => s.segment === name))
	const favourable = favourableOf(model, version.manifest)
	return { model, version, environment: place.environment, from, to, attributes, series, favourable }
}

function attributesOf({ name, task, sensitive }: ModelRow, wanted: string | undefined): Attribute[] {
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
	const all: Attribute[] = sensitive.map((a) => ({ name: a, of: [a] }))
	if (sensitive.length <= maxPaired)
		sensitive.forEach((a, i) => {
			for (const b of sensitive.slice(i + 1)) all.push({ name: `${a} x ${b}`, of: [a, b] })
		})
	if (wanted === undefined) return all
	const found = all.find((a) => a.name === wanted)
	if (found) return [found]
	throw unknown(
		'attribute',
		'sensitive attribute',
		wanted,
		all.map((a) => a.name),
	)
}

export function periodOf(query: AuditQuery, now: number): { from: number; to: number } {
	const to = query.to ?? now
	const from = query.from ?? to - defaultDays * dayMs
	if (from >= to) throw fault(query.from === undefined ? 'to' : 'from', '`from` must be before `to`')
	if (to - from > maxDays * dayMs) throw fault('from', `the period is longer than ${maxDays} days`)
	return { from: Math.floor(from / hourMs) * hourMs, to: Math.ceil(to / hourMs) * hourMs }
}

/** The version that was named, or the champion of the environment. */
export async function placeOf(
	context: Context,
	model: string,
	{ version, environment = defaultEnvironment }: AuditQuery,
): Promise<{ version: string; environment: string }> {
	const deployed = await currentDeployments(context, model)
	if (version === undefined) {
		const found = deployed.find((d) => d.environment === environment)
		if (found) return { version: found.champion, environment }
		const known = deployed.map((d) => d.environment)
		if (known.length > 0) throw unknown('environment', 'deployment in', environment, known)
		throw fault('version', `nothing is deployed in ${quote(environment)}, so say which version`)
	}
	const versions = await versionNames(context, model)
	if (!versions.includes(version)) throw unknown('version', 'version', version, versions)
	const seen = (await context.log.series(model)).map((s) => s.environment)
	const known = [...new Set([defaultEnvironment, ...deployed.map((d) => d.environment), ...seen])]
	if (!known.includes(environment)) throw unknown('environment', 'environment', environment, known)
	return { version, environment }
}
