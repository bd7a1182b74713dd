import { expect, it } from 'vitest'
import { errorMeasure } from '../../src/metrics/measure-errors.ts'
import { OutcomeView } from '../../src/metrics/outcome-view.ts'
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

it('says that an interval is unreliable where a few of under 1,000 errors make up most of the squares', () => {
	expect(errorMeasure(withLast(200, 30), 'rmse').reason).toBe(
		'the interval is unreliable: about 1 of 200 errors make up most of the squares',
	)
	expect(errorMeasure(withLast(200, 2), 'rmse').reason).toBeUndefined()
	expect(errorMeasure(withLast(200, 30), 'mae').reason).toBeUndefined()
	expect(errorMeasure(withLast(1000, 100), 'rmse').reason).toBeUndefined()
})
