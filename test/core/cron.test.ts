import { describe, expect, it } from 'vitest'
import { dueTimes } from '../../src/core/cron.ts'
import { dayMs, formatTime, hourMs, parseTime } from '../../src/core/time.ts'

const at = (text: string) => parseTime(text) as number
const due = (cron: string, after: string, until: string, limit = 10) =>
	dueTimes(cron, at(after), at(until), limit).map(formatTime)

describe('when a cron expression was due', () => {
	it('steps through minutes, latest first, without the start and with the end', () => {
		expect(due('*/20 * * * *', '2026-03-02T00:00:00Z', '2026-03-02T01:00:00Z')).toEqual([
			'2026-03-02T01:00:00.000Z',
			'2026-03-02T00:40:00.000Z',
			'2026-03-02T00:20:00.000Z',
		])
	})

	it('finds the last times of rare ones over months', () => {
		expect(due('30 4 1 1,7 *', '2025-06-01T00:00:00Z', '2026-03-02T00:00:00Z')).toEqual([
			'2026-01-01T04:30:00.000Z',
			'2025-07-01T04:30:00.000Z',
		])
	})

	it('takes either day when day of month and day of week are both restricted', () => {
		const days = due('0 0 13 * 5', '2026-02-10T00:00:00Z', '2026-02-28T00:00:00Z').map((t) => t.slice(8, 10))
		expect(days).toEqual(['27', '20', '13'])
	})

	it('knows Sunday as 0 and as 7, ranges, lists and steps in ranges', () => {
		for (const day of ['0', '7'])
			expect(due(`0 12 * * ${day}`, '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z')).toHaveLength(1)
		expect(
			due('0 8-18/5,20 * * *', '2026-03-02T00:00:00Z', '2026-03-03T00:00:00Z').map((t) => t.slice(11, 13)),
		).toEqual(['20', '18', '13', '08'])
	})

	it('stops at the limit', () => {
		const now = at('2026-03-02T00:00:00Z')
		expect(dueTimes('* * * * *', now - dayMs, now, 3)).toHaveLength(3)
		expect(dueTimes('* * * * *', now - hourMs, now, 100)).toHaveLength(60)
	})

	it('refuses what is not cron', () => {
		for (const cron of ['* * * *', '60 * * * *', '*/0 * * * *', '5-1 * * * *', 'daily', '@daily * * * *'])
			expect(() => dueTimes(cron, 0, dayMs, 1), cron).toThrow(RangeError)
	})
})
