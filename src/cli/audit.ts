import { entriesHelp, search, tail } from './audit/entries.ts'
import { exportEntries, exportHelp } from './audit/export.ts'
import { keyHelp, printKey, rotateKey } from './audit/key.ts'
import { prove, proveHelp } from './audit/prove.ts'
import { verify, verifyHelp } from './audit/verify.ts'
import {
	type Command,
	type ExitCode,
	type Parsed,
	requirePositional,
	type Terminal,
	UsageError,
} from './command.ts'

const verbs: Record<string, (terminal: Terminal, args: Parsed) => Promise<ExitCode>> = {
	verify,
	tail,
	search,
	prove,
	export: exportEntries,
	key: printKey,
	'rotate-key': rotateKey,
}

export const audit: Command = {
	help: `${verifyHelp}\n${entriesHelp}\n${proveHelp}\n${exportHelp}\n${keyHelp}`,
	options: {
		key: { type: 'string' },
		checkpoint: { type: 'string' },
		new: { type: 'string' },
		follow: { type: 'boolean', short: 'f' },
		person: { type: 'string' },
		model: { type: 'string' },
		action: { type: 'string' },
		object: { type: 'string' },
		since: { type: 'string' },
		limit: { type: 'string' },
		out: { type: 'string' },
		format: { type: 'string' },
	},
	isOffline: (args) => args[0] === 'verify' && !args.some((arg) => /^(https?|file):/i.test(arg)),
	run(terminal, args) {
		const name = requirePositional(args, 0, `A verb, one of ${Object.keys(verbs).join(', ')},`)
		const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
		if (!verb)
			throw new UsageError(
				`There is no verb "${name}". The verbs of audit are ${Object.keys(verbs).join(', ')}.`,
			)
		return verb(terminal, args)
	},
}
