import { and, desc, eq, inArray } from 'drizzle-orm'
import { openIncidentOnce, resolveIncidentAbout } from '../alerting/incident/incident-without-rule.ts'
import { executorChoice } from '../approvals/executor-choice.ts'
import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import { digestOf } from '../core/canonical-json.ts'
import { newId } from '../core/ids.ts'
import { minuteMs } from '../core/time.ts'
import { commit } from '../db/commit.ts'
import { deployments, executions, models, requests } from '../db/schema.ts'
import type { Action } from '../ports/executors.ts'
import { executor } from './claim.ts'
import { startExecution } from './wake-up.ts'

const checker: Actor = { ...executor, role: 'admin', models: ['*'] }

/** At once: one that hangs holds up the others only for a while. */
const atOnce = 8
/** A change of ours may show late at the target. */
const settleMs = 2 * minuteMs

type Serving = { model: string; environment: string; champion: string; since: number }
/** Which targets to read: by the executor with its settings, and the model. */
export type IsMeant = (choice: { name: string; settings: unknown }, serving: Serving) => boolean

/**
 * Reads what serves at the targets that can be read, and compares it with the deployments. Where they differ, somebody moved
 * the target past the approvals: that is an incident, which ends when they agree again. While a request of ours is under
 * way, it is woken instead, since it reads the target itself.
 */
export async function checkTargets(
	context: Context,
	isMeant: IsMeant = () => true,
): Promise<{ read: number; moved: number; unreadable: number }> {
	const counts = { read: 0, moved: 0, unreadable: 0 }
	const queue = (await targetsOf(context, isMeant)).values()
	const next = async () => {
		for (const target of queue) counts[await checkTarget(context, target)]++
	}
	await Promise.all(Array.from({ length: atOnce }, next))
	return counts
}

type Target = { serving: Serving; name: string; executor: ReturnType<Context['executors'][string]['open']> }

async function targetsOf(context: Context, isMeant: IsMeant): Promise<Target[]> {
	const rows = await context.db.select().from(models)
	const byName = new Map(rows.map((row) => [row.name, row]))
	const all = await context.db
		.select()
		.from(deployments)
		.orderBy(deployments.model, deployments.environment, desc(deployments.revision))
	const isFirst = ({ model, environment }: Serving, i: number) =>
		model !== all[i - 1]?.model || environment !== all[i - 1]?.environment
	return all.filter(isFirst).flatMap((serving) => {
		const model = byName.get(serving.model)
		if (!model) return []
		const choice = executorChoice(context, { kind: 'deployment', environment: serving.environment }, model)
		const opened = isMeant(choice, serving)
			? context.executors[choice.name]?.open(choice.settings)
			: undefined
		return opened?.read && !opened.isLocal ? [{ serving, name: choice.name, executor: opened }] : []
	})
}

async function checkTarget(
	context: Context,
	{ serving, name, executor: opened }: Target,
): Promise<'read' | 'moved' | 'unreadable'> {
	const { model, environment, champion, since } = serving
	if (await wakeRequests(context, serving)) return 'read'
	const action: Action = { kind: 'deployment', model, environment, from: champion, to: champion }
	const idempotencyKey = newId('check', context.now(), context.random)
	const actionDigest = await digestOf(action)
	const state = await opened.read?.({ action, actionDigest, idempotencyKey, reason: 'to compare' })
	const about = `target:${model}/${environment}`
	if (!state?.ok) {
		context.logger.warn('a target cannot be read', {
			model,
			environment,
			executor: name,
			error: state?.error.message,
		})
		return 'unreadable'
	}
	const { version, detail } = state.value
	if (version === champion) {
		await resolveIncidentAbout(context, checker, about, `the target is at ${champion} again`)
		return 'read'
	}
	if (context.now() - since < settleMs || (await wakeRequests(context, serving))) return 'read'
	await openIncidentOnce(context, checker, {
		about,
		model,
		environment,
		severity: 'warning',
		title: `${model} in ${environment}: the target was moved outside Plumbline`.slice(0, 150),
		notes: [`${detail}. The deployment here is ${champion}, and no request has asked for another one.`],
	})
	return 'moved'
}

/** Requests under way for what serves: those that verify look again now. Answers whether there are any. */
async function wakeRequests(context: Context, { model, environment }: Serving): Promise<boolean> {
	const underWay = and(
		eq(requests.model, model),
		eq(requests.environment, environment),
		inArray(requests.status, ['executing', 'verifying']),
	)
	const rows = await context.db
		.select({ id: requests.id, status: requests.status })
		.from(requests)
		.where(underWay)
	for (const { id, status } of rows) {
		if (status !== 'verifying') continue
		const now = context.now()
		const query = context.db.update(executions).set({ notBefore: now }).where(eq(executions.request, id))
		await commit(context, executor, [], [{ query }])
		startExecution(context, id)
	}
	return rows.length > 0
}
