import type { ParseArgsOptionsConfig } from 'node:util'
import type { Config } from '../config.ts'

/** What a command may touch of the outside: the root makes it, tests make their own. */
export type Terminal = {
	config: Config
	/** What looks wrong in the environment and stops nothing. */
	warnings?: readonly string[]
	now: () => number
	out(text: string): void
	err(text: string): void
	/** Writes to `err` as it is: for what moves the cursor. Nothing from outside may be in it. */
	draw(text: string): void
	/** Whether `err` is a screen that can redraw a progress bar. */
	isScreen: boolean
	/** Resolves when the person or the system asks the process to end; who reads it is no longer ended at once. */
	stopped: Promise<void>
}

/** What a root makes: what is written through `out` and `err` is made printable behind it. */
export type RawTerminal = Omit<Terminal, 'draw'>

export type Parsed = {
	positionals: string[]
	values: Record<string, string | boolean | string[] | undefined>
}

/** 0 fine, 1 the answer is "no", 2 could not do it. */
export type ExitCode = 0 | 1 | 2

export type Command = {
	/** What `plumbline <name> --help` prints: usage, options, examples, exit codes. */
	help: string
	options: ParseArgsOptionsConfig
	/** Works on files alone, without the environment; or does so when it is called with these arguments. */
	/** Its standard error is a log: it writes the warnings of the terminal itself. */
	logsWarnings?: boolean
	isOffline?: boolean | ((args: readonly string[]) => boolean)
	run(terminal: Terminal, args: Parsed): Promise<ExitCode>
}

/** A command that was called wrongly: shown with the way to its help. */
export class UsageError extends Error {}

export function textOption(args: Parsed, name: string): string | undefined {
	const value = args.values[name]
	return typeof value === 'string' ? value : undefined
}

export function listOption(args: Parsed, name: string): string[] {
	const value = args.values[name]
	return Array.isArray(value) ? value.map(String) : []
}

/** The option's value, or a usage error that names it. */
export function requireOption(args: Parsed, name: string): string {
	const value = textOption(args, name)
	if (value === undefined) throw new UsageError(`--${name} is required.`)
	return value
}

export function requirePositional(args: Parsed, at: number, what: string): string {
	const value = args.positionals[at]
	if (value === undefined) throw new UsageError(`${what} is missing.`)
	return value
}
