import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { altText, stepsOf, type Waterfall, waterfallSvg } from '../../src/charts/waterfall.ts'
import { boxesOf, childrenOf, isWellFormed } from '../support/svg.ts'

const bars = (count: number, contribution: (i: number) => number) =>
	Array.from({ length: count }, (_, i) => ({
		name: `feature_${i}`,
		value: String(i),
		contribution: contribution(i),
	}))

const of = (parts: Partial<Waterfall> = {}): Waterfall => {
	const shown = parts.bars ?? bars(4, (i) => (i % 2 ? -1 : 1) / (i + 1))
	const base = parts.base ?? -1.25
	return {
		title: 'Decision 1, against the applicant: score 0.71',
		subtitle: 'credit-risk version 3, prediction 8841',
		space: 'log-odds',
		isProbability: true,
		base,
		margin: base + shown.reduce((sum, b) => sum + b.contribution, 0),
		bars: shown,
		...parts,
	}
}

describe('the steps of a waterfall', () => {
	it('go from the base to the margin, the largest first, and all others in one', () => {
		const data = of({ bars: bars(25, (i) => (i % 3 ? 1 : -1) / (i + 1)) })
		const steps = stepsOf(data)
		expect(steps).toHaveLength(11)
		expect(steps[0]?.from).toBe(data.base)
		expect(steps.at(-1)).toMatchObject({ name: '15 other features', to: data.margin })
		for (const [i, step] of steps.slice(1).entries()) expect(step.from).toBe(steps[i]?.to)
		const sizes = steps.slice(0, -1).map((s) => Math.abs(s.contribution))
		expect(sizes).toEqual(sizes.toSorted((a, b) => b - a))
	})

	it('never call a single feature "others"', () => {
		const names = (count: number) => stepsOf(of({ bars: bars(count, () => 1) })).map((s) => s.name)
		expect(names(11).at(-1)).toBe('feature_10')
		expect(names(12).at(-1)).toBe('2 other features')
		expect(names(0)).toEqual([])
	})
})

describe('the picture', () => {
	it('has a title, a description and no scripts, and the same bytes each time', () => {
		const svg = waterfallSvg(of())
		expect(waterfallSvg(of())).toBe(svg)
		expect(svg).toContain(`<title id="title">${of().title}</title><desc id="desc">`)
		expect(svg).not.toMatch(/<script|<foreignObject|href|on\w+=/)
		expect(svg).toContain('aria-labelledby="title desc"')
	})

	it('shows values only where it has them', () => {
		const hidden = of({ bars: [{ name: 'income', contribution: 1 }] })
		expect(waterfallSvg(hidden)).toContain('>income<')
		expect(waterfallSvg(of({ bars: [{ name: 'income', value: '42', contribution: 1 }] }))).toContain(
			'>income = 42<',
		)
	})

	it('has probabilities only for log-odds of a probability', () => {
		expect(waterfallSvg(of())).toContain('>probability<')
		expect(waterfallSvg(of({ isProbability: false }))).not.toContain('>probability<')
		expect(waterfallSvg(of({ space: 'points', isProbability: false }))).toContain('>points<')
	})

	it('escapes what names hold', () => {
		const name = `<script>alert("x")</script>&'\u0000\ud800`
		const svg = waterfallSvg(of({ title: name, bars: [{ name, contribution: 1 }] }))
		expect(isWellFormed(svg)).toBe(true)
		expect(svg).not.toContain('<script')
	})

	const numbers = fc.oneof(
		fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e100, max: 1e100 }),
		fc.double({ noNaN: true, min: -1e-9, max: 1e-9 }),
		fc.integer({ min: -3, max: 3 }),
	)
	const text = fc.oneof(
		fc.string({ unit: 'binary', maxLength: 200 }),
		fc.constantFrom('年収', 'الدخل', 'm'.repeat(300)),
	)
	const bar = fc.record({ name: text, value: text, contribution: numbers })

	it('keeps everything inside the frame, whatever the names and numbers are', () => {
		fc.assert(
			fc.property(
				fc.array(bar, { maxLength: 30 }),
				numbers,
				fc.option(numbers),
				text,
				(all, base, cutOff, title) => {
					const data = of({ bars: all, base, title, subtitle: title, ...(cutOff === null ? {} : { cutOff }) })
					const svg = waterfallSvg(data)
					expect(isWellFormed(svg)).toBe(true)
					const frame = boxesOf(svg)
					for (const box of frame.boxes) {
						expect(box.left).toBeGreaterThanOrEqual(-1)
						expect(box.right).toBeLessThanOrEqual(frame.width + 1)
						expect(box.top).toBeGreaterThanOrEqual(0)
						expect(box.bottom).toBeLessThanOrEqual(frame.height)
					}
					expect(altText(data).length).toBeLessThanOrEqual(2000)
				},
			),
			{ numRuns: 200 },
		)
	})

	it('has a step of its own for each shown feature, with a direction that needs no colour', () => {
		const svg = waterfallSvg(of({ bars: bars(3, (i) => [2, -1, 0][i] ?? 0) }))
		// Two of the legend, two steps and two sums; a step of nothing is a dash.
		expect(childrenOf(svg, 'polygon')).toHaveLength(6)
	})
})

describe('the words of a picture', () => {
	it('say base, every step with its value, the others, the sum and the cut-off', () => {
		const words = altText(of({ cutOff: 0, bars: bars(25, (i) => 1 / (i + 1)) }))
		expect(words).toContain('From a base of −1.25 (22%) log-odds: feature_0 (0) +1, feature_1 (1) +0.5, ')
		expect(words).toContain(
			', 15 other features +0.887; in all 2.57 (92.9%) log-odds, against a cut-off of 0.',
		)
	})

	it('are at most 2,000 characters, and say how many steps are left out', () => {
		const long = of({
			maxBars: 60,
			bars: bars(60, (i) => 1 / (i + 1)).map((b) => ({ ...b, name: `${'n'.repeat(80)}${b.name}` })),
		})
		const words = altText(long)
		expect(words.length).toBeLessThanOrEqual(2000)
		expect(words).toMatch(/, and \d+ more; in all /)
	})
})
