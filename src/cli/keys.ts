import { type Actor, type Role, roles } from '../core/actor.ts'
import { createKey, listKeys, revokeKey } from '../registry/key/access-keys.ts'
import { KeyInput } from '../registry/key/key.schema.ts'
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
import { withContext } from './with-context.ts'

export const cliActor: Actor = { id: 'cli', how: 'cli', role: 'admin', models: ['*'] }

async function create(terminal: Terminal, args: Parsed): Promise<0> {
	const role = requireOption(args, 'role') as Role
	if (!roles.includes(role)) throw new UsageError(`--role must be one of ${roles.join(', ')}.`)
	const models = listOption(args, 'models')
	const expires = textOption(args, 'expires')
	const input = checkOptions(KeyInput, {
		name: textOption(args, 'name') ?? role,
		role,
		...(models.length > 0 ? { models } : {}),
		...(expires === undefined ? {} : { expires }),
		owner: textOption(args, 'owner'),
	})
	const key = await withContext(terminal, (context) => createKey(context, cliActor, input))
	if (args.values.json) terminal.out(`${JSON.stringify(key)}\n`)
	else terminal.out(`${key.secret}\n`)
	if (!args.values.json)
		terminal.err(`The key ${key.id} (${role}) is only shown now. Only its hash is stored.\n`)
	return 0
}

async function list(terminal: Terminal, args: Parsed): Promise<0> {
	const { items } = await withContext(terminal, (context) => listKeys(context, cliActor, { limit: 1000 }))
	if (args.values.json) terminal.out(`${JSON.stringify({ items })}\n`)
	else
		terminal.out(
			toTable(
				['id', 'name', 'role', 'models', 'owner', 'expires', 'status'],
				items.map((k) => [
					...[k.id, k.name, k.role, k.models.join(' ')],
					...[k.owner ?? '', k.expiresAt ?? 'never', k.status],
				]),
			),
		)
	return 0
}

export const keys: Command = {
	help: `Usage: plumbline keys create --role ROLE [--models GLOB]… [--expires TIME] [--name NAME] [--owner OWNER]
       plumbline keys list
       plumbline keys revoke ID

Works on the database PLUMBLINE_DATABASE_URL, also while the service runs. A new key is printed once.

  --role ROLE      ${roles.join(', ')}
  --models GLOB    models in its scope, such as 'credit-*'; can be repeated; default all
  --expires TIME   a time (2027-01-01T00:00:00Z) or a duration (90d); default never
  --name NAME      a name for the key
  --owner OWNER    the person it belongs to, such as ana@bank.example: all keys and Slack users of one owner are one
                   person, who has one vote
  --json           for machines

Example: plumbline keys create --role ingest --models 'credit-*' --expires 90d
`,
	options: {
		role: { type: 'string' },
		models: { type: 'string', multiple: true },
		expires: { type: 'string' },
		name: { type: 'string' },
		owner: { type: 'string' },
	},
	async run(terminal, args) {
		const verb = requirePositional(args, 0, 'create, list or revoke')
		if (verb === 'create') return create(terminal, args)
		if (verb === 'list') return list(terminal, args)
		if (verb !== 'revoke')
			throw new UsageError(`There is no verb "${verb}". The verbs of keys are create, list and revoke.`)
		const id = requirePositional(args, 1, 'The id of the key')
		await withContext(terminal, (context) => revokeKey(context, cliActor, id))
		terminal.out(args.values.json ? `${JSON.stringify({ id, revoked: true })}\n` : `${id} is revoked.\n`)
		return 0
	},
}
