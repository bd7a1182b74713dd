import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import type { Deployment } from './deployment.schema.ts'
import type { DeploymentFeed } from './deployment-feed.ts'
import { findDeployment } from './get-deployment.ts'

type Wait = {
	actor: Actor
	model: string
	environment: string
	/** Whether the caller does not know this deployment. */
	isNew: (deployment: Deployment) => boolean
	ms: number
	/** Ends the wait early. */
	signal: AbortSignal
}

/**
 * The deployment in force as soon as it is a new one; when the time is up, whatever is in force then, if anything. Throws
 * `unauthenticated` when the key of the actor is revoked or expires meanwhile.
 */
export async function awaitDeployment(
	context: Context,
	feed: DeploymentFeed,
	{ isNew, ms, signal, ...who }: Wait,
): Promise<Deployment | undefined> {
	let latest: Deployment | undefined
	let isCurrent = false
	let wake = () => {}
	let fail: (error: unknown) => void = () => {}
	const woken = new Promise<void>((resolve, reject) => {
		wake = resolve
		fail = reject
	})
	// It may fail while the database is being read, before anybody awaits it.
	woken.catch(() => {})
	const changed = (deployment: Deployment) => {
		if (deployment.revision <= (latest?.revision ?? 0)) return
		latest = deployment
		if (isCurrent && isNew(deployment)) wake()
	}
	const stop = feed.follow({ ...who, changed, refused: fail })
	const timer = setTimeout(wake, ms)
	signal.addEventListener('abort', wake)
	try {
		await feed.ready()
		const now = await findDeployment(context, who.model, who.environment)
		if (now) changed(now)
		isCurrent = true
		if (!signal.aborted && !(latest && isNew(latest))) await woken
		return latest
	} finally {
		stop()
		clearTimeout(timer)
		signal.removeEventListener('abort', wake)
	}
}
