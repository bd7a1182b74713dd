import { and, asc, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { deployments } from '../../db/schema.ts'

type Deployment = typeof deployments.$inferSelect

/** What was deployed in an environment, oldest first. */
export type DeploymentHistory = readonly Deployment[]

export const deploymentHistory = (
	context: Context,
	model: string,
	environment: string,
): Promise<DeploymentHistory> =>
	context.db
		.select()
		.from(deployments)
		.where(and(eq(deployments.model, model), eq(deployments.environment, environment)))
		.orderBy(asc(deployments.revision))

/**
 * Whether a version was deployed at any time of [from, to). Undefined where nobody has said what the environment serves.
 * What came first counts for the time before it too: traffic may be older than its registration.
 */
export function wasDeployed(
	history: DeploymentHistory,
	version: string,
	from: number,
	to: number,
): boolean | undefined {
	if (history.length === 0) return undefined
	return history.some(({ champion, challenger, canary, since }, i) => {
		const until = history[i + 1]?.since ?? Number.POSITIVE_INFINITY
		const isThen = (i === 0 || since < to) && until > from
		return isThen && [champion, challenger, canary?.version].includes(version)
	})
}
