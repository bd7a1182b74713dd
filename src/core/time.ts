export const secondMs = 1000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs
export const weekMs = 7 * dayMs

export const windowSizes = ['1h', '1d', '7d'] as const
export type WindowSize = (typeof windowSizes)[number]
export const windowMs: Record<WindowSize, number> = { '1h': hourMs, '1d': dayMs, '7d': weekMs }

// 1970-01-01 was a Thursday: weeks start on Monday, as in ISO 8601.
const firstMondayMs = 4 * dayMs

/** Start of the UTC-aligned window that holds `atMs`. Weeks start on Monday. */
export function windowStart(size: WindowSize, atMs: number): number {
	const origin = size === '7d' ? firstMondayMs : 0
	return Math.floor((atMs - origin) / windowMs[size]) * windowMs[size] + origin
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)$/

const twoDigits = (text: string, at: number): number =>
	(text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48

/**
 * Milliseconds since the epoch, or undefined unless `text` is RFC 3339 with an offset and names a moment that exists.
 * Leap seconds (`:60`) are rejected, as Unix time, which is stored, has none.
 */
export function parseTime(text: string): number | undefined {
	if (!rfc3339.test(text)) return undefined
	const ms = Date.parse(text)
	if (Number.isNaN(ms)) return undefined
	// Date.parse reads 31 September as 1 October, and 24:00 as the next day.
	if (twoDigits(text, 11) > 23) return undefined
	const day = twoDigits(text, 8)
	return day <= 28 || day <= daysIn(text) ? ms : undefined
}

/** Days of the month of a text that begins with a year and a month. */
const daysIn = (text: string): number =>
	new Date(Date.UTC((Number(text.slice(0, 4)) % 400) + 2000, twoDigits(text, 5), 0)).getUTCDate()

/** RFC 3339 in UTC, to the millisecond. */
export const formatTime = (ms: number): string => new Date(ms).toISOString()

const unitMs: Record<string, number> = { ms: 1, s: secondMs, m: minuteMs, h: hourMs, d: dayMs, w: weekMs }

/** `90d`, `2h`, `30m` in milliseconds, or undefined. */
export function parseDuration(text: string): number | undefined {
	const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text.trim())
	if (!match) return undefined
	return Number(match[1]) * (unitMs[match[2] as string] as number)
}

/** A duration in the largest unit of which it is a multiple: `36h`, `7d`. */
export function durationText(ms: number): string {
	const unit = (['d', 'h', 'm', 's'] as const).find((name) => ms % (unitMs[name] as number) === 0)
	return unit === undefined ? `${ms}ms` : `${ms / (unitMs[unit] as number)}${unit}`
}

/** JSON Schema of a text that is a time or a duration, more exact than a pattern. */
export const timeOrDuration = {
	pattern: undefined,
	anyOf: [{ format: 'date-time' }, { pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d|w)$' }],
}
