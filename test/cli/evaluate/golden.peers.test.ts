import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readCredit } from '../../support/credit-data.ts'
import { hasPeers } from '../../support/peers.ts'
import { at, type CreditRow, csvOf, evaluateCsv, request } from './support.ts'

type Group = { n: number; accuracy: number; roc_auc: number | null }
type Golden = {
	binary: { metrics: Record<string, number>; groups: Record<string, Record<string, Group>> }
	multiclass: Record<string, number>
	regression: Record<string, number>
	ranking: Record<string, number>
}
type FairnessGolden = {
	credit: {
		attribute: string
		all: { groups: ({ group: string; n: number } & Record<string, number | string | null>)[] }
		overEnough: Record<string, number>
		enough: string[]
	}[]
}
const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
// What scikit-learn and fairlearn answer: golden/make.py, and that of the fairness statistics.
const golden: Golden = read('golden/golden.json')
const fairness: FairnessGolden = read('../../stats/fairness/golden/golden.json')

const actual = (r: CreditRow) => at(r, 'default.payment.next.month')
const binaryColumns = {
	SEX: (r: CreditRow) => r.SEX,
	EDUCATION: (r: CreditRow) => r.EDUCATION,
	MARRIAGE: (r: CreditRow) => r.MARRIAGE,
	score: (r: CreditRow) => (at(r, 'PAY_0') + 2) / 11 + at(r, 'LIMIT_BAL') / 20000000,
	decision: (r: CreditRow) => Number(at(r, 'PAY_0') >= 2),
	actual,
}
const binary = request({ score: 'score', prediction: 'decision', groups: ['SEX', 'EDUCATION', 'MARRIAGE'] })

const near = (value: number | undefined, expected: number, what: string) =>
	expect(Math.abs((value ?? Number.NaN) - expected), `${what}: ${value} and ${expected}`).toBeLessThanOrEqual(
		1e-9 * Math.max(1, Math.abs(expected)),
	)

function expectMetrics(
	metrics: ReadonlyMap<string, { value: number }>,
	expected: Record<string, number>,
): void {
	for (const [name, value] of Object.entries(expected))
		near(metrics.get(`performance.${name}`)?.value, value, name)
}

