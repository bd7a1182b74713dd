import { and, asc, desc, eq, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { cursorNumber, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { deployments } from '../../db/schema.ts'
import { findModel, hint, quote } from '../model/find-model.ts'

type DeploymentRow = typeof deployments.$inferSelect
export type Deployment = Omit<DeploymentRow, 'since'> & { since: string }

const toDeployment = (row: DeploymentRow): Deployment => ({ ...row, since: formatTime(row.since) })
const of = (model: string, environment: string) =>
	and(eq(deployments.model, model), eq(deployments.environment, environment))

/** What serves in an environment now; undefined when nothing was ever deployed there. */
export async function findDeployment(
	context: Context,
	model: string,
	environment: string,
): Promise<Deployment | undefined> {
	const [row] = await context.db
		.select()
		.from(deployments)
		.where(of(model, environment))
		.orderBy(desc(deployments.revision))
		.limit(1)
	return row && toDeployment(row)
}

/** What serves in an environment now. Throws `not-found` with the nearest environment. */
export async function getDeployment(
	context: Context,
	model: string,
	environment: string,
): Promise<Deployment> {
	const found = await findDeployment(context, model, environment)
	if (found) return found
	const { name } = await findModel(context, model)
	const known = (await currentDeployments(context, name)).map((d) => d.environment)
	const otherwise = `Deploy it with PUT /v1/models/${encodeURIComponent(name)}/deployments/{environment}.`
	throw new AppError(
		'not-found',
		`The model ${quote(name)} is not deployed in ${quote(environment)}.${hint(environment, known, otherwise)}`,
	)
}

/** What serves in each environment of a model. There are few, so there are no pages. */
export async function currentDeployments(context: Context, model: string): Promise<Deployment[]> {
	const rows = await context.db
		.select()
		.from(deployments)
		.where(eq(deployments.model, model))
		.orderBy(deployments.environment, desc(deployments.revision))
	return rows.filter((row, i) => row.environment !== rows[i - 1]?.environment).map(toDeployment)
}

/** Every deployment of an environment, newest first. */
export async function listDeployments(
	context: Context,
	model: string,
	environment: string,
	page: PageQuery,
): Promise<Page<Deployment>> {
	await getDeployment(context, model, environment)
	const before = cursorNumber(page.cursor)
	const rows = await context.db
		.select()
		.from(deployments)
		.where(and(of(model, environment), before === undefined ? undefined : lt(deployments.revision, before)))
		.orderBy(desc(deployments.revision))
		.limit(page.limit + 1)
	return toPage(rows, page.limit, (row) => row.revision, toDeployment)
}

/** What was deployed in an environment, oldest first. */
export type DeploymentHistory = readonly DeploymentRow[]

export const deploymentHistory = (
	context: Context,
	model: string,
	environment: string,
): Promise<DeploymentHistory> =>
	context.db.select().from(deployments).where(of(model, environment)).orderBy(asc(deployments.revision))

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
