import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import type { Disparity, DisparityOptions } from '../../../src/stats/fairness/disparity.ts'
import { emptyCounts, type Group } from '../../../src/stats/fairness/group-counts.ts'
import {
	demographicParityDifference,
	demographicParityRatio,
	equalizedOddsDifference,
	equalOpportunityDifference,
	fnrDifference,
	fprDifference,
	predictiveParityDifference,
} from '../../../src/stats/fairness/rate-disparities.ts'
import { groupRates, type RateName } from '../../../src/stats/fairness/rates.ts'
import { expectNear } from '../near.ts'

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
export const golden: Golden = JSON.parse(
	await readFile(new URL('golden/golden.json', import.meta.url), 'utf8'),
)

/** Shares are rounded at 1e-16; a difference of two is known to that, and not relatively. */
export const share = 1e-15

export function expectRates(groups: readonly Group[], expected: readonly GroupRates[]): void {
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

export const expectOver = (groups: readonly Group[], expected: Over, options: DisparityOptions): void => {
	for (const [name, of] of Object.entries(over))
		expectNear(of(groups, options).value, expected[name as keyof Over], 1e-12, share)
}
