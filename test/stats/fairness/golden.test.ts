import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { Disparity, DisparityOptions } from '../../../src/stats/fairness/disparity.ts'
import { fTail } from '../../../src/stats/fairness/f-distribution.ts'
import { fisherExact } from '../../../src/stats/fairness/fisher-exact.ts'
import { addRow, emptyCounts, type Group } from '../../../src/stats/fairness/group-counts.ts'
import { anovaP, type Sample, sampleOf, welchAnovaP } from '../../../src/stats/fairness/means.ts'
import { normalTail, normalUpperQuantile } from '../../../src/stats/fairness/normal.ts'
import {
	demographicParityDifference,
	equalizedOddsDifference,
	equalOpportunityDifference,
	fnrDifference,
	fprDifference,
	predictiveParityDifference,
} from '../../../src/stats/fairness/rate-differences.ts'
import { demographicParityRatio } from '../../../src/stats/fairness/rate-ratios.ts'
import { groupRates, type RateName, type Share } from '../../../src/stats/fairness/rates.ts'
import { smd } from '../../../src/stats/fairness/smd.ts'
import { koopman, newcombe } from '../../../src/stats/fairness/two-shares.ts'
import { expectNear } from '../near.ts'
import { confusion } from './support.ts'

const over = {
	demographicParityDifference,
	demographicParityRatio,
	equalOpportunityDifference,
	equalizedOddsDifference,
	predictiveParityDifference,
	fprDifference,
	fnrDifference,
} satisfies Record<string, (groups: readonly Group[], options?: DisparityOptions) => Disparity>

type Over = Record<keyof typeof over, number>
type GroupRates = { group: string; n: number } & Record<Exclude<RateName, 'baseRate'>, number | null>
type Answers = { groups: GroupRates[]; over: Over }
type Counts = { group: string; tp: number; fp: number; tn: number; fn: number }
type Pair = [number, number]
type Golden = {
	generated: (Answers & { counts: Counts[] })[]
	credit: {
		attribute: string
		all: Answers
		enough: string[]
		overEnough: Over
		smd: number
		selectionP: number
		limitP: number
	}[]
	twoShares: { shares: [Pair, Pair]; newcombe?: Pair; koopman?: Pair; fisher: number }[]
	means: { samples: number[][]; anova: number; welch: number; smd: number }[]
	normal: { z: number; tail: number; p: number; quantile: number }[]
	f: { f: number; df: Pair; tail: number }[]
}

// What fairlearn, SciPy and statsmodels answer: golden/make.py, with the versions in the file.
const golden: Golden = JSON.parse(await readFile(new URL('golden/golden.json', import.meta.url), 'utf8'))

const credit = new URL('../../../../shared/data/credit-default/UCI_Credit_Card.csv', import.meta.url)

/** Shares are rounded at 1e-16; a difference of two is known to that, and not relatively. */
const share = 1e-15

function expectRates(groups: readonly Group[], expected: readonly GroupRates[]): void {
	expect(groups.map(({ group }) => group).sort()).toEqual(expected.map(({ group }) => group).sort())
	for (const { group, n, ...rates } of expected) {
		const counts = groups.find((one) => one.group === group)?.counts ?? emptyCounts()
		expect(counts.n).toBe(n)
		const ours = groupRates(counts)
		for (const [name, value] of Object.entries(rates)) {
			const rate = ours[name as RateName]
			// Where there is nothing to divide by, fairlearn says 0 of a true positive rate: we say that there is none.
			if (Number.isNaN(rate.value)) expect([null, 0, 1]).toContain(value)
			else expectNear(rate.value, value ?? Number.NaN, 1e-14)
		}
	}
}

const expectOver = (groups: readonly Group[], expected: Over, options: DisparityOptions): void => {
	for (const [name, of] of Object.entries(over))
		expectNear(of(groups, options).value, expected[name as keyof Over], 1e-12, share)
}

describe('generated groups', () => {
	it.each(golden.generated)(
		'have the rates and the disparities that fairlearn finds ($counts.length groups)',
		(data) => {
			const groups = data.counts.map(({ group, ...counts }) => ({ group, counts: confusion(counts) }))
			expectRates(groups, data.groups)
			expectOver(groups, data.over, { minGroup: 1 })
		},
	)
})

type CreditRow = Record<string, number>

function creditRows(): CreditRow[] {
	const [head = '', ...lines] = readFileSync(credit, 'utf8').trim().split('\n')
	const names = head.split(',').map((name) => name.replaceAll('"', '').trim())
	return lines.map((line) =>
		Object.fromEntries(line.split(',').map((cell, i) => [names[i] as string, Number(cell)])),
	)
}

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

describe.runIf(existsSync(credit) || process.env.CI)('30,000 real credits', () => {
	const rows = existsSync(credit) ? creditRows() : []

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

describe('two shares', () => {
	it.each(golden.twoShares)('$shares have the intervals of statsmodels and the p of SciPy', (data) => {
		const [a, b] = data.shares.map(([successes, n]) => ({ successes, n })) as [Share, Share]
		expectNear(fisherExact(a, b), data.fisher, 1e-10)
		expectNear(fisherExact(b, a), data.fisher, 1e-10)
		if (!data.newcombe || !data.koopman) return
		const difference = newcombe(a, b)
		expectNear(difference.low, data.newcombe[0], 1e-11)
		expectNear(difference.high, data.newcombe[1], 1e-11)
		// statsmodels stops its search for the ends at 1e-12 or so.
		const ratio = koopman(a, b)
		expectNear(ratio.low, data.koopman[0], 1e-9)
		expectNear(ratio.high, data.koopman[1], 1e-9)
	})
})

describe('means', () => {
	it.each(golden.means)('have the p of SciPy: $anova', ({ samples, anova, welch, smd: expected }) => {
		const groups = samples.map((scores, i) => {
			const counts = emptyCounts()
			for (const score of scores) addRow(counts, { score })
			return { group: String(i), counts }
		})
		const summed: Sample[] = groups.map(({ counts }) =>
			sampleOf(counts.scored, counts.scoreSum, counts.scoreSquares),
		)
		expectNear(anovaP(summed), anova, 1e-10)
		expectNear(welchAnovaP(summed), welch, 1e-10)
		expectNear(smd(groups, { minGroup: 2 }).value, expected, 1e-12)
	})
})

it('the tails of the normal and the F distribution are those of SciPy', () => {
	for (const { z, tail, p, quantile } of golden.normal) {
		expectNear(normalTail(z), tail, 1e-12)
		expectNear(normalUpperQuantile(p), quantile, 1e-12, 1e-15)
	}
	for (const { f, df, tail } of golden.f) expectNear(fTail(f, ...df), tail, 1e-10)
})
