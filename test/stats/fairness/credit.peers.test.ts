import { describe, expect, it } from 'vitest'
import { addRow, emptyCounts, type Group } from '../../../src/stats/fairness/group-counts.ts'
import { smd } from '../../../src/stats/fairness/mean-scores.ts'
import { demographicParityDifference } from '../../../src/stats/fairness/rate-disparities.ts'
import { readCredit } from '../../support/credit-data.ts'
import { hasPeers } from '../../support/peers.ts'
import { expectNear } from '../near.ts'
import { expectOver, expectRates, golden } from './golden.ts'

type CreditRow = Record<string, number>

const attributes: Record<string, (row: CreditRow) => string> = {
	SEX: (row) => String(row.SEX),
	EDUCATION: (row) => String(row.EDUCATION),
	MARRIAGE: (row) => String(row.MARRIAGE),
	AGE: (row) => String(Math.floor(Number(row.AGE) / 10) * 10),
	'SEX x MARRIAGE': (row) => `${row.SEX}/${row.MARRIAGE}`,
}

/** Decided against when the last payment is two months late or more; the score is the credit limit. */
function creditGroups(rows: readonly CreditRow[], groupOf: (row: CreditRow) => string): Group[] {
	const groups = new Map<string, Group>()
	for (const row of rows) {
		const name = groupOf(row)
		const group = groups.get(name) ?? { group: name, counts: emptyCounts() }
		groups.set(name, group)
		addRow(group.counts, {
			selected: Number(row.PAY_0) >= 2,
			positive: row['default.payment.next.month'] === 1,
			score: Number(row.LIMIT_BAL),
		})
	}
	return [...groups.values()]
}

describe.runIf(hasPeers('credit'))('30,000 real credits', () => {
	const rows = hasPeers('credit') ? readCredit() : []

	it.each(golden.credit)('by $attribute: the rates and disparities that fairlearn finds', (data) => {
		expect(rows).toHaveLength(30_000)
		const groups = creditGroups(rows, attributes[data.attribute] ?? String)
		expectRates(groups, data.all.groups)
		const complete = data.all.groups.every(({ group }) => {
			const { tp = 0, fp = 0, tn = 0, fn = 0 } = groups.find((one) => one.group === group)?.counts ?? {}
			return Math.min(tp + fn, fp + tn, tp + fp) > 0
		})
		// A group without positive rows has a true positive rate of 0 in fairlearn, and none here.
		expect(complete).toBe(data.attribute !== 'EDUCATION')
		if (complete) expectOver(groups, data.all.over, { minGroup: 1 })

		const enough = groups.filter(({ group }) => data.enough.includes(group))
		expectOver(enough, data.overEnough, {})
		expectNear(smd(enough).value, data.smd, 1e-12)
		expectNear(smd(enough).p, data.limitP, 1e-9, 1e-300)
		expectNear(demographicParityDifference(enough).p, data.selectionP, 1e-9)
	})
})
