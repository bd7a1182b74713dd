import {
	type Command,
	type ExitCode,
	type Parsed,
	requirePositional,
	type Terminal,
	UsageError,
} from './command.ts'
import { printKey, rotateKey } from './ledger-key.ts'

type Verb = (terminal: Terminal, args: Parsed) => Promise<ExitCode>

const verbs: Record<string, Verb> = { key: printKey, 'rotate-key': rotateKey }

export const audit: Command = {
	help: `Usage: plumbline audit key
       plumbline audit rotate-key --new FILE

Works on the database PLUMBLINE_DATABASE_URL, also while the service runs.

  key              prints the verifier key: with it, outsiders check what the ledger's key has signed
  rotate-key       hands over to another key, in an entry that both sign
    --new FILE     the file of the next key; it is made if there is none
  --json           for machines
`,
	options: { new: { type: 'string' } },
	async run(terminal, args) {
		const name = requirePositional(args, 0, Object.keys(verbs).join(', '))
		const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
		if (verb) return verb(terminal, args)
		throw new UsageError(
			`There is no verb "${name}". The verbs of audit are ${Object.keys(verbs).join(', ')}.`,
		)
	},
}
