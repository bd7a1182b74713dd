import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { currentDeployments } from '../../registry/deployment/get-deployment.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel, type ModelRow } from '../../registry/model/find-model.ts'
import type { ModelPatch, ModelRecord } from '../../registry/model/model.schema.ts'
import { patchModel } from '../../registry/model/register-model.ts'
import { isProtected } from '../../rules/approval-policies.ts'
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
 * `needs-approval`), and tags that end a protection are refused.
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
	const kept = (model: Pick<ModelRow, 'riskTier' | 'tags'>) =>
		environments.filter((environment) => isProtected(set, targetIn(name, environment, model)))
	const [first] = kept(before)
	if (first !== undefined) {
		const isUnprotected = kept({ ...before, riskTier }).length < kept(before).length
		if (isLowered(before.riskTier, riskTier) || (riskTier !== before.riskTier && isUnprotected))
			throw await requestInstead(
				context,
				actor,
				{
					...{ kind: 'risk-tier', model: name, environment: first },
					...(riskTier === null ? {} : { to: riskTier }),
					reason: 'A direct change of the risk tier of a protected model.',
				},
				`${name} is protected in ${first}, and a lower risk tier protects it less.`,
			)
		if (kept({ riskTier, tags }).length < kept(before).length) throw tagsProtect(name, first)
	}
	return patchModel(context, actor, name, patch, before)
}

const targetIn = (
	model: string,
	environment: string,
	{ riskTier, tags }: Pick<ModelRow, 'riskTier' | 'tags'>,
) => ({
	...{ model, environment, riskTier, tags },
})

const tagsProtect = (name: string, environment: string) =>
	new AppError(
		'conflict',
		`tags: ${name} is protected in ${environment} by one of its tags. Change \`protected\` in approvals.yaml first.`,
	)
