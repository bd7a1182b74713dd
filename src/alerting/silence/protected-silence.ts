import { asc } from 'drizzle-orm'
import { requestInstead } from '../../approvals/protection/needs-approval.ts'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import type { AppError } from '../../core/errors.ts'
import { matchesAny } from '../../core/glob.ts'
import { formatTime } from '../../core/time.ts'
import { deployments, models as registered } from '../../db/schema.ts'
import { policyFor } from '../../rules/approval-policies.ts'

export type RequiredSilence = {
	rules: string[]
	models: string[]
	environments: string[]
	features: string[]
	reason: string
	startsAt: number
	expiresAt: number
}

/**
 * The error for a silence that covers a critical rule of a model whose policy names the kind `silence`: it is requested
 * instead. Without such a policy in a file of your own, silences need no approval.
 */
export async function silenceRequest(
	context: Context,
	actor: Actor,
	silence: RequiredSilence,
): Promise<AppError | undefined> {
	const set = context.policies.current()
	if (!set.policies.some((policy) => !policy.isPackaged && policy.kinds?.includes('silence')))
		return undefined
	const { rules } = context.rules.current()
	if (!rules.some((rule) => rule.severity === 'critical' && matchesAny(silence.rules, rule.name)))
		return undefined
	for (const { model, environment } of await coveredBy(context, silence)) {
		const policy = policyFor(set, { kind: 'silence', environment, ...model, model: model.name })
		if (policy.isPackaged || !policy.kinds?.includes('silence')) continue
		const { rules: names, models, environments, features, reason, startsAt, expiresAt } = silence
		const times = { startsAt: formatTime(startsAt), expiresAt: formatTime(expiresAt) }
		return requestInstead(
			context,
			actor,
			{
				...{ kind: 'silence', model: model.name, environment, reason },
				silence: { rules: names, models, environments, features, reason, ...times },
			},
			`The silence covers a critical rule of ${model.name}.`,
		)
	}
	return undefined
}

/** The registered models, and their environments, that a silence covers. Every model can have `production`. */
async function coveredBy(context: Context, { models, environments }: RequiredSilence) {
	const rows = await context.db.select().from(registered).orderBy(asc(registered.name))
	const deployed = await context.db
		.selectDistinct({ model: deployments.model, environment: deployments.environment })
		.from(deployments)
	return rows
		.filter(({ name }) => matchesAny(models, name))
		.flatMap((model) => {
			const own = deployed.filter((d) => d.model === model.name).map((d) => d.environment)
			const covered = [...new Set(['production', ...own])].filter((name) => matchesAny(environments, name))
			return covered.map((environment) => ({ model, environment }))
		})
}
