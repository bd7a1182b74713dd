import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { findModel } from '../model/find-model.ts'
import { nameFault } from '../model/name.ts'
import type { Deployment } from './deployment.schema.ts'
import type { DeploymentFeed } from './deployment-feed.ts'
import { findDeployment } from './get-deployment.ts'

/** Whether an environment has or can have a deployment. Throws `not-found` for a model that does not exist. */
export async function canBeDeployed(context: Context, model: string, environment: string): Promise<boolean> {
	await findModel(context, model)
	return nameFault(environment) === undefined
}

type Wait = {
	actor: Actor
	model: string
	environment: string
	/** Whether the caller knows this deployment. */
	isKnown: (deployment: Deployment) => boolean
	ms: number
	/** Ends the wait early. */
	signal: AbortSignal
}

/**
 * The deployment in force if it is not known, otherwise the next one; when the time is up, whatever is in force then, if
 * anything. Throws `unauthenticated` when the key of the actor is revoked or expires meanwhile.
 */
export async function awaitDeployment(
	context: Context,
	feed: DeploymentFeed,
	{ isKnown, ms, signal, ...who }: Wait,
): Promise<{ deployment: Deployment | undefined; isNew: boolean }> {
	let latest: Deployment | undefined
	let isWaiting = false
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
		if (isWaiting) wake()
	}
	const stop = feed.follow({ ...who, changed, refused: fail })
	const timer = setTimeout(wake, ms)
	signal.addEventListener('abort', wake)
	try {
		await feed.ready()
		const first = await findDeployment(context, who.model, who.environment)
		if (first) changed(first)
		else if (!(await canBeDeployed(context, who.model, who.environment)))
			return { deployment: undefined, isNew: false }
		const known = latest
		isWaiting = known === undefined || isKnown(known)
		if (isWaiting && !signal.aborted) await woken
		return { deployment: latest, isNew: !isWaiting || latest !== known }
	} finally {
		stop()
		clearTimeout(timer)
		signal.removeEventListener('abort', wake)
	}
}
