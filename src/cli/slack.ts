import { type Role, roles } from '../context.ts'
import { mapSlackUser } from '../services/slack/map-user.ts'
import { slackManifest } from '../slack/manifest.ts'
import {
	type Command,
	listOption,
	requireOption,
	requirePositional,
	textOption,
	UsageError,
} from './command.ts'
import { cliActor } from './keys.ts'
import { withContext } from './with-context.ts'

export const slack: Command = {
	help: `Usage: plumbline slack manifest [--url URL]
       plumbline slack map TEAM/USER --role ROLE [--models GLOB]…

manifest prints the YAML that creates the app: paste it at https://api.slack.com/apps under "From a manifest".
map gives a Slack user a role here. Who is not mapped can do nothing; being in a channel is no authority.

  --url URL        where Slack reaches this service; default PLUMBLINE_PUBLIC_URL. Without either the manifest is for
                   Socket Mode, which needs no way in (SLACK_APP_TOKEN)
  --role ROLE      ${roles.join(', ')}
  --models GLOB    models that the role is for; default all

Example: plumbline slack map T024BE7LD/U2147483697 --role approver --models 'credit-*'
`,
	options: { url: { type: 'string' }, role: { type: 'string' }, models: { type: 'string', multiple: true } },
	async run(terminal, args) {
		const verb = requirePositional(args, 0, 'manifest or map')
		if (verb === 'manifest') {
			terminal.out(slackManifest(textOption(args, 'url') ?? terminal.config.PLUMBLINE_PUBLIC_URL))
			return 0
		}
		if (verb !== 'map') throw new UsageError(`slack knows manifest and map, not "${verb}".`)
		const [team, user] = requirePositional(args, 1, 'TEAM/USER').split('/')
		const role = requireOption(args, 'role') as Role
		if (!team || !user) throw new UsageError('The user is written TEAM/USER, such as T024BE7LD/U2147483697.')
		if (!roles.includes(role)) throw new UsageError(`--role must be one of ${roles.join(', ')}.`)
		const globs = listOption(args, 'models')
		await withContext(terminal, (context) =>
			mapSlackUser(context, cliActor, { team, user, role, models: globs.length > 0 ? globs : ['*'] }),
		)
		terminal.out(`${team}/${user} is now ${role}.\n`)
		return 0
	},
}
