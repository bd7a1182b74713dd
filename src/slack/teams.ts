import type { Context } from '../context.ts'
import { within } from '../core/within.ts'
import type { SlackClient, SlackHome } from '../ports/slack-client.ts'
import { named } from './blocks/text.ts'

/** Where a payload comes from: a workspace, an organisation (Enterprise Grid), or both. */
export type Workspace = { team?: string | undefined; enterprise?: string | undefined }

const textIn = (value: unknown, name = 'id'): string | undefined => {
	const found =
		typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
	return typeof found === 'string' && found !== '' ? found : undefined
}

/**
 * The workspace of a payload: of a command, an event, or an interaction. In an organisation `team` can be null, for which
 * the workspace of the person stands in.
 */
export function workspaceOf(body: Readonly<Record<string, unknown>>): Workspace {
	const { team, user, enterprise, authorizations } = body
	const [authorised] = Array.isArray(authorizations) ? authorizations : []
	const organisation =
		textIn(body, 'enterprise_id') ?? textIn(enterprise) ?? textIn(authorised, 'enterprise_id')
	const named = textIn(team) ?? textIn(body, 'team_id') ?? textIn(authorised, 'team_id')
	return { team: named ?? (organisation && textIn(user, 'team_id')), enterprise: organisation }
}

const homeWithinMs = 500

/** The workspace of SLACK_BOT_TOKEN, unless Slack takes longer than the person who waits for an answer can. */
export const homeOf = async (context: Context): Promise<SlackHome | undefined> =>
	context.slack && within(homeWithinMs, context.slack.home())

/** Whether a workspace is that of SLACK_BOT_TOKEN, or in the organisation that it is for. */
export const isAtHome = (home: SlackHome, { team, enterprise }: Workspace): boolean =>
	home.team === team || (home.isOrgWide && home.enterprise !== undefined && home.enterprise === enterprise)

/** The id of the installation of a workspace, or of its organisation. */
export async function installOf(
	context: Context,
	{ team, enterprise }: Workspace,
): Promise<string | undefined> {
	const [row] = await context.sql.all<{ team: string }>({
		sql: 'SELECT team FROM slack_install WHERE team = ?1 OR team = ?2 ORDER BY team = ?1 DESC LIMIT 1',
		params: [team ?? '', enterprise ?? ''],
	})
	return row?.team
}

/** Whether somebody in a team has a mapping. */
async function hasMapping(context: Context, team: string): Promise<boolean> {
	const { teams, bySlack, byGroup } = context.people.current()
	if (teams.includes(team)) return true
	if ([...bySlack.keys(), ...byGroup.map(([group]) => group)].some((name) => name.startsWith(`${team}/`)))
		return true
	const [row] = await context.sql.all<{ team: string }>({
		sql: 'SELECT team FROM slack_user WHERE team = ? LIMIT 1',
		params: [team],
	})
	return row !== undefined
}

/**
 * Slack with the token of a workspace, and whether it is its own: of its installation, of its organisation's, or
 * SLACK_BOT_TOKEN. Other workspaces get SLACK_BOT_TOKEN too, with which little can be read about them. `isOwn` is undefined
 * while Slack does not say whose token that is.
 */
export async function clientOf(
	context: Context,
	workspace: Workspace,
): Promise<{ slack: SlackClient | undefined; isOwn: boolean | undefined }> {
	const { slack } = context
	const installed = await installOf(context, workspace)
	if (installed !== undefined) {
		const organisation = installed === workspace.team ? undefined : installed
		return { slack: slack?.forTeam(workspace.team ?? installed, organisation), isOwn: true }
	}
	const home = await homeOf(context)
	return { slack, isOwn: home && isAtHome(home, workspace) }
}

/** Whether payloads of a workspace are handled: it installed the app, or somebody in it has a mapping. */
export async function isConnectedTeam(context: Context, workspace: Workspace): Promise<boolean> {
	const { team } = workspace
	if (team !== undefined && (await hasMapping(context, team))) return true
	return (await clientOf(context, workspace)).isOwn === true
}

/** What a workspace that is not connected is told. */
export const notConnectedText = ({ team, enterprise }: Workspace): string =>
	`This Slack workspace (${named(team ?? enterprise ?? 'unknown')}) is not connected to Plumbline, so nothing was done. An admin of Plumbline connects it with \`plumbline slack install\`.`
