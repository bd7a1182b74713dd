import { expect, it } from 'vitest'
import { OutcomeView } from '../../src/metrics/outcome-view.ts'
import { performance } from '../../src/metrics/performance.ts'
import { emptyOutcomeSummary, momentNames } from '../../src/summaries/outcomes/outcome-summary.ts'

/** A window of which these are the sums over labelled rows; the others are 0. */
class Sums extends OutcomeView {
	private readonly sums: Partial<Record<(typeof momentNames)[number], number>>

	constructor(sums: Partial<Record<(typeof momentNames)[number], number>>) {
		super('regression', emptyOutcomeSummary())
		this.sums = sums
	}

	override get moments(): number[] {
		return momentNames.map((name) => this.sums[name] ?? 0)
	}
}

/** Errors of size 1, the last one of this size. */
const withLast = (n: number, last: number) =>
	new Sums({ n, abs: n - 1 + last, e2: n - 1 + last ** 2, e4: n - 1 + last ** 4 })

const reasonOf = (view: OutcomeView, id: string) => performance.find((m) => m.id === id)?.measure(view).reason

it('says that an interval is unreliable where a few of under 1,000 errors make up most of the squares', () => {
	expect(reasonOf(withLast(200, 30), 'performance.rmse')).toBe(
		'the interval is unreliable: about 1 of 200 errors make up most of the squares',
	)
	expect(reasonOf(withLast(200, 2), 'performance.rmse')).toBeUndefined()
	expect(reasonOf(withLast(200, 30), 'performance.mae')).toBeUndefined()
	expect(reasonOf(withLast(1000, 100), 'performance.rmse')).toBeUndefined()
})
