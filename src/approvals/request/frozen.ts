import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { inList } from '../../db/database.ts'
import { requests, versionFreezes } from '../../db/schema.ts'
import type { Action } from '../../ports/executors.ts'
import type { Deployment } from '../../registry/deployment/deployment.schema.ts'
import { findDeployment } from '../../registry/deployment/get-deployment.ts'
import { deploymentKinds } from '../executor-choice.ts'

export type Serving = Pick<Deployment, 'champion' | 'challenger' | 'canary'>

/** The versions that receive traffic, or more of it, than before. */
export function newTraffic(before: Serving, after: Serving): string[] {
	const { canary } = after
	const known = before.canary?.version === canary?.version ? (before.canary?.percent ?? 0) : 0
	return [
		...(before.champion === after.champion ? [] : [after.champion]),
		...(canary && canary.percent > known ? [canary.version] : []),
	]
}

/** Those of the versions that a rollback has left, in one environment or anywhere, each with the rollback. */
export async function frozenVersions(
	context: Context,
	model: string,
	versions: readonly string[],
	environment?: string,
): Promise<Map<string, string>> {
	if (versions.length === 0) return new Map()
	const rows = await context.db
		.select({ version: versionFreezes.version, request: versionFreezes.request })
		.from(versionFreezes)
		.leftJoin(requests, eq(requests.id, versionFreezes.request))
		.where(
			and(
				eq(versionFreezes.model, model),
				inList(versionFreezes.version, versions),
				environment === undefined ? undefined : eq(requests.environment, environment),
			),
		)
	return new Map(rows.map(({ version, request }) => [version, request]))
}

/** The error for the first of the versions that a rollback has left. */
export async function frozenAmong(
	context: Context,
	model: string,
	versions: readonly string[],
	environment?: string,
): Promise<AppError | undefined> {
	const [first] = await frozenVersions(context, model, versions, environment)
	if (!first) return undefined
	const [version, request] = first
	return new AppError('frozen', `Version ${version} is frozen: the rollback ${request} left it.`, {
		hint: { to: 'lift-freeze', model, version },
	})
}

/** The error for an action that gives traffic to a version that a rollback has left since it was requested. */
export async function frozenSince(context: Context, action: Action): Promise<AppError | undefined> {
	const { kind, model, environment, to } = action
	if (!deploymentKinds.includes(kind) || to === undefined) return undefined
	const before = await findDeployment(context, model, environment)
	if (!before) return undefined
	const { canary = before.canary } = action
	return frozenAmong(context, model, newTraffic(before, { champion: to, challenger: null, canary }))
}
