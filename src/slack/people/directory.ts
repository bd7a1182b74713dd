import { peerText } from '../../core/peer-text.ts'
import type { Result } from '../../core/result.ts'
import type { SlackClient, SlackFailure } from '../../ports/slack-client.ts'

/** What Slack says about a person. */
export type SlackMember = {
	isDeactivated: boolean
	/** A full member of the workspace that was asked: no guest, bot, or member of another one (Slack Connect). */
	isMember: boolean
	/** Only for members whose address is confirmed. */
	email?: string
	/** The person's id in the organisation that signs them in. */
	sso?: string
}

type UsersInfo = {
	team_id?: unknown
	deleted?: unknown
	is_bot?: unknown
	is_app_user?: unknown
	is_stranger?: unknown
	is_restricted?: unknown
	is_ultra_restricted?: unknown
	is_email_confirmed?: unknown
	profile?: { email?: unknown }
	enterprise_user?: { id?: unknown; enterprise_id?: unknown }
}

const text = (value: unknown): string | undefined =>
	typeof value === 'string' && value !== '' ? value : undefined

/** A profile as one of the workspaces `ours` says; everyone else in it is a stranger. */
function memberOf(info: UsersInfo, ours: readonly string[]): SlackMember {
	const marks = [
		info.is_bot,
		info.is_app_user,
		info.is_stranger,
		info.is_restricted,
		info.is_ultra_restricted,
	]
	const { id, enterprise_id: organisation } = info.enterprise_user ?? {}
	const homes = [text(info.team_id), text(organisation)].filter((at) => at !== undefined)
	const isElsewhere = homes.length > 0 && !homes.some((at) => ours.includes(at))
	const isMember = !marks.includes(true) && !isElsewhere
	const email = info.is_email_confirmed === false ? undefined : text(info.profile?.email)
	const sso = text(id)
	return {
		isDeactivated: info.deleted === true,
		isMember,
		...(isMember && email !== undefined ? { email } : {}),
		...(isMember && sso !== undefined ? { sso } : {}),
	}
}

// Real Slack knows the method: something in its place that does not has nothing to say about anybody.
const isUnsupported = (error: SlackFailure) => error.message === 'unknown_method'
const isUnknown = (error: SlackFailure) => ['user_not_found', 'user_not_visible'].includes(error.message)

/** The profile of a person; undefined if the workspace has no such person. An error says why Slack cannot be asked. */
export async function readMember(
	slack: SlackClient,
	user: string,
	ours: readonly string[],
	maxAgeMs: number,
): Promise<Result<SlackMember | undefined, string>> {
	const answer = await slack.read('users.info', { user }, maxAgeMs)
	if (answer.ok) return { ok: true, value: memberOf((answer.value.user ?? {}) as UsersInfo, ours) }
	if (isUnknown(answer.error)) return { ok: true, value: undefined }
	if (isUnsupported(answer.error)) return { ok: true, value: memberOf({}, ours) }
	return { ok: false, error: reasonOf(answer.error, 'users:read') }
}

// A group that is gone or switched off has no members.
const isNoGroup = (error: SlackFailure) =>
	['no_such_subteam', 'subteam_not_found', 'invalid_subteam'].includes(error.message)

/** Whether a person is in a user group of the workspace. */
export async function isInGroup(
	slack: SlackClient,
	user: string,
	group: string,
	maxAgeMs: number,
): Promise<Result<boolean, string>> {
	const answer = await slack.read('usergroups.users.list', { usergroup: group }, maxAgeMs)
	if (answer.ok)
		return { ok: true, value: Array.isArray(answer.value.users) && answer.value.users.includes(user) }
	if (isNoGroup(answer.error) || isUnsupported(answer.error)) return { ok: true, value: false }
	return { ok: false, error: reasonOf(answer.error, 'usergroups:read') }
}

const reasonOf = ({ message }: SlackFailure, scope: string): string =>
	message === 'missing_scope'
		? `the app lacks the scope ${scope}, so an admin has to paste the manifest again and reinstall it`
		: peerText(message)
