import { chiSquareHomogeneity, cramersV, gHomogeneity } from '../stats/chi-square.ts'
import { total } from '../stats/counts.ts'
import {
	hellinger,
	jensenShannon,
	kolmogorovSmirnovP,
	largestDifference,
	psi,
	totalVariation,
} from '../stats/distances.ts'
import { extraBins } from '../summaries/inputs/bins.ts'
import { comparable, isIdentifier } from './compare.ts'
import type { AttributionMetric, ColumnMetric, ColumnView } from './descriptor.ts'
import { alpha, effectSize, effectThreshold, type Pair, pooledGroups, significance } from './drift-test.ts'
import { insufficient, type MetricResult, measured } from './metric-value.ts'

type Measure = ColumnMetric['measure']

/** A distance between the groups of the baseline and those of the window. */
const distance =
	(method: string, of: (reference: Float64Array, current: Float64Array) => number): Measure =>
	(view) =>
		comparable(view, method) ?? measured(of(view.reference.groups, view.result.groups), method)

/** A statistic of the groups that a test may compare. */
const tested =
	(
		method: string,
		of: (pair: Pair, view: ColumnView) => { value: number; p?: number; q?: number },
	): Measure =>
	(view) => {
		const groups = pooledGroups(view, method)
		if ('missing' in groups) return groups.missing
		const { value, ...more } = of(groups.pair, view)
		return measured(value, method, more)
	}

function cramersVOf({ reference, current }: Pair): number {
	const { statistic, df } = chiSquareHomogeneity(reference, current)
	return cramersV(statistic, df + 1, total(reference) + total(current))
}

const isDetected = (pair: Pair, { result: { q } }: ColumnView): boolean =>
	effectSize(pair) >= effectThreshold && q <= alpha

const ksMethod = 'two-sample Kolmogorov-Smirnov on the grid, asymptotic p'

function ks(view: ColumnView): MetricResult {
	const { reference, result, independent } = view
	const missing = comparable(view, ksMethod, true)
	if (missing) return missing
	if (Number.isNaN(result.ks)) return insufficient(ksMethod, 'categories have no order; see drift.chi2')
	const size = (groups: Float64Array) => total(groups.subarray(0, groups.length - extraBins))
	const m = size(reference.groups) * (independent?.reference ?? 1)
	const n = size(result.groups) * (independent?.current ?? 1)
	return measured(result.ks, ksMethod, { p: kolmogorovSmirnovP(result.ks, m, n) })
}

const wassersteinMethod = 'Wasserstein-1 on the grid over the baseline standard deviation (ddof 0)'

function wasserstein(view: ColumnView): MetricResult {
	const { reference, result } = view
	const missing = comparable(view, wassersteinMethod, true)
	if (missing) return missing
	if (reference.bins.kind === 'categorical')
		return insufficient(wassersteinMethod, 'categories have no distances; see drift.tvd')
	if (!Number.isFinite(result.wasserstein))
		return {
			...insufficient(
				wassersteinMethod,
				'the standard deviation of the baseline is not a finite number; upload the baseline again',
			),
			status: 'failed',
		}
	const isConstant = reference.bins.moments?.sd === 0
	return measured(
		result.wasserstein,
		isConstant
			? `${wassersteinMethod}, in units of the feature, since the baseline is constant`
			: wassersteinMethod,
	)
}

/** The share of a feature in what moves the score. */
export const attributionDrift = {
	id: 'drift.attribution',
	about:
		'How much the share of a feature in all contributions (mean absolute SHAP value over the sum of all features) has changed since the baseline, or since the first week where the baseline has no rows to explain. 0.05: it now accounts for five points more of what moves the score.',
	unit: 'change of share',
	subject: 'attribution',
	of: 'feature',
	method: "change of the share of mean |SHAP|, Welch's t on the ratio of means; q by Benjamini-Hochberg",
} satisfies AttributionMetric

/** The order of the features by what they contribute. */
export const attributionOrder = {
	id: 'drift.attribution_ndcg',
	about:
		'How well the order of features by mean absolute SHAP value agrees with the baseline: 1 is the same order. SageMaker Clarify warns of attribution drift below 0.9.',
	unit: '0 to 1',
	subject: 'attribution',
	of: 'window',
	method: 'NDCG of the current order, gains from the reference',
} satisfies AttributionMetric

