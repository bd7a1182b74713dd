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

/**
 * How many distinct people could vote on a request for the model: holders of active keys and everybody who is mapped in
 * Slack. Who is in a Slack group is known only when they act: a mapped group counts as enough people, and everybody of Slack
 * counts as a member of the groups that a policy names.
 */
export function countEligible(actors: readonly Actor[], policy: AppliedPolicy, model: string): number {
	const able = actors.filter((actor) =>
		isEligible(actor.how === 'slack' ? { ...actor, groups: policy.groups } : actor, policy, model),
	)
	return able.some(({ id }) => id.startsWith(groupPrefix)) ? Infinity : new Set(able.map(personOf)).size
}

const groupPrefix = 'slack-group:'

type Reads = Pick<Context, 'db' | 'now' | 'people'>

/** Everybody who has an active key or a role in Slack, as actors; a mapped group as one. */
export async function activeActors({ db, now, people }: Reads): Promise<Actor[]> {
	const isActive = ({ expiresAt }: { expiresAt?: number | null }) => !expiresAt || expiresAt > now()
	const keys = (await db.select().from(accessKeys)).filter((key) => key.revokedAt === null && isActive(key))
	const users = (await db.select().from(slackUsers)).filter(isActive)
	const { bySlack, byEmail, bySso, byGroup } = people.current()
	const granted = [
		...[...bySlack].map(([name, grant]) => ({ id: `slack:${name}`, ...grant })),
		...[...byEmail].map(([address, grant]) => ({ id: `email:${address}`, owner: address, ...grant })),
		...[...bySso].map(([sso, grant]) => ({ id: `sso:${sso}`, ...grant })),
		...byGroup.map(([group, grant]) => ({ id: `${groupPrefix}${group}`, ...grant })),
	].filter(isActive)
	const inSlack = [
		...users.map(({ team, user, ...row }) => ({ id: `slack:${team}/${user}`, ...row })),
		...granted,
	]
	return [
		...keys.map(({ id, role, models, owner }) => ({
			...{ id: `key:${id}`, how: 'key' as const, role, models, owner: owner ?? undefined },
		})),
		...inSlack.map(({ id, role, models, owner }) => ({
			...{ id, how: 'slack' as const, role, models, owner: owner ?? undefined },
		})),
	]
}
