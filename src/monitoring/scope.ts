import { z } from 'zod'
import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import type { Hint } from '../core/hints.ts'
import { nearest } from '../core/nearest.ts'
import { Time } from '../core/schemas.ts'
import { dayMs, hourMs } from '../core/time.ts'
import { currentDeployments } from '../registry/deployment/get-deployment.ts'
import { quote } from '../registry/model/find-model.ts'
import { versionNames } from '../registry/version/find-version.ts'

/** The members of an answer that say which logged rows it is about. */
export const scopeMembers = {
	model: z.string(),
	version: z.string(),
	environment: z.string(),
	period: z
		.strictObject({ from: Time, to: Time })
		.meta({ description: 'Period of the predictions, in whole hours; `to` is exclusive.' }),
}

/** Which logged rows a query is about. */
export type ScopeQuery = {
	model: string
	/** Default: production. */
	environment?: string | undefined
	/** Default: the champion of the environment. */
	version?: string | undefined
	/** ms since the epoch; widened to whole hours. Default: the last 30 days. */
	from?: number | undefined
	to?: number | undefined
}

const defaultEnvironment = 'production'
const defaultDays = 30
/** Audits are yearly at most. The limit keeps one query from reading the whole log. */
const maxDays = 366

export const fault = (path: string, message: string, hint?: Hint): AppError =>
	new AppError('invalid', `${path}: ${message}${hint ? '.' : ''}`, { faults: [{ path, message }], hint })

/** An error that names the nearest known name, or lists the known ones. */
export function unknownName(path: string, what: string, name: string, known: readonly string[]): AppError {
	const near = nearest(name, known)
	const list = known.length > 0 ? `known here: ${known.slice(0, 20).join(', ')}` : 'there are none'
	return fault(
		path,
		`no ${what} ${quote(name)}; ${near === undefined ? list : `did you mean ${JSON.stringify(near)}?`}`,
	)
}

/** The period of a query, in whole hours. */
export function periodOf(query: ScopeQuery, now: number): { from: number; to: number } {
	const to = query.to ?? now
	const from = query.from ?? to - defaultDays * dayMs
	if (from >= to) throw fault(query.from === undefined ? 'to' : 'from', '`from` must be before `to`')
	if (to - from > maxDays * dayMs) throw fault('from', `the period is longer than ${maxDays} days`)
	return { from: Math.floor(from / hourMs) * hourMs, to: Math.ceil(to / hourMs) * hourMs }
}

/** The version that a query names, or the champion of its environment. */
export async function versionInEnvironment(
	context: Context,
	{ model, version, environment = defaultEnvironment }: ScopeQuery,
): Promise<{ version: string; environment: string }> {
	const deployed = await currentDeployments(context, model)
	if (version === undefined) {
		const deployment = deployed.find((d) => d.environment === environment)
		if (deployment) return { version: deployment.champion, environment }
		const known = deployed.map((d) => d.environment)
		if (known.length > 0) throw unknownName('environment', 'deployment in', environment, known)
		throw fault('version', `nothing is deployed in ${quote(environment)}, so say which version`)
	}
	const versions = await versionNames(context, model)
	if (!versions.includes(version)) throw unknownName('version', 'version', version, versions)
	const seen = (await context.log.series(model)).map((s) => s.environment)
	const known = [...new Set([defaultEnvironment, ...deployed.map((d) => d.environment), ...seen])]
	if (!known.includes(environment)) throw unknownName('environment', 'environment', environment, known)
	return { version, environment }
}
