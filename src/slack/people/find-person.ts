import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import type { Result } from '../../core/result.ts'
import { hourMs, minuteMs } from '../../core/time.ts'
import { within } from '../../core/within.ts'
import type { Grant, PeopleFile } from '../../ports/people.ts'
import type { SlackClient } from '../../ports/slack-client.ts'
import { findSlackUser, isExpired } from '../../registry/key/map-slack-user.ts'
import { emailKey } from '../../registry/person/people-file.ts'
import { PersonName } from '../../registry/person/person-name.ts'
import { clientOf, homeOf, isAtHome } from '../teams.ts'
import { isInGroup, readMember, type SlackMember } from './directory.ts'

/** A person as Slack's payloads name them. `enterprise`: the organisation, in Enterprise Grid. */
export type Person = { team: string; user: string; enterprise?: string | undefined }

/** How old an answer of Slack may be. `isStrict`: without an answer there is no actor. */
type Freshness = { memberMs: number; groupMs: number; isStrict: boolean }

const cached: Freshness = { memberMs: 5 * minuteMs, groupMs: minuteMs, isStrict: false }
const now: Freshness = { memberMs: 0, groupMs: 0, isStrict: true }
// A command has to be acknowledged within three seconds.
const waitMs = 1500

/**
 * The actor of a Slack user; undefined without a role, when it has expired, or when the person was deactivated. Being in a
 * channel gives no role. What Slack says may be some minutes old, so this is for reading. Throws `unavailable` where the
 * role depends on Slack and it cannot be asked.
 */
export const slackActor = (context: Context, person: Person): Promise<Actor | undefined> =>
	actorOf(context, person, cached)

/** The same at the moment of a vote or another change: Slack is asked anew, and `unavailable` if it cannot be. */
export const freshActor = (context: Context, person: Person): Promise<Actor | undefined> =>
	actorOf(context, person, now)

/** What is known about a person while their role is looked for. */
type Search = {
	context: Context
	person: Person
	people: PeopleFile
	fresh: Freshness
	slack: SlackClient | undefined
	/** Of a full member of a workspace that the app has a token of; only then it says who somebody is. */
	profile: SlackMember | undefined
	/** Whether e-mail addresses of the workspace are those of the mapping file. */
	isTrusted: boolean
}

/** The stages, in order: what mappings say, what Slack says, the first mapping that fits, the groups of the person. */
async function actorOf(context: Context, person: Person, fresh: Freshness): Promise<Actor | undefined> {
	const people = context.people.current()
	const direct = await directGrant(context, person, people)
	const { slack, isOwn } = await clientOf(context, person)
	const answer = await memberOf(person, slack, fresh)
	const isIndirect = !direct.grant && hasIndirect(people)
	if (!answer.ok && (isIndirect || fresh.isStrict)) throw unavailable(answer.error)
	if (isOwn === undefined && (isIndirect || (fresh.isStrict && groupsInPolicies(context).size > 0)))
		throw unavailable('it does not say whose workspace this is')
	const member = answer.ok ? answer.value : undefined
	// Whom Slack does not know cannot be vouched for at a vote.
	if (member?.isDeactivated || (fresh.isStrict && !member)) return undefined
	const profile = isOwn && member?.isMember ? member : undefined
	const isTrusted = profile !== undefined && (await isOurTeam(context, person, people))
	const search: Search = { context, person, people, fresh, slack, profile, isTrusted }
	const grant = direct.grant ?? (await indirectGrant(search))
	if (!grant) return undefined
	const { team, user } = person
	await noteUse(context, person)
	const groups = await groupsOf(search)
	return {
		id: `slack:${team}/${user}`,
		how: 'slack',
		role: grant.role,
		models: grant.models,
		owner: direct.owner ?? grant.owner ?? (direct.grant ? undefined : personByEmail(profile)),
		...(groups.length > 0 ? { groups } : {}),
	}
}

/** Somebody who is found by what Slack says is the owner of their address: the same person in every workspace. */
const personByEmail = (profile: SlackMember | undefined): string | undefined =>
	PersonName.safeParse(profile?.email).data

async function isOurTeam(
	context: Context,
	{ team, enterprise }: Person,
	{ teams }: PeopleFile,
): Promise<boolean> {
	if (teams.includes(team)) return true
	const home = await homeOf(context)
	return home !== undefined && isAtHome(home, { team, enterprise })
}

const unavailable = (reason: string) =>
	new AppError(
		'unavailable',
		`Slack cannot be asked who you are: ${reason}. Nothing was changed; try again in a minute.`,
	)

