import { dayMs, hourMs, minuteMs } from './time.ts'

type Field = ReadonlySet<number>

const ranges: readonly [number, number][] = [
	[0, 59],
	[0, 23],
	[1, 31],
	[1, 12],
	[0, 7],
]

function parseField(text: string, [low, high]: readonly [number, number]): Field {
	const values = new Set<number>()
	for (const part of text.split(',')) {
		const match = /^(\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part)
		if (!match) throw new RangeError(`not a cron field: ${part}`)
		const from = match[2] === undefined ? low : Number(match[2])
		const to =
			match[3] === undefined
				? match[2] === undefined || match[4] !== undefined
					? high
					: from
				: Number(match[3])
		const step = Number(match[4] ?? 1)
		if (from < low || to > high || from > to || step < 1)
			throw new RangeError(`outside of ${low} to ${high}: ${part}`)
		for (let value = from; value <= to; value += step) values.add(value)
	}
	return values
}

/** Five cron fields (minute, hour, day of month, month, day of week; UTC). Throws RangeError for any other format. */
function parseCron(cron: string): { fields: readonly Field[]; anyDay: boolean; anyWeekday: boolean } {
	const texts = cron.trim().split(/\s+/)
	if (texts.length !== ranges.length) throw new RangeError(`not five cron fields: ${cron}`)
	const fields = texts.map((text, i) => parseField(text, ranges[i] as [number, number]))
	return { fields, anyDay: texts[2] === '*', anyWeekday: texts[4] === '*' }
}

const longestSearchMs = 366 * dayMs

/** The times (ms since the epoch) at which `cron` was due in (after, until], latest first, `limit` at most. */
export function dueTimes(cron: string, after: number, until: number, limit: number): number[] {
	const { fields, anyDay, anyWeekday } = parseCron(cron)
	const [minutes, hours, days, months, weekdays] = fields as [Field, Field, Field, Field, Field]
	const onDay = (date: Date) => {
		const day = days.has(date.getUTCDate())
		const weekday = weekdays.has(date.getUTCDay()) || (date.getUTCDay() === 0 && weekdays.has(7))
		// As in Vixie cron: when both are restricted, one match is enough.
		return months.has(date.getUTCMonth() + 1) && (anyDay || anyWeekday ? day && weekday : day || weekday)
	}
	const found: number[] = []
	const end = Math.max(after, until - longestSearchMs)
	for (let at = Math.floor(until / minuteMs) * minuteMs; at > end && found.length < limit; ) {
		const date = new Date(at)
		if (!onDay(date)) at = Math.floor(at / dayMs) * dayMs - minuteMs
		else if (!hours.has(date.getUTCHours())) at = Math.floor(at / hourMs) * hourMs - minuteMs
		else {
			if (minutes.has(date.getUTCMinutes())) found.push(at)
			at -= minuteMs
		}
	}
	return found
}
