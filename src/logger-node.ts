import type { Logger } from './context.ts'

/** One JSON object a line on standard error, for log collectors; `quiet` leaves out the level info. */
export function jsonLogger(write: (line: string) => void, now: () => number, quiet = false): Logger {
	const at = (level: string) => (message: string, fields: Record<string, unknown> = {}) => {
		if (quiet && level === 'info') return
		write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields })}\n`)
	}
	return { info: at('info'), warn: at('warn'), error: at('error') }
}
