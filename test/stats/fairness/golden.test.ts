import { describe, it } from 'vitest'
import { fTail, normalTail, normalUpperQuantile } from '../../../src/stats/distributions.ts'
import { addRow, emptyCounts } from '../../../src/stats/fairness/group-counts.ts'
import { anovaP, type Sample, sampleOf, smd, welchAnovaP } from '../../../src/stats/fairness/mean-scores.ts'
import type { Share } from '../../../src/stats/fairness/rates.ts'
import { fisherExact, koopman, newcombe } from '../../../src/stats/fairness/shares.ts'
import { expectNear } from '../near.ts'
import { expectOver, expectRates, golden } from './golden.ts'
import { confusion } from './support.ts'

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
