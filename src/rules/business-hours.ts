import { minuteMs } from '../core/time.ts'

/** Times of day on some days of the week, in a zone of the IANA database. `to` before `from` is on the next day. */
export type BusinessHours = { days: readonly string[]; from: string; to: string; zone: string }

export const weekDays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const formats = new Map<string, Intl.DateTimeFormat>()

/** Throws RangeError for a zone that the platform does not know. */
export function zoneFormat(zone: string): Intl.DateTimeFormat {
	let format = formats.get(zone)
	if (!format) {
		const parts = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
		format = new Intl.DateTimeFormat('en-US', { timeZone: zone, ...parts })
		formats.set(zone, format)
	}
	return format
}

type Local = { day: number; minute: number }

/** The day of the week, from 0 for Monday, and the minute of the day, as a clock on the wall there shows them. */
function localAt(zone: string, at: number): Local {
	const parts = new Map(
		zoneFormat(zone)
			.formatToParts(at)
			.map(({ type, value }) => [type, value]),
	)
	const day = weekDays.indexOf((parts.get('weekday') ?? '').toLowerCase() as (typeof weekDays)[number])
	return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) }
}

/** Minutes since midnight of `HH:MM`. */
export const minuteOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

function isOpen({ days, from, to }: BusinessHours, { day, minute }: Local): boolean {
	const [start, end] = [minuteOf(from), minuteOf(to)]
	const on = (index: number) => days.includes(weekDays[(index + 7) % 7] as string)
	if (start < end) return on(day) && minute >= start && minute < end
	return (on(day) && minute >= start) || (on(day - 1) && minute < end)
}

/**
 * The first moment from `at` on that is within the hours. It asks the clock of the zone at each step, so that days with a
 * change to or from summer time need no rule of their own.
 */
export function nextOpening(hours: BusinessHours, at: number): number {
	if (isOpen(hours, localAt(hours.zone, at))) return at
	const opens = Math.floor(minuteOf(hours.from) / 60)
	// Hours open at least once a week; the margin covers a day on which the opening does not exist.
	const last = at + 15 * 24 * 60 * minuteMs
	for (let t = Math.ceil(at / minuteMs) * minuteMs; t <= last; ) {
		const local = localAt(hours.zone, t)
		if (isOpen(hours, local)) return t
		// Outside the hour in which it opens, to the next full hour.
		t += (Math.floor(local.minute / 60) === opens ? 1 : 60 - (local.minute % 60)) * minuteMs
	}
	return last
}
