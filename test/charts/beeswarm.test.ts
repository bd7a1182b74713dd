import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Beeswarm, beeswarmSvg, type Point } from '../../src/charts/beeswarm.ts'
import { boxesOf, childrenOf, isWellFormed } from '../support/svg.ts'

const of = (features: Record<string, Point[]>, parts: Partial<Beeswarm> = {}): Beeswarm => ({
	title: 'What moves credit-risk version 3',
	subtitle: 'Predictions of February',
	space: 'log-odds',
	rows: Object.values(features)[0]?.length ?? 0,
	features: Object.entries(features).map(([name, points]) => ({ name, points })),
	...parts,
})
const along = (count: number, size: number): Point[] =>
	Array.from({ length: count }, (_, i) => {
		const percentile = (i + 0.5) / count
		return { contribution: size * (percentile - 0.5), percentile }
	})
const textsOf = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((m) => m[1])

describe('the beeswarm', () => {
	it('has the features by their mean size, and says the rows and which way values go', () => {
		const svg = beeswarmSvg(of({ small: along(40, 0.5), large: along(40, -2) }))
		const texts = textsOf(svg)
		expect(texts.indexOf('large')).toBeLessThan(texts.indexOf('small'))
		expect(texts).toContain('40 rows. Predictions of February')
		expect(svg).toContain('large 0.5, high values lower the score; small 0.125, high values raise the score')
		expect(isWellFormed(svg)).toBe(true)
	})

	it('has a dot for each row while they fit, and stays small when they do not', () => {
		expect(childrenOf(beeswarmSvg(of({ few: along(50, 1) })), 'circle')).toHaveLength(50)
		const svg = beeswarmSvg(of({ many: along(50_000, 1) }))
		expect(childrenOf(svg, 'circle').length).toBeLessThan(600)
	})

	it('is grey where values have no order, and says how many features are not shown', () => {
		const points = along(30, 1).map((p) => ({ ...p, percentile: null }))
		const svg = beeswarmSvg(of(Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`f${i}`, points]))))
		const dots = childrenOf(svg, 'circle')
		expect(new Set(dots.map((d) => /fill="([^"]*)"/.exec(d)?.[1]))).toEqual(new Set(['#9aa5b1']))
		expect(textsOf(svg)).toContain('30 rows, the first 20 of 25 features. Predictions of February')
	})

	it('keeps everything inside the frame, with the same bytes each time', () => {
		const point = fc.record({
			contribution: fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
			percentile: fc.option(fc.double({ noNaN: true, min: 0, max: 1 })),
		})
		const features = fc.dictionary(fc.string({ maxLength: 80 }), fc.array(point, { maxLength: 40 }), {
			maxKeys: 25,
		})
		fc.assert(
			fc.property(features, (all) => {
				const svg = beeswarmSvg(of(all))
				expect(beeswarmSvg(of(all))).toBe(svg)
				expect(isWellFormed(svg)).toBe(true)
				const frame = boxesOf(svg)
				for (const box of frame.boxes) {
					expect(box.left).toBeGreaterThanOrEqual(-1)
					expect(box.right).toBeLessThanOrEqual(frame.width + 1)
					expect(box.bottom).toBeLessThanOrEqual(frame.height)
				}
			}),
			{ numRuns: 200 },
		)
	})
})
