import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { groupBy } from '../../core/maps.ts'
import { deployments, models } from '../../db/schema.ts'
import {
	type AppliedPolicy,
	type ApprovalPolicy,
	type PolicySet,
	policyFor,
	requestKinds,
} from '../../rules/approval-policies.ts'
import { activeActors, countEligible } from './eligible.ts'

type Reads = Pick<Context, 'db' | 'now' | 'people'>

/** Says that fewer people can vote than are needed; undefined if there are enough. */
export async function whyUnsatisfiable(
	context: Reads,
	policy: AppliedPolicy,
	model: string,
): Promise<string | undefined> {
	return whyAmong(await activeActors(context), policy, model)
}

/** Without a model: for any. */
function whyAmong(actors: readonly Actor[], policy: AppliedPolicy, model?: string): string | undefined {
	const everywhere = actors.map((actor) => ({ ...actor, models: ['*'] }))
	const count = countEligible(model === undefined ? everywhere : actors, policy, model ?? 'any')
	if (count >= policy.needs) return undefined
	const who = count === 0 ? 'nobody' : count === 1 ? 'only one person' : `only ${count} people`
	const needs = policy.needs === 1 ? 'one approval' : `${policy.needs} approvals`
	return `The policy ${policy.name} needs ${needs}, and ${who} can approve${model === undefined ? '' : ` for ${model}`}.`
}

export type Unsatisfiable = { policy: ApprovalPolicy; message: string }

/**
 * The policies that cannot be satisfied for a registered model that they apply to, the first by name. One of a file that
 * applies to none yet is counted over everybody.
 */
export async function unsatisfiablePolicies(context: Reads, set: PolicySet): Promise<Unsatisfiable[]> {
	const registered = await context.db.select().from(models).orderBy(models.name)
	const deployed = await context.db
		.selectDistinct({ model: deployments.model, environment: deployments.environment })
		.from(deployments)
	const environmentsOf = groupBy(deployed, (d) => d.model)
	const actors = await activeActors(context)
	const found = new Map<ApprovalPolicy, Unsatisfiable>()
	const idle = new Set(set.policies.filter((policy) => !policy.isPackaged))
	for (const { name: model, tags, riskTier } of registered) {
		const environments = new Set(environmentsOf.get(model)?.map((d) => d.environment))
		const applied = new Set(
			[...environments.add('production')].flatMap((environment) =>
				requestKinds.map((kind) => policyFor(set, { kind, model, tags, riskTier, environment })),
			),
		)
		for (const policy of applied) {
			idle.delete(policy)
			if (found.has(policy)) continue
			const message = whyAmong(actors, policy, model)
			if (message !== undefined) found.set(policy, { policy, message })
		}
	}
	for (const policy of idle) {
		const message = whyAmong(actors, policy)
		if (message !== undefined) found.set(policy, { policy, message })
	}
	return [...found.values()]
}
