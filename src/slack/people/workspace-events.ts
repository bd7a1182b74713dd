import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { findSlackUser, unmapSlackUser } from '../../registry/key/map-slack-user.ts'
import { forgetInstall } from '../install/installs.ts'
import { clientOf, installOf, type Workspace } from '../teams.ts'

type WorkspaceEvent = (context: Context, workspace: Workspace, event: object) => Promise<void>

/** Slack itself, in the name of a workspace. */
const slackOf = ({ team, enterprise }: Workspace): Actor => ({
	id: `slack:${team ?? enterprise}`,
	how: 'slack',
	role: 'admin',
	models: ['*'],
})

const uninstalled: WorkspaceEvent = async (context, workspace) => {
	const team = await installOf(context, workspace)
	if (team !== undefined)
		await forgetInstall(context, slackOf(workspace), team, 'the app was removed at Slack')
}

const revoked: WorkspaceEvent = async (context, workspace, event) => {
	const { tokens } = event as { tokens?: { bot?: unknown } }
	const team = await installOf(context, workspace)
	// Tokens of users are not ours.
	if (team === undefined || !Array.isArray(tokens?.bot) || tokens.bot.length === 0) return
	await forgetInstall(context, slackOf(workspace), team, 'its token was revoked at Slack')
}

/** Somebody's profile changed: it is read anew, and a deactivated person loses the role that an admin gave them. */
const changed: WorkspaceEvent = async (context, workspace, event) => {
	const { user } = event as { user?: { id?: unknown; deleted?: unknown } }
	const { team } = workspace
	if (team === undefined || typeof user?.id !== 'string') return
	const { slack } = await clientOf(context, workspace)
	slack?.forget('users.info', { user: user.id })
	const name = { team, user: user.id }
	if (user.deleted !== true || !(await findSlackUser(context, name))) return
	await unmapSlackUser(context, slackOf(workspace), name, 'deactivated at Slack')
}

/** What Slack tells about workspaces and their people, by type of event. */
export const workspaceEvents: Readonly<Record<string, WorkspaceEvent>> = {
	app_uninstalled: uninstalled,
	tokens_revoked: revoked,
	user_change: changed,
}
