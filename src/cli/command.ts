import type { ParseArgsOptionsConfig } from 'node:util'
import type { z } from 'zod'
import type { Config } from '../config.ts'
import { printableCell } from '../core/printable.ts'

/** A command's access to the outside. The root creates it; tests create their own. */
export type Terminal = {
	config: Config
	/** Suspicious settings in the environment that stop nothing. */
	warnings?: readonly string[]
	now: () => number
	out(text: string): void
	err(text: string): void
	/** Writes to `err` unescaped, for moving the cursor. The text must not contain anything from outside. */
	draw(text: string): void
	/** Whether `err` is a screen that can redraw a progress bar. */
	isScreen: boolean
	/** Resolves when the process is asked to end. A command that reads it has to end by itself. */
	stopped: Promise<void>
}

/** The terminal of a root, without escaping. */
export type RawTerminal = Omit<Terminal, 'draw'>

export type Parsed = {
	positionals: string[]
	values: Record<string, string | boolean | string[] | undefined>
}

/** 0 success, 1 the answer is "no", 2 failure. */
export type ExitCode = 0 | 1 | 2

export type Command = {
	/** What `plumbline <name> --help` prints: usage, options, examples, exit codes. */
	help: string
	options: ParseArgsOptionsConfig
	/** Its standard error is a log: it writes the warnings of the terminal itself. */
	logsWarnings?: boolean
	/** Needs only files, no environment: always, or with certain arguments. */
	isOffline?: boolean | ((args: readonly string[]) => boolean)
	run(terminal: Terminal, args: Parsed): Promise<ExitCode>
}

/** Wrong usage of a command: shown with a pointer to its help. */
export class UsageError extends Error {}

export function textOption(args: Parsed, name: string): string | undefined {
	const value = args.values[name]
	return typeof value === 'string' ? value : undefined
}

export function listOption(args: Parsed, name: string): string[] {
	const value = args.values[name]
	return Array.isArray(value) ? value.map(String) : []
}

/** The value of an option. Throws a usage error if it is missing. */
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

/** Checks options with the schema of a use case. The first fault is a usage error that names the option. */
export function checkOptions<S extends z.ZodType>(schema: S, options: unknown): z.output<S> {
	const result = schema.safeParse(options)
	if (result.success) return result.data
	const [issue] = result.error.issues
	throw new UsageError(`--${String(issue?.path[0])}: ${issue?.message}.`)
}

/** A table with aligned columns. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const cells = rows.map((row) => row.map(printableCell))
	const widths = head.map((h, i) => Math.max(h.length, ...cells.map((r) => (r[i] ?? '').length)))
	const line = (cells: readonly string[]) =>
		`${cells
			.map((c, i) => c.padEnd(widths[i] as number))
			.join('  ')
			.trimEnd()}\n`
	return [line(head), ...cells.map(line)].join('')
}
