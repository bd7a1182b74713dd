import { and, asc, eq, isNull, ne } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { githubGates, type RequestStatus, requests } from '../db/schema.ts'

/** A deployment of GitHub Actions that waits until its request is decided. */
export type Gate = typeof githubGates.$inferSelect

const one = ({ callbackUrl, environment }: Pick<Gate, 'callbackUrl' | 'environment'>) =>
	and(eq(githubGates.callbackUrl, callbackUrl), eq(githubGates.environment, environment))

/** Notes a deployment that waits. Again changes nothing. */
export async function openGate(
	context: Context,
	gate: Pick<Gate, 'callbackUrl' | 'environment' | 'run' | 'installation'>,
): Promise<void> {
	await context.db
		.insert(githubGates)
		.values({ ...gate, askedAt: context.now() })
		.onConflictDoNothing()
}

/** Those that wait, the oldest first. */
export const waitingGates = (context: Context, limit: number): Promise<Gate[]> =>
	context.db
		.select()
		.from(githubGates)
		.where(isNull(githubGates.answeredAt))
		.orderBy(asc(githubGates.askedAt))
		.limit(limit)

export async function nameRequest(context: Context, gate: Gate, request: string): Promise<void> {
	await context.db.update(githubGates).set({ request }).where(one(gate))
}

export async function closeGate(
	context: Context,
	gate: Gate,
	answer: 'approved' | 'rejected',
): Promise<void> {
	await context.db.update(githubGates).set({ answeredAt: context.now(), answer }).where(one(gate))
}

const underWay: ReadonlySet<string> = new Set<RequestStatus>(['approved', 'executing'])

/** What to answer; undefined while the request is pending. One run deploys a request: a second one is rejected. */
export async function gateAnswer(
	context: Context,
	gate: Gate,
	id: string | null,
): Promise<{ state: 'approved' | 'rejected'; comment: string } | undefined> {
	const rejected = (comment: string) => ({ state: 'rejected' as const, comment: `Plumbline: ${comment}` })
	if (id === null) return rejected('the name of this run shows no request.')
	const [request] = await context.db.select().from(requests).where(eq(requests.id, id))
	if (!request) return rejected(`there is no request ${id}.`)
	if (request.environment !== gate.environment)
		return rejected(`${id} is for the environment ${request.environment}.`)
	const [other] = await context.db
		.select({ run: githubGates.run })
		.from(githubGates)
		.where(
			and(eq(githubGates.request, id), eq(githubGates.answer, 'approved'), ne(githubGates.run, gate.run)),
		)
		.limit(1)
	if (other) return rejected(`${id} was already deployed by another run.`)
	if (request.status === 'pending') return undefined
	if (underWay.has(request.status)) return { state: 'approved', comment: `Plumbline: ${id} is approved.` }
	return rejected(`${id} is ${request.status}.`)
}
