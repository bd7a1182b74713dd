import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { barChart, type Slot, trendChart } from '../../src/charts/text-charts.ts'

const slot = (value: number | null, more: Partial<Slot> = {}): Slot => ({
	value,
	estimate: null,
	isProvisional: false,
	...more,
})

describe('a trend', () => {
	it('has its highest value at the top, its lowest at the axis, and the dates of its ends', () => {
		expect(trendChart([slot(0), slot(1)], '1 March', '2 March')).toEqual([
			'1.0 ┤  ██',
			'    │  ██',
			'    │  ██',
			'0.5 ┤  ██',
			'    │  ██',
			'    │▁▁██',
			'0.0 └────',
			'     1 March    2 March',
		])
	})

	it('leaves a window without a value empty, marks provisional ones, and has estimates on the same axis', () => {
		const slots = Array.from({ length: 16 }, (_, i) =>
			i === 1 ? slot(null) : slot(0.6 + i / 100, { isProvisional: i > 13 }),
		)
		slots[15] = slot(null, { estimate: 0.74, isProvisional: true })
		slots[0] = slot(0.6, { estimate: 0.6 })
		expect(trendChart(slots, 'a', 'b')).toEqual([
			'    0.74 ┤            ▁▅█',
			'         │          ▃▆███',
			'         │        ▄▇█████',
			'    0.67 ┤     ▂▅████████',
			'         │   ▃▆██████████',
			'         │▁ █████████████',
			'    0.60 └────────────────',
			'                        pp',
			'estimate  ▁              █',
			`          a${'b'.padStart(15)}`,
		])
	})

	it('is empty when nothing is known, and in the middle when there is one value', () => {
		expect(trendChart([slot(null), slot(null)], 'a', 'b')).toEqual([])
		const [top = '', ...rest] = trendChart([slot(0.5)], 'a', 'a')
		expect([top, rest[1], rest[2], rest.at(-1)]).toEqual(['0.525 ┤', '      │▁▁', '0.500 ┤██', '       a'])
	})

	it('keeps its axis where the values are, whatever they are, and is higher where they are', () => {
		const value = fc.option(
			fc.oneof(
				fc.double({ min: 0, max: 1, noNaN: true }),
				fc.double({ min: -1e299, max: 1e299, noNaN: true }),
			),
		)
		fc.assert(
			fc.property(fc.array(value, { minLength: 1, maxLength: 30 }), (values) => {
				const lines = trendChart(
					values.map((v) => slot(v)),
					'a',
					'b',
				)
				const edge = lines.findIndex((line) => line.includes('└'))
				const at = lines[edge]?.indexOf('└') ?? -1
				for (const line of lines.slice(0, Math.max(0, edge))) expect('┤│').toContain(line[at])
				const width = values.length <= 15 ? 2 : 1
				const height = (i: number) =>
					lines.slice(0, edge).reduce((sum, line) => {
						const mark = line[at + 1 + i * width] ?? ' '
						return sum + (mark === ' ' ? 0 : 1 + '▁▂▃▄▅▆▇█'.indexOf(mark))
					}, 0)
				values.forEach((a, i) => {
					const b = values[i + 1]
					if (a === null) expect(edge === -1 ? 0 : height(i)).toBe(0)
					else if (b !== null && b !== undefined && a <= b)
						expect(height(i)).toBeLessThanOrEqual(height(i + 1))
				})
			}),
			{ numRuns: 1000 },
		)
	})
})

describe('bars', () => {
	it('are solid up to the low end of the interval and shaded up to its high end, from 0', () => {
		const chart = barChart([
			{ name: 'f', value: 0.5, low: 0.25, high: 0.75, note: '0.5' },
			{ name: 'other', value: null, low: null, high: null, note: 'unknown' },
			{ name: 'm', value: 1, low: null, high: null, note: '1' },
		])
		expect(chart).toEqual([
			`f     │${'█'.repeat(6)}${'▒'.repeat(12)}${' '.repeat(6)} 0.5`,
			`other │${' '.repeat(24)} unknown`,
			`m     │${'█'.repeat(24)} 1`,
			`      └${'─'.repeat(24)}`,
			`      0${'1.0'.padStart(24)}`,
		])
	})

	it('shorten long names, and end at a round number', () => {
		const chart = barChart([{ name: '𝔛'.repeat(40), value: 0.12, low: 0.1, high: 0.14, note: 'n' }])
		expect(chart[0]).toMatch(new RegExp(`^${'𝔛'.repeat(23)}… │█{12}▒{5} {7} n$`))
		expect(chart.at(-1)).toMatch(/0 +0\.20$/)
	})
})
