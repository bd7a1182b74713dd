import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTime, parseTime } from '../../src/core/time.ts'

describe('reading a time', () => {
	it.each([
		'2026-09-31T10:00:00Z',
		'2026-02-29T10:00:00Z',
		'2026-02-30T10:00:00Z',
		'1900-02-29T00:00:00Z',
		'2026-13-01T00:00:00Z',
		'2026-00-01T00:00:00Z',
		'2026-01-00T00:00:00Z',
		'2026-01-32T00:00:00Z',
		'2026-01-01T24:00:00Z',
		'2026-01-01T25:00:00Z',
		'2026-01-01T10:60:00Z',
		'2026-01-01T10:00:61Z',
		'2016-12-31T23:59:60Z',
		'2026-01-01T10:00:00+25:00',
		'2026-01-01T10:00:00+05:75',
		'2026-01-01T10:00:00',
		'2026-01-01',
		'1764324000',
	])('refuses %s, which is no moment', (text) => {
		// biome-ignore format: a list to be read at a glance
		expect(parseTime(text)).toBeUndefined()
	})

	it.each([
		['2024-02-29T23:30:00-01:00', '2024-03-01T00:30:00.000Z'],
		['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
		['2026-12-31t23:59:59.999z', '2026-12-31T23:59:59.999Z'],
		['2026-08-31 10:00+05:30', '2026-08-31T04:30:00.000Z'],
	])('reads %s as %s', (text, utc) => {
		expect(formatTime(parseTime(text) as number)).toBe(utc)
	})

	it('reads back every moment that it writes', () => {
		const moments = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31T23:59:59Z') })
		fc.assert(
			fc.property(moments, (date) => {
				expect(parseTime(date.toISOString())).toBe(date.getTime())
			}),
		)
	})
})