/** How far a column of a window is from the baseline. */
export const drift: readonly (ColumnMetric | AttributionMetric)[] = [
	attributionDrift,
	attributionOrder,
	{
		id: 'drift.chi2',
		about: 'Chi-square statistic of the test that window and baseline come from one population.',
		unit: 'statistic',
		subject: 'feature',
		measure: tested('chi-square homogeneity, sparse groups pooled', ({ reference, current }) => {
			const { statistic, p } = chiSquareHomogeneity(reference, current)
			return { value: statistic, p }
		}),
	},
	{
		id: 'drift.cramers_v',
		about: "Cramer's V with bias correction: the strength of the change, whatever the number of rows.",
		unit: '0 to 1',
		subject: 'feature',
		measure: tested('Cramer V, Bergsma correction', (pair) => ({ value: cramersVOf(pair) })),
	},
	{
		id: 'drift.detected',
		about: '1 when both gates are passed: the effect is at least 0.05 and q is at most 0.05.',
		unit: '0 or 1',
		subject: 'feature',
		measure: tested('effect >= 0.05 and q <= 0.05', (pair, view) => ({
			value: !isIdentifier(view) && isDetected(pair, view) ? 1 : 0,
			q: view.result.q,
		})),
	},
	{
		id: 'drift.effect',
		about:
			'How much has changed, beyond what chance alone would show: PSI less its expected value without drift. The first of two gates.',
		unit: 'nats',
		subject: 'feature',
		measure: tested('PSI less (B - 1)(1/n + 1/m), sparse groups pooled', (pair) => ({
			value: effectSize(pair),
		})),
	},
	{
		id: 'drift.g',
		about: 'Likelihood-ratio statistic of the same test.',
		unit: 'statistic',
		subject: 'feature',
		measure: tested('G-test of homogeneity, sparse groups pooled', ({ reference, current }) => {
			const { statistic, p } = gHomogeneity(reference, current)
			return { value: statistic, p }
		}),
	},
	{
		id: 'drift.hellinger',
		about: 'Hellinger distance over the groups of PSI.',
		unit: '0 to 1',
		subject: 'feature',
		measure: distance('Hellinger distance', hellinger),
	},
	{
		id: 'drift.js',
		about: 'Jensen-Shannon distance over the groups of PSI: 0 alike, 1 nothing in common.',
		unit: 'distance, base 2',
		subject: 'feature',
		measure: distance('Jensen-Shannon distance, base 2', jensenShannon),
	},
	{
		id: 'drift.ks',
		about:
			'Kolmogorov-Smirnov distance: the largest gap between the two distribution functions, at the edges of the bins, over rows that have a value.',
		unit: '0 to 1',
		subject: 'feature',
		measure: ks,
	},
	{
		id: 'drift.linf',
		about: 'The largest change of the share of one group.',
		unit: '0 to 1',
		subject: 'feature',
		measure: distance('L-infinity distance', largestDifference),
	},
	{
		id: 'drift.p',
		about: 'The probability of a difference like this without drift, for this subject alone.',
		unit: 'probability',
		subject: 'feature',
		measure: tested('chi-square homogeneity, sparse groups pooled', (pair) => ({
			value: significance(pair).p,
		})),
	},
	{
		id: 'drift.psi',
		about:
			'Population stability index over tenths of the baseline (value by value when there are at most 20; categories one by one). Missing, unseen and wrongly typed are groups of their own. Below 0.1 is usually called stable, above 0.2 a major shift.',
		unit: 'nats',
		subject: 'feature',
		measure: distance('PSI, half a row added to every used group', psi),
	},
	{
		id: 'drift.q',
		about:
			'The same after Benjamini-Hochberg over all features, score, decision and segments of the window. The second of two gates.',
		unit: 'probability',
		subject: 'feature',
		measure: tested('Benjamini-Hochberg over the family of the window', (_, { result: { q } }) => ({
			value: q,
			q,
		})),
	},
	{
		id: 'drift.tvd',
		about: 'Total variation distance: the share of rows that would have to move to another group.',
		unit: '0 to 1',
		subject: 'feature',
		measure: distance('total variation distance', totalVariation),
	},
	{
		id: 'drift.wasserstein',
		about: 'Wasserstein-1 distance: how far values moved on average, in standard deviations of the baseline.',
		unit: 'reference standard deviations',
		subject: 'feature',
		measure: wasserstein,
	},
]
