import { describe, expect, it } from 'vitest'
import { mantelHaenszelDifference, simpson, type TwoGroups } from '../../../src/stats/fairness/simpson.ts'
import { Chance, drawBinomial } from './chance.ts'

const two = (x: number, n: number, y: number, m: number): TwoGroups => ({
	a: { successes: x, n },
	b: { successes: y, n: m },
})
const all = (segments: readonly TwoGroups[]): TwoGroups => {
	const sum = (of: (segment: TwoGroups) => number) => segments.reduce((n, segment) => n + of(segment), 0)
	return two(
		sum(({ a }) => a.successes),
		sum(({ a }) => a.n),
		sum(({ b }) => b.successes),
		sum(({ b }) => b.n),
	)
}

// Berkeley 1973, the six largest departments: men, women (Bickel, Hammel and O'Connell 1975).
const berkeley = [
	two(512, 825, 89, 108),
	two(353, 560, 17, 25),
	two(120, 325, 202, 593),
	two(138, 417, 131, 375),
	two(53, 191, 94, 393),
	two(22, 373, 24, 341),
]

describe("Simpson's paradox", () => {
	it('explains the admissions of Berkeley: 14 points overall, none left within departments', () => {
		const found = simpson(all(berkeley), berkeley, 0.05)
		expect(found.overall.value).toBeCloseTo(1198 / 2691 - 557 / 1835, 12)
		expect(Math.abs(found.within.value)).toBeLessThan(0.03)
		expect(found).toMatchObject({ verdict: 'explained', segments: 6 })
		// Within 2 points the rows do not tell.
		expect(simpson(all(berkeley), berkeley).verdict).toBe('none')
	})

	it('is a reversal when the difference turns round within segments', () => {
		const segments = [two(900, 1000, 190, 200), two(20, 200, 200, 1000)]
		const found = simpson(all(segments), segments)
		expect(found.verdict).toBe('reversed')
		expect(found.overall.low).toBeGreaterThan(0)
		expect(found.within.high).toBeLessThan(0)
	})

	it('is none when segments say the same, the overall difference is not significant, or no segment has both groups', () => {
		const same = [two(400, 1000, 300, 1000), two(40, 100, 30, 100)]
		expect(simpson(all(same), same).verdict).toBe('none')
		const little = [two(4, 10, 3, 10)]
		expect(simpson(all(little), little).reason).toContain('not significant')
		const apart = [two(400, 1000, 0, 0), two(0, 0, 200, 1000)]
		expect(simpson(all(apart), apart)).toMatchObject({ verdict: 'none', segments: 0 })
	})

	it('pools a single segment to its own difference', () => {
		expect(mantelHaenszelDifference([two(30, 100, 20, 100)]).value).toBeCloseTo(0.1, 14)
		expect(mantelHaenszelDifference([]).value).toBeNaN()
	})

	it('is hardly ever found where there is none', () => {
		const chance = new Chance(2)
		const draws = [0.2, 0.5, 0.7].map(
			(p) => [drawBinomial(300, p, chance), drawBinomial(500, p, chance)] as const,
		)
		let flagged = 0
		for (let run = 0; run < 500; run++) {
			const segments = draws.map(([a, b]) => two(a(), 300, b(), 500))
			if (simpson(all(segments), segments).verdict !== 'none') flagged++
		}
		expect(flagged / 500).toBeLessThan(0.01)
	})
})
