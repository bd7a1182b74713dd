import type { Context } from '../../context.ts'
import { type Actor, personOf } from '../../core/actor.ts'
import { accessKeys, slackUsers } from '../../db/schema.ts'
import { hasRole, inScope } from '../../registry/key/authorise.ts'
import type { AppliedPolicy } from '../../rules/approval-policies.ts'

/** Whether the actor's role, or one of their groups, lets them vote on a request for the model. */
export const isEligible = (
	actor: Actor,
	{ roles, groups }: Pick<AppliedPolicy, 'roles' | 'groups'>,
	model: string,
): boolean =>
	hasRole(actor, 'approver') &&
	inScope(actor, model) &&
	(hasRole(actor, roles) || groups.some((group) => actor.groups?.includes(group)))

/** Everybody who has an active key or a role in Slack, as actors. */
export async function activeActors(context: Context): Promise<Actor[]> {
	const now = context.now()
	const isActive = ({ expiresAt }: { expiresAt: number | null }) => expiresAt === null || expiresAt > now
	const keys = await context.db.select().from(accessKeys)
	const users = await context.db.select().from(slackUsers)
	return [
		...keys
			.filter((key) => key.revokedAt === null && isActive(key))
			.map(({ id, role, models, owner }) => ({ id: `key:${id}`, how: 'key' as const, role, models, owner })),
		...users.filter(isActive).map(({ team, user, role, models, owner }) => ({
			...{ id: `slack:${team}/${user}`, how: 'slack' as const, role, models, owner },
		})),
	].map(({ owner, ...actor }) => ({ ...actor, owner: owner ?? undefined }))
}

/**
 * The distinct people who could vote. Who is in a Slack group is known only when they act, so every Slack user counts
 * where a policy names groups.
 */
export function eligiblePersons(actors: readonly Actor[], policy: AppliedPolicy, model: string): Set<string> {
	const able = actors.filter((actor) =>
		isEligible(actor.how === 'slack' ? { ...actor, groups: policy.groups } : actor, policy, model),
	)
	return new Set(able.map(personOf))
}
