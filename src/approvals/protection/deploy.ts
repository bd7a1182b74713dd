import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import type { Deployment, DeploymentInput } from '../../registry/deployment/deployment.schema.ts'
import { setDeployment } from '../../registry/deployment/set-deployment.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { isProtected } from '../../rules/approval-policies.ts'
import { sameCanary } from '../request/draft-action.ts'
import { frozenAmong, newTraffic } from '../request/frozen.ts'
import { requestInstead } from './needs-approval.ts'

/**
 * Changes what serves in an environment. In a protected one, a change of champion or canary is requested instead: throws
 * `needs-approval`. The first deployment, an equal one and a change of the challenger alone go through. Throws `frozen` for
 * a version that a rollback has left in this environment.
 */
export function deploy(
	context: Context,
	actor: Actor,
	model: string,
	environment: string,
	input: DeploymentInput,
): Promise<{ deployment: Deployment; isNew: boolean }> {
	return setDeployment(context, actor, model, environment, input, async (before, wanted) => {
		const isMoved = before.champion !== wanted.champion
		if (!isMoved && sameCanary(before.canary, wanted.canary)) return
		const target = { ...(await findModel(context, model)), model, environment }
		if (isProtected(context.policies.current(), target))
			throw await requestInstead(
				context,
				actor,
				{
					kind: isMoved ? 'deployment' : 'canary',
					...{ model, environment, to: wanted.champion },
					...{ canary: wanted.canary, challenger: wanted.challenger },
					reason: 'A direct deployment to a protected environment.',
				},
				`${environment} of ${model} is protected.`,
			)
		const frozen = await frozenAmong(context, model, newTraffic(before, wanted), environment)
		if (frozen) throw frozen
	})
}
