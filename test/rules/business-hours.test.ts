import { describe, expect, it } from 'vitest'
import { nextOpening } from '../../src/rules/business-hours.ts'

const office = {
	days: ['mon', 'tue', 'wed', 'thu', 'fri'],
	from: '08:00',
	to: '18:00',
	zone: 'Europe/Berlin',
}
const opening = (hours: typeof office, at: string) =>
	new Date(nextOpening(hours, Date.parse(at))).toISOString()

describe('business hours', () => {
	it.each([
		['within them, at once', '2026-03-02T09:30:15.250Z', '2026-03-02T09:30:15.250Z'],
		['before them, when they begin', '2026-03-02T05:00:00Z', '2026-03-02T07:00:00.000Z'],
		['in the last second, at once', '2026-03-02T16:59:59.999Z', '2026-03-02T16:59:59.999Z'],
		['at their end, on the next day', '2026-03-02T17:00:00Z', '2026-03-03T07:00:00.000Z'],
		['after Friday, on Monday', '2026-03-06T20:00:00Z', '2026-03-09T07:00:00.000Z'],
		[
			'over the change to summer time, by the clock on the wall',
			'2026-03-28T12:00:00Z',
			'2026-03-30T06:00:00.000Z',
		],
		['over the change back, by the clock on the wall', '2026-10-24T12:00:00Z', '2026-10-26T07:00:00.000Z'],
	])('let an action start %s', (_, at, expected) => {
		expect(opening(office, at)).toBe(expected)
	})

	it('begin with the first moment that exists when their start is skipped', () => {
		const night = { ...office, days: ['sun'], from: '02:30', to: '04:00' }
		expect(opening(night, '2026-03-29T00:30:00Z')).toBe('2026-03-29T01:00:00.000Z')
	})

	it('are met twice in an hour that the clock repeats', () => {
		const night = { ...office, days: ['sun'], from: '02:00', to: '03:00' }
		expect(opening(night, '2026-10-25T00:30:00Z')).toBe('2026-10-25T00:30:00.000Z')
		expect(opening(night, '2026-10-25T01:30:00Z')).toBe('2026-10-25T01:30:00.000Z')
		expect(opening(night, '2026-10-25T02:00:00Z')).toBe('2026-11-01T01:00:00.000Z')
	})

	it('can end on the next day', () => {
		const night = { ...office, days: ['fri'], from: '22:00', to: '06:00', zone: 'America/New_York' }
		expect(opening(night, '2026-03-07T10:59:00Z')).toBe('2026-03-07T10:59:00.000Z')
		expect(opening(night, '2026-03-07T11:00:00Z')).toBe('2026-03-14T02:00:00.000Z')
	})

	it('can last until midnight, in zones with half hours', () => {
		const late = { ...office, days: ['mon'], from: '23:15', to: '24:00', zone: 'Asia/Kathmandu' }
		expect(opening(late, '2026-03-02T17:00:00Z')).toBe('2026-03-02T17:30:00.000Z')
		expect(opening(late, '2026-03-02T18:15:00Z')).toBe('2026-03-09T17:30:00.000Z')
	})
})
