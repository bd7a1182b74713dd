import type { Logger } from '../context.ts'
import { printable } from '../core/printable.ts'

export const logLevels = ['info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

// JSON shows no members of an Error, and throws for a bigint.
const plain = (_key: string, value: unknown): unknown => {
	if (value instanceof Error)
		return { message: value.message, stack: value.stack, ...(value.cause ? { cause: value.cause } : {}) }
	return typeof value === 'bigint' ? String(value) : value
}

function toLine(entry: Record<string, unknown>): string {
	try {
		return JSON.stringify(entry, plain)
	} catch {
		return JSON.stringify({ time: entry.time, level: entry.level, message: entry.message })
	}
}

/** One JSON object per line, for log collectors, from the level `lowest` up. `now` in ms since the epoch. */
export function jsonLogger(
	write: (line: string) => void,
	now: () => number,
	lowest: LogLevel = 'info',
): Logger {
	const at =
		(level: LogLevel) =>
		(message: string, fields: Record<string, unknown> = {}) => {
			if (logLevels.indexOf(level) < logLevels.indexOf(lowest)) return
			write(`${printable(toLine({ time: new Date(now()).toISOString(), level, message, ...fields }))}\n`)
		}
	return { info: at('info'), warn: at('warn'), error: at('error') }
}
