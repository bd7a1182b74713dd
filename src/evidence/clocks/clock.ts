import { dayMs } from '../../core/time.ts'
import type { SeverityName } from '../../db/schema.ts'

// Legal clocks count calendar days in UTC. The day on which one starts is day 0, and it ends with its last day.

/** Days since 1970, in UTC. */
export const dayOf = (ms: number): number => Math.floor(ms / dayMs)

/** A day as text, such as 2026-03-01. */
export const dayText = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10)

/** The day of a clock from which it warns: a sixth before its end, so on day 25 of 30. */
export const warnsOn = (days: number): number => days - Math.max(1, Math.round(days / 6))

/** What is due under one clock of one model. At most one incident about it is open. */
export type DueClock = {
	/** `clock:<kind>:<what>:<model>`. */
	about: string
	model: string
	severity: SeverityName
	title: string
	/** Examples and what to do. */
	note: string
}

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** `12 notices are due, the first on 2026-04-01`, or how many of them are overdue. */
export function dueTitle(
	today: number,
	due: readonly { day: number; count: number }[],
	[one, many]: readonly [string, string],
): { title: string; severity: SeverityName } {
	const sum = (list: typeof due) => list.reduce((total, { count }) => total + count, 0)
	const overdue = sum(due.filter(({ day }) => day < today))
	const total = sum(due)
	const first = due.reduce((min, { day }) => Math.min(min, day), Number.POSITIVE_INFINITY)
	const what = plural(total, one, many)
	return overdue > 0
		? {
				severity: 'critical',
				title: `${overdue === total ? what : `${overdue} of ${what}`} ${overdue === 1 ? 'is' : 'are'} overdue, the first since ${dayText(first)}`,
			}
		: {
				severity: 'warning',
				title: `${what} ${total === 1 ? 'is due on' : 'are due, the first on'} ${dayText(first)}`,
			}
}
