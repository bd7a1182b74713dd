import { parseArgs } from 'node:util'
import { AppError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { printable } from '../core/printable.ts'
import {
	type Command,
	type ExitCode,
	type Parsed,
	type RawTerminal,
	type Terminal,
	UsageError,
} from './command.ts'
import { commands } from './index.ts'

const overview = `Plumbline watches machine-learning models in production.

Usage: plumbline COMMAND [options]

${commands.map((c) => `  ${c.name.padEnd(10)} ${c.summary}`).join('\n')}

  plumbline COMMAND --help   help for a command
  plumbline --version

Exit codes: 0 success, 1 the answer is "no", 2 failure.
Start with: plumbline demo (in a clone: npx plumbline demo)
`

const common = { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } } as const

function parse(command: Command, args: readonly string[]): Parsed {
	try {
		const { positionals, values } = parseArgs({
			args: [...args],
			options: { ...common, ...command.options },
			allowPositionals: true,
			strict: true,
		})
		return { positionals, values: values as Parsed['values'] }
	} catch (cause) {
		const message = (cause as Error).message
		const unknown = /Unknown option '(--[^']*)'/.exec(message)?.[1]
		const near =
			unknown &&
			nearest(
				unknown,
				Object.keys({ ...common, ...command.options }).map((name) => `--${name}`),
			)
		throw new UsageError(
			unknown ? `There is no option ${unknown}.${near ? ` Did you mean ${near}?` : ''}` : message,
		)
	}
}

/** Runs a command line. `makeTerminal` reads the environment only if a command needs it. Never throws. */
export async function main(
	args: readonly string[],
	makeTerminal: (isOffline: boolean) => RawTerminal | Promise<RawTerminal>,
	version: string,
): Promise<ExitCode> {
	const [name, ...rest] = args
	const print = (text: string) => process.stdout.write(text)
	if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
		print(overview)
		return name === undefined ? 2 : 0
	}
	if (name === '--version') {
		print(`${version}\n`)
		return 0
	}
	const command = commands.find((c) => c.name === name)
	if (!command) {
		const near = nearest(name, [...commands.map((c) => c.name), '--help', '--version'])
		return fail(
			`There is no command "${name}".${near ? ` Did you mean "${near}"?` : ''} \`plumbline --help\` lists them.`,
		)
	}
	return runCommand(name, await command.load(), rest, makeTerminal, print)
}

async function runCommand(
	name: string,
	command: Command,
	rest: readonly string[],
	makeTerminal: (isOffline: boolean) => RawTerminal | Promise<RawTerminal>,
	print: (text: string) => unknown,
): Promise<ExitCode> {
	try {
		if (rest.includes('--help') || rest.includes('-h')) {
			print(command.help)
			return 0
		}
		const { isOffline = false } = command
		const terminal = printing(
			await makeTerminal(typeof isOffline === 'function' ? isOffline(rest) : isOffline),
		)
		if (!command.logsWarnings)
			for (const warning of terminal.warnings ?? []) terminal.err(`Warning: ${warning}\n`)
		return await command.run(terminal, parse(command, rest))
	} catch (error) {
		if (error instanceof UsageError) return fail(`${error.message} See \`plumbline ${name} --help\`.`)
		if (error instanceof AppError) return fail(error.textFor('cli'))
		return fail(String((error as Error).stack ?? error))
	}
}

/** All output of commands: control characters in names and messages from outside are escaped. */
const printing = (raw: RawTerminal): Terminal =>
	Object.assign(Object.create(raw) as Terminal, {
		// CSV ends its lines with CR LF, which moves no cursor.
		out: (text: string) => raw.out(text.split('\r\n').map(printable).join('\r\n')),
		err: (text: string) => raw.err(printable(text)),
		draw: (text: string) => raw.err(text),
	})

/** In a clone, commands in messages begin with npx, so that they can be copied. */
function fail(message: string): 2 {
	const text =
		process.env.npm_command === 'exec' ? message.replaceAll('`plumbline ', '`npx plumbline ') : message
	process.stderr.write(printable(`plumbline: ${text}\n`))
	return 2
}
