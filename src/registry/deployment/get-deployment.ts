import { and, asc, desc, eq, gt, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { cursorNumber, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { deployments } from '../../db/schema.ts'
import { findModel, notFound, quote } from '../model/find-model.ts'
import type { Deployment } from './deployment.schema.ts'

type DeploymentRow = typeof deployments.$inferSelect

export const toDeployment = (row: DeploymentRow): Deployment => ({ ...row, since: formatTime(row.since) })
const of = (model: string, environment: string) =>
	and(eq(deployments.model, model), eq(deployments.environment, environment))

// Plain SQL: thousands of followers come back here at the same time, and building the query costs more than running it.
const current = `SELECT model, environment, revision, champion, challenger, canary, since FROM deployment
	WHERE model = ? AND environment = ? ORDER BY revision DESC LIMIT 1`

/** The deployment in force in an environment; undefined when nothing was ever deployed there. */
export async function findDeployment(
	context: Context,
	model: string,
	environment: string,
): Promise<Deployment | undefined> {
	type Row = Omit<DeploymentRow, 'canary'> & { canary: string | null }
	const [row] = await context.sql.all<Row>({ sql: current, params: [model, environment] })
	if (!row) return undefined
	return toDeployment({ ...row, canary: row.canary === null ? null : JSON.parse(row.canary) })
}

/** The deployment in force in an environment. Throws `not-found` with the nearest environment name. */
export async function getDeployment(
	context: Context,
	model: string,
	environment: string,
): Promise<Deployment> {
	const deployment = await findDeployment(context, model, environment)
	if (deployment) return deployment
	const { name } = await findModel(context, model)
	const known = (await currentDeployments(context, name)).map((d) => d.environment)
	const message = `The model ${quote(name)} is not deployed in ${quote(environment)}.`
	throw notFound(message, environment, known, { to: 'deploy', model: name })
}

/** The deployment in force in each environment of a model, unpaged: there are few. */
export async function currentDeployments(context: Context, model: string): Promise<Deployment[]> {
	const rows = await context.db
		.select()
		.from(deployments)
		.where(eq(deployments.model, model))
		.orderBy(deployments.environment, desc(deployments.revision))
	return rows.filter((row, i) => row.environment !== rows[i - 1]?.environment).map(toDeployment)
}

/** Lists every deployment of an environment, newest first. */
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

/** The deployments of an environment after a revision, oldest first, at most `limit`. */
export async function deploymentsAfter(
	context: Context,
	model: string,
	environment: string,
	revision: number,
	limit: number,
): Promise<Deployment[]> {
	const rows = await context.db
		.select()
		.from(deployments)
		.where(and(of(model, environment), gt(deployments.revision, revision)))
		.orderBy(asc(deployments.revision))
		.limit(limit)
	return rows.map(toDeployment)
}

/** Every deployment of an environment, oldest first. */
export type DeploymentHistory = readonly DeploymentRow[]

export const deploymentHistory = (
	context: Context,
	model: string,
	environment: string,
): Promise<DeploymentHistory> =>
	context.db.select().from(deployments).where(of(model, environment)).orderBy(asc(deployments.revision))

/**
 * Whether a version was deployed at any time in [from, to). Undefined for an environment without deployments. The first
 * deployment also counts for the time before it: traffic may be older than its registration.
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
		const overlaps = (i === 0 || since < to) && until > from
		return overlaps && [champion, challenger, canary?.version].includes(version)
	})
}
