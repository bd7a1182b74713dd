import { type Role, roles } from '../core/actor.ts'
import {
	listSlackUsers,
	mapSlackUser,
	SlackUserInput,
	unmapSlackUser,
} from '../registry/key/map-slack-user.ts'
import { createInstallLink } from '../slack/install/install-app.ts'
import { listInstalls } from '../slack/install/installs.ts'
import { slackManifest } from '../slack/manifest.ts'
import {
	type Command,
	checkOptions,
	listOption,
	type Parsed,
	requireOption,
	requirePositional,
	type Terminal,
	textOption,
	toTable,
	UsageError,
} from './command.ts'
import { cliActor } from './keys.ts'
import { withContext } from './with-context.ts'

function nameOf(args: Parsed): { team: string; user: string } {
	const [team, user, ...more] = requirePositional(args, 1, 'TEAM/USER').split('/')
	if (!team || !user || more.length > 0)
		throw new UsageError('The user must be TEAM/USER, such as T024BE7LD/U2147483697.')
	return { team, user }
}

async function map(terminal: Terminal, args: Parsed): Promise<void> {
	const name = nameOf(args)
	const role = requireOption(args, 'role') as Role
	if (!roles.includes(role)) throw new UsageError(`--role must be one of ${roles.join(', ')}.`)
	const models = listOption(args, 'models')
	const expires = textOption(args, 'expires')
	const input = checkOptions(SlackUserInput, {
		role,
		...(models.length > 0 ? { models } : {}),
		...(expires === undefined ? {} : { expires }),
		owner: textOption(args, 'owner'),
	})
	const mapped = await withContext(terminal, (context) =>
		mapSlackUser(context, cliActor, { ...name, ...input }),
	)
	const until = mapped.expiresAt === null ? '' : ` until ${mapped.expiresAt}`
	terminal.out(
		args.values.json ? `${JSON.stringify(mapped)}\n` : `${name.team}/${name.user} is now ${role}${until}.\n`,
	)
}

async function list(terminal: Terminal, args: Parsed): Promise<void> {
	const { items } = await withContext(terminal, (context) =>
		listSlackUsers(context, cliActor, { limit: Number.MAX_SAFE_INTEGER }),
	)
	if (args.values.json) terminal.out(`${JSON.stringify({ items })}\n`)
	else
		terminal.out(
			toTable(
				['user', 'role', 'models', 'owner', 'expires', 'status'],
				items.map((m) => [
					`${m.team}/${m.user}`,
					m.role,
					m.models.join(' '),
					m.owner ?? '',
					m.expiresAt ?? 'never',
					m.status,
				]),
			),
		)
}

async function unmap(terminal: Terminal, args: Parsed): Promise<void> {
	const name = nameOf(args)
	await withContext(terminal, (context) => unmapSlackUser(context, cliActor, name))
	terminal.out(
		args.values.json
			? `${JSON.stringify({ ...name, unmapped: true })}\n`
			: `${name.team}/${name.user} no longer has a role.\n`,
	)
}

async function install(terminal: Terminal, args: Parsed): Promise<void> {
	const link = await withContext(terminal, (context) => createInstallLink(context, cliActor))
	terminal.out(args.values.json ? `${JSON.stringify(link)}\n` : `${link.url}\n`)
	if (!args.values.json)
		terminal.err(`Open it in a browser before ${link.expiresAt}. It works once, for one workspace.\n`)
}

async function installs(terminal: Terminal, args: Parsed): Promise<void> {
	const { items } = await withContext(terminal, (context) => listInstalls(context, cliActor))
	terminal.out(
		args.values.json
			? `${JSON.stringify({ items })}\n`
			: toTable(
					['team', 'name', 'installed', 'by'],
					items.map((i) => [i.team, i.name, i.installedAt, i.installedBy]),
				),
	)
}

export const slack: Command = {
	help: `Usage: plumbline slack manifest [--url URL]
       plumbline slack map TEAM/USER --role ROLE [--models GLOB]… [--expires TIME] [--owner OWNER]
       plumbline slack list
       plumbline slack unmap TEAM/USER
       plumbline slack install
       plumbline slack installs

manifest prints the YAML for the app: paste it at https://api.slack.com/apps under "From a manifest".
map gives a Slack user a role, list lists all users with a role, unmap removes the role at once. Users without a role can
do nothing, even if they are in the channel.
install prints a link that connects one more workspace, once, within an hour: its address is PLUMBLINE_PUBLIC_URL. installs
lists the workspaces that are connected in this way.

  --url URL        where Slack reaches this service; default PLUMBLINE_PUBLIC_URL. Without either, the manifest is for
                   Socket Mode, which needs no incoming connections (SLACK_APP_TOKEN)
  --role ROLE      ${roles.join(', ')}
  --models GLOB    models in the scope of the role; default all
  --expires TIME   a time (2027-01-01T00:00:00Z) or a duration (90d); default never
  --owner OWNER    the person it is, such as ana@bank.example: all keys and Slack users of one owner are one person, who
                   has one vote; without it, the current owner stays
  --json           for machines

Example: plumbline slack map T024BE7LD/U2147483697 --role approver --models 'credit-*' --owner ana@bank.example
`,
	options: {
		url: { type: 'string' },
		role: { type: 'string' },
		models: { type: 'string', multiple: true },
		expires: { type: 'string' },
		owner: { type: 'string' },
	},
	async run(terminal, args) {
		const verb = requirePositional(args, 0, 'manifest, map, list, unmap, install or installs')
		if (verb === 'manifest')
			terminal.out(slackManifest(textOption(args, 'url') ?? terminal.config.PLUMBLINE_PUBLIC_URL))
		else if (verb === 'map') await map(terminal, args)
		else if (verb === 'list' || verb === 'maps') await list(terminal, args)
		else if (verb === 'unmap') await unmap(terminal, args)
		else if (verb === 'install') await install(terminal, args)
		else if (verb === 'installs') await installs(terminal, args)
		else
			throw new UsageError(
				`There is no verb "${verb}". The verbs of slack are manifest, map, list, unmap, install and installs.`,
			)
		return 0
	},
}