/**
 * The role that names the Slack user: of an admin's command, otherwise of the mapping file. The owner of an expired mapping
 * stays with the person, so that nobody becomes two.
 */
async function directGrant(
	context: Context,
	{ team, user }: Person,
	{ bySlack }: PeopleFile,
): Promise<{ grant: Grant | undefined; owner: string | undefined }> {
	const mapped = await findSlackUser(context, { team, user })
	const listed = bySlack.get(`${team}/${user}`)
	const byAdmin =
		mapped && !isExpired(mapped, context.now()) ? { role: mapped.role, models: mapped.models } : undefined
	return {
		grant: byAdmin ?? inForce(context, listed),
		owner: mapped?.owner ?? listed?.owner,
	}
}

const inForce = (context: Context, grant: Grant | undefined): Grant | undefined =>
	grant && (grant.expiresAt === undefined || grant.expiresAt > context.now()) ? grant : undefined

const hasIndirect = ({ byEmail, bySso, byGroup }: PeopleFile): boolean =>
	byEmail.size + bySso.size + byGroup.length > 0

/** What Slack says, or why it does not; somebody who only reads does not wait for long. */
async function soon<T>(
	{ isStrict }: Freshness,
	asked: Promise<Result<T, string>>,
): Promise<Result<T, string>> {
	if (isStrict) return asked
	return (await within(waitMs, asked)) ?? { ok: false, error: `no answer within ${waitMs} ms` }
}

async function memberOf(
	{ team, user, enterprise }: Person,
	slack: SlackClient | undefined,
	fresh: Freshness,
): Promise<Result<SlackMember | undefined, string>> {
	if (!slack) return { ok: false, error: 'it is not set up' }
	const ours = [team, enterprise].filter((id) => id !== undefined)
	return soon(fresh, readMember(slack, user, ours, fresh.memberMs))
}

/** The first grant of the mapping file that fits: by e-mail, by organisation, by group. */
async function indirectGrant(search: Search): Promise<Grant | undefined> {
	const { context, people, profile, isTrusted } = search
	if (!profile) return undefined
	const byEmail =
		isTrusted && profile.email !== undefined ? people.byEmail.get(emailKey(profile.email)) : undefined
	const bySso = isTrusted && profile.sso !== undefined ? people.bySso.get(profile.sso) : undefined
	const found = inForce(context, byEmail) ?? inForce(context, bySso)
	if (found) return found
	for (const [group, grant] of people.byGroup)
		if (inForce(context, grant) && (await isMemberOf(search, group))) return grant
	return undefined
}

const groupsInPolicies = (context: Context): ReadonlySet<string> =>
	new Set(context.policies.current().policies.flatMap((policy) => policy.groups))

/** Groups that policies name and the person is in. */
async function groupsOf(search: Search): Promise<string[]> {
	const groups: string[] = []
	for (const group of groupsInPolicies(search.context))
		if (await isMemberOf(search, group)) groups.push(group)
	return groups
}

/** Whether the person is in a group: of the mapping file, or of Slack as GROUP or TEAM/GROUP. */
async function isMemberOf(search: Search, group: string): Promise<boolean> {
	const { person, people, profile, isTrusted } = search
	const members = people.groups.get(group)
	if (!members) return isInSlackGroup(search, group)
	if (members.users.has(`${person.team}/${person.user}`)) return true
	if (isTrusted && profile?.email !== undefined && members.emails.has(emailKey(profile.email))) return true
	for (const inner of members.slackGroups) if (await isInSlackGroup(search, inner)) return true
	return false
}

/** Throws `unavailable` if Slack cannot be asked and has to be. */
async function isInSlackGroup({ person, slack, profile, fresh }: Search, group: string): Promise<boolean> {
	const [id, team = person.team] = group.split('/').reverse()
	if (!profile || !slack || id === undefined || team !== person.team) return false
	const answer = await soon(fresh, isInGroup(slack, person.user, id, fresh.groupMs))
	if (!answer.ok && fresh.isStrict) throw unavailable(answer.error)
	return answer.ok && answer.value
}

/** For access reviews, to the hour, of users whom an admin mapped. Nobody is refused because of it. */
async function noteUse({ sql, now, logger }: Context, { team, user }: Person): Promise<void> {
	const params = [now(), team, user, now() - hourMs]
	const update = `UPDATE slack_user SET last_used_at = ?1
		WHERE team = ?2 AND user = ?3 AND coalesce(last_used_at, 0) <= ?4`
	await sql.batch([{ sql: update, params }]).catch((error) => {
		logger.warn('the last use of a Slack user could not be stored', { error: String(error) })
	})
}
