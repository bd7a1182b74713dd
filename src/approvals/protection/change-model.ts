import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { currentDeployments } from '../../registry/deployment/get-deployment.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel, type ModelRow } from '../../registry/model/find-model.ts'
import type { ModelPatch, ModelRecord } from '../../registry/model/model.schema.ts'
import { patchModel } from '../../registry/model/register-model.ts'
import { isProtected, policyFor, requestKinds } from '../../rules/approval-policies.ts'
import { requestInstead } from './needs-approval.ts'

/** From the least to the greatest risk; names of one rank are on one line. */
const ranks = [
	['minimal', 'none'],
	['low'],
	['limited', 'medium', 'moderate'],
	['high'],
	['critical', 'unacceptable'],
]

const rankOf = (tier: string): number => ranks.findIndex((names) => names.includes(tier.toLowerCase()))

/** Whether a change may lower the tier: tiers whose order is unknown count as lower. */
function isLowered(from: string | null, to: string | null): boolean {
	if (from === null || from === to) return false
	if (to === null || rankOf(from) === -1 || rankOf(to) === -1) return true
	return rankOf(to) < rankOf(from)
}

/**
 * Changes settings of a model. While it has a protected deployment, a lower risk tier is requested instead (throws
 * `needs-approval`), and tags that end a protection, or need fewer approvals, are refused.
 */
export async function changeModel(
	context: Context,
	actor: Actor,
	name: string,
	patch: ModelPatch,
): Promise<ModelRecord> {
	authorise(actor, 'admin', name)
	const before = await findModel(context, name)
	const { riskTier = before.riskTier, tags = before.tags } = patch
	const set = context.policies.current()
	const environments = (await currentDeployments(context, name)).map((d) => d.environment)
	const kept = (model: Guarded) =>
		environments.filter((environment) => isProtected(set, targetIn(name, environment, model)))
	const guarded = kept(before)
	const [first] = guarded
	if (first !== undefined) {
		const needsOf = (model: Guarded) =>
			guarded.flatMap((environment) =>
				requestKinds.map((kind) => policyFor(set, { ...targetIn(name, environment, model), kind }).needs),
			)
		const needed = needsOf(before)
		const isWeaker = (model: Guarded) =>
			kept(model).length < guarded.length || needsOf(model).some((needs, i) => needs < (needed[i] ?? 0))
		if (
			isLowered(before.riskTier, riskTier) ||
			(riskTier !== before.riskTier && isWeaker({ ...before, riskTier }))
		)
			throw await requestInstead(
				context,
				actor,
				{
					...{ kind: 'risk-tier', model: name, environment: first },
					...(riskTier === null ? {} : { to: riskTier }),
					reason: 'A direct change of the risk tier of a protected model.',
				},
				`${name} is protected in ${first}, and this risk tier protects it less.`,
			)
		if (isWeaker({ riskTier, tags })) throw tagsProtect(name, first)
	}
	return patchModel(context, actor, name, patch, before)
}

/** What protections and policies match of a model. */
type Guarded = Pick<ModelRow, 'riskTier' | 'tags'>

const targetIn = (model: string, environment: string, { riskTier, tags }: Guarded) => ({
	...{ model, environment, riskTier, tags },
})

const tagsProtect = (name: string, environment: string) =>
	new AppError(
		'conflict',
		`tags: ${name} is protected in ${environment} by one of its tags. Change \`protected\` in approvals.yaml first.`,
	)