describe.runIf(hasPeers('credit'))('an evaluation of 30,000 real applicants', () => {
	const rows = hasPeers('credit') ? readCredit() : []

	it('has the numbers of scikit-learn for decisions and scores', async () => {
		const { metrics } = await evaluateCsv(binary, csvOf(rows, binaryColumns))
		expectMetrics(metrics, golden.binary.metrics)
		for (const [id, { low, value, high }] of metrics)
			if (!Number.isNaN(low)) expect(low <= value && value <= high, id).toBe(true)
	})

	it("has fairlearn's numbers for groups, and over them", async () => {
		const result = await evaluateCsv(binary, csvOf(rows, binaryColumns))
		const names = {
			selectionRate: 'selection_rate',
			tpr: 'tpr',
			fpr: 'fpr',
			fnr: 'fnr',
			precision: 'precision',
		}
		for (const [attribute, groups] of Object.entries(golden.binary.groups)) {
			const own = result.groups.filter(({ group }) => Object.keys(group).join() === attribute)
			expect(own.map((g) => g.group[attribute])).toEqual(Object.keys(groups))
			const rates = fairness.credit.find((c) => c.attribute === attribute)
			for (const { group, n, metrics } of own) {
				const expected = groups[group[attribute] as string]
				const theirs = rates?.all.groups.find((g) => g.group === group[attribute])
				expect(n).toBe(expected?.n)
				near(metrics.get('performance.accuracy')?.value, expected?.accuracy ?? Number.NaN, 'accuracy')
				if (typeof expected?.roc_auc === 'number')
					near(metrics.get('performance.roc_auc')?.value, expected.roc_auc, 'roc_auc')
				for (const [name, id] of Object.entries(names)) {
					const value = metrics.get(`fairness.${id}`)?.value
					// Where there is nothing to divide by, fairlearn says 0 and we that there is none.
					if (!Number.isNaN(value)) near(value, Number(theirs?.[name]), `${attribute} ${name}`)
				}
			}
		}
	})

	it.each(['SEX', 'EDUCATION', 'MARRIAGE'])(
		'compares the groups of %s as fairlearn does',
		async (attribute) => {
			const expected = fairness.credit.find((c) => c.attribute === attribute)
			const kept = rows.filter((r) => expected?.enough.includes(String(r[attribute])))
			const result = await evaluateCsv({ ...binary, groups: [attribute] }, csvOf(kept, binaryColumns))
			const findings = result.fairness.get(attribute)
			const over = expected?.overEnough as Record<string, number>
			const ids = {
				demographicParityDifference: 'demographic_parity_difference',
				demographicParityRatio: 'demographic_parity_ratio',
				equalOpportunityDifference: 'equal_opportunity_difference',
				equalizedOddsDifference: 'equalized_odds_difference',
				fprDifference: 'fpr_difference',
				predictiveParityDifference: 'predictive_parity_difference',
			}
			for (const [name, id] of Object.entries(ids)) {
				const finding = findings?.get(`fairness.${id}`)
				near(finding?.value, over[name] as number, name)
				expect(finding?.groups).toHaveLength(2)
				expect(finding?.q).toBeGreaterThanOrEqual(finding?.p as number)
			}
		},
	)

	it("turns fairlearn's selection rates round where the negative decision is the favourable one", async () => {
		const asked = { ...binary, groups: ['SEX'], favourable: '0' }
		const result = await evaluateCsv(asked, csvOf(rows, binaryColumns))
		const theirs = fairness.credit.find((c) => c.attribute === 'SEX')?.all.groups ?? []
		const rates = theirs.map((g) => 1 - Number(g.selectionRate))
		theirs.forEach(({ group }, i) => {
			const own = result.groups.find((g) => g.group.SEX === group)
			near(own?.metrics.get('fairness.selection_rate')?.value, rates[i] as number, `SEX=${group}`)
			near(own?.metrics.get('fairness.tpr')?.value, Number(theirs[i]?.tpr), `tpr of SEX=${group}`)
		})
		const ratio = Math.min(...rates) / Math.max(...rates)
		near(result.fairness.get('SEX')?.get('fairness.demographic_parity_ratio')?.value, ratio, 'parity ratio')
		near(result.fourFifths.get('SEX')?.ratio, ratio, 'impact ratio')
		expect(result.fourFifths.get('SEX')?.verdict).toBe('pass')
	})

	it('has the numbers of scikit-learn for three classes', async () => {
		const weights = (r: CreditRow) => [
			1 + at(r, 'PAY_0') + 2,
			3 + at(r, 'AGE') / 16,
			2 + at(r, 'LIMIT_BAL') / 250000,
		]
		const p = (r: CreditRow, k: number) => {
			const w = weights(r)
			return (w[k] as number) / w.reduce((a, b) => a + b, 0)
		}
		const csv = csvOf(rows, {
			p1: (r) => p(r, 0),
			p2: (r) => p(r, 1),
			p3: (r) => p(r, 2),
			actual: (r) => Math.min(3, Math.max(1, at(r, 'EDUCATION'))),
		})
		const classScores = ['1', '2', '3'].map((name) => ({ name, column: `p${name}` }))
		const { metrics } = await evaluateCsv(request({ task: 'multiclass', classScores }), csv)
		expectMetrics(metrics, golden.multiclass)
	})

	it('has the numbers of scikit-learn for a regression and a ranking', async () => {
		const csv = csvOf(rows, {
			predicted: (r) => at(r, 'BILL_AMT1') * 0.75 + at(r, 'AGE') * 100,
			actual: (r) => r.BILL_AMT2,
		})
		expectMetrics(
			(await evaluateCsv(request({ task: 'regression', score: 'predicted' }), csv)).metrics,
			golden.regression,
		)
		const ranked = csvOf(rows, {
			query: (r) => r.AGE,
			score: (r) => at(r, 'PAY_0') + at(r, 'LIMIT_BAL') / 1000000,
			actual: (r) => actual(r) * 2 + Number(at(r, 'PAY_2') > 0),
		})
		expectMetrics(
			(await evaluateCsv(request({ task: 'ranking', score: 'score', query: 'query' }), ranked)).metrics,
			golden.ranking,
		)
	})
})
