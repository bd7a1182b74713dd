import type { GroupCounts } from './group-counts.ts'

/** A difference of ratios may be infinite less infinite: that is none. */
const less = (a: number, b: number) => (a === b ? 0 : a - b)

/** As SageMaker Clarify divides: 0/0 is 0, x/0 is infinite. */
const divide = (a: number, b: number) => (b !== 0 ? a / b : a === 0 ? 0 : a * Number.POSITIVE_INFINITY)

/** A share; NaN of no rows, where Clarify raises an error. */
const share = (a: number, b: number) => (b > 0 ? a / b : Number.NaN)

type Metric = (facet: GroupCounts, rest: GroupCounts) => number
type Ratio = (counts: GroupCounts) => number

const base: Ratio = ({ positives, labelled }) => share(positives, labelled)
const selection: Ratio = ({ selected, decided }) => share(selected, decided)
const evaluated = ({ tp, fp, tn, fn }: GroupCounts) => tp + fp + tn + fn
const acceptance: Ratio = ({ tp, fp, fn }) => divide(tp + fn, tp + fp)
const rejection: Ratio = ({ tn, fp, fn }) => divide(tn + fp, tn + fn)
const recall: Ratio = ({ tp, fn }) => divide(tp, tp + fn)
const specificity: Ratio = ({ tn, fp }) => divide(tn, tn + fp)
const accuracy: Ratio = (counts) => divide(counts.tp + counts.tn, evaluated(counts))
const precision: Ratio = ({ tp, fp }) => divide(tp, tp + fp)
const negativePrecision: Ratio = ({ tn, fn }) => divide(tn, tn + fn)
const errorRatio: Ratio = ({ fn, fp }) => divide(fn, fp)

/** Rest less facet, over rows with a decision and an outcome; NaN when one side has none. */
const restLess =
	(ratio: Ratio): Metric =>
	(facet, rest) =>
		evaluated(facet) > 0 && evaluated(rest) > 0 ? less(ratio(rest), ratio(facet)) : Number.NaN

/** Facet less rest. */
const facetLess =
	(ratio: Ratio): Metric =>
	(facet, rest) =>
		restLess(ratio)(rest, facet)

/**
 * The label distributions of rest and facet over the labels that both have, as Clarify aligns them; NaN when a side
 * has no labels, or none in common.
 */
const overLabels =
	(of: (pairs: [a: number, d: number][]) => number): Metric =>
	(facet, rest) => {
		const [a, d] = [base(rest), base(facet)]
		if (Number.isNaN(a) || Number.isNaN(d)) return Number.NaN
		const pairs: [number, number][] = [
			[1 - a, 1 - d],
			[a, d],
		]
		const shared = pairs.filter(([p, q]) => p > 0 && q > 0)
		return shared.length > 0 ? of(shared) : Number.NaN
	}

const sum = (pairs: [number, number][], term: (a: number, d: number) => number) =>
	pairs.reduce((before, [a, d]) => before + term(a, d), 0)

/**
 * The bias metrics of SageMaker Clarify that counts give, by short name, for a facet (d) against the rest (a). Labels
 * are outcomes, predicted labels are decisions. NaN where Clarify raises an error: a side without the rows in question.
 */
export const clarifyMetrics = {
	/** Class imbalance: (n_a - n_d) / n. */
	ci: (facet, rest) => (facet.n > 0 && rest.n > 0 ? (rest.n - facet.n) / (rest.n + facet.n) : Number.NaN),
	/** Difference in positive proportions of labels. */
	dpl: (facet, rest) => base(rest) - base(facet),
	/** Kullback-Leibler divergence of the labels, rest from facet, natural logarithm. */
	kl: overLabels((pairs) => sum(pairs, (a, d) => a * Math.log(a / d))),
	/** Jensen-Shannon divergence of the labels, natural logarithm. */
	js: overLabels(
		(pairs) => sum(pairs, (a, d) => a * Math.log((2 * a) / (a + d)) + d * Math.log((2 * d) / (a + d))) / 2,
	),
	/** Euclidean distance of the label distributions. */
	lp: overLabels((pairs) => Math.sqrt(sum(pairs, (a, d) => (a - d) ** 2))),
	/** Total variation distance of the labels. */
	tvd: overLabels((pairs) => sum(pairs, (a, d) => Math.abs(a - d)) / 2),
	/** Largest difference of a label's share. */
	ks: overLabels((pairs) => Math.max(...pairs.map(([a, d]) => Math.abs(a - d)))),
	/** Difference in positive proportions of predicted labels. */
	dppl: (facet, rest) => selection(rest) - selection(facet),
	/** Disparate impact. */
	di: (facet, rest) => {
		const [a, d] = [selection(rest), selection(facet)]
		return Number.isNaN(a) || Number.isNaN(d) ? Number.NaN : divide(d, a)
	},
	/** Difference in conditional acceptance: n1 / n'1. */
	dca: restLess(acceptance),
	/** Difference in conditional rejection: n0 / n'0. */
	dcr: facetLess(rejection),
	/** Recall difference. */
	rd: restLess(recall),
	/** Specificity difference. */
	sd: facetLess(specificity),
	/** Accuracy difference. */
	ad: restLess(accuracy),
	/** Difference in acceptance rates: precision. */
	dar: restLess(precision),
	/** Difference in rejection rates: negative predictive value. */
	drr: facetLess(negativePrecision),
	/** Treatment equality: FN / FP. */
	te: facetLess(errorRatio),
	/** Generalised entropy of the benefits of all rows, alpha 2. */
	ge: (facet, rest) => generalisedEntropy([facet, rest]),
} satisfies Record<string, Metric>

/**
 * Generalised entropy index (Speicher et al. 2018) of the benefit decision - outcome + 1 of every row: 0 for a false
 * negative, 2 for a false positive, else 1. `alpha` 1 is Theil's index. NaN when all rows are false negatives, or for
 * alpha 0, where a benefit of 0 has no logarithm.
 */
export function generalisedEntropy(groups: readonly GroupCounts[], alpha = 2): number {
	const fp = groups.reduce((n, counts) => n + counts.fp, 0)
	const fn = groups.reduce((n, counts) => n + counts.fn, 0)
	const rows = groups.reduce((n, counts) => n + evaluated(counts), 0)
	const mean = 1 + (fp - fn) / rows
	if (!(mean > 0) || alpha === 0) return Number.NaN
	const [one, two] = [1 / mean, 2 / mean]
	const right = rows - fp - fn
	if (alpha === 1) return (right * one * Math.log(one) + fp * two * Math.log(two)) / rows
	const powers = right * one ** alpha + fp * two ** alpha + (fn > 0 ? fn * 0 ** alpha : 0)
	return (powers - rows) / (rows * alpha * (alpha - 1))
}

/** One value of the group variable: the facet's counts and the rest's. */
export type FacetSegment = { facet: GroupCounts; rest: GroupCounts }

/**
 * Conditional demographic disparity over segments: the share of the facet among the rejected less that among the
 * accepted, weighted by rows. NaN when no row is accepted, or none is rejected.
 */
function conditionalDisparity(
	segments: readonly FacetSegment[],
	of: (counts: GroupCounts) => { n: number; accepted: number },
): number {
	let [weighted, rows, accepted] = [0, 0, 0]
	for (const { facet, rest } of segments) {
		const [d, a] = [of(facet), of(rest)]
		const n = d.n + a.n
		const yes = d.accepted + a.accepted
		weighted += n * (divide(d.n - d.accepted, n - yes) - divide(d.accepted, yes))
		rows += n
		accepted += yes
	}
	return accepted === 0 || accepted === rows ? Number.NaN : weighted / rows
}

/** Clarify's conditional demographic disparity in labels (CDDL). */
export const cddl = (segments: readonly FacetSegment[]): number =>
	conditionalDisparity(segments, ({ labelled, positives }) => ({ n: labelled, accepted: positives }))

/** The same in predicted labels (CDDPL). */
export const cddpl = (segments: readonly FacetSegment[]): number =>
	conditionalDisparity(segments, ({ decided, selected }) => ({ n: decided, accepted: selected }))

const neighbours = 5
// Clarify's own bound: with nine rows or fewer, the nearest one decides.
const fewRows = 9

type Row = ArrayLike<number>

/**
 * Clarify's flip test (FT) for a facet: what the decision on a facet row would be, by its five nearest rows of the rest
 * (Euclidean over the raw features): (rows selected that neighbours were not - the other way
 * round) / facet rows. `features` has one row of finite numbers for each decision; of rows equally far the earlier
 * counts. NaN when a side is empty. Time: facet rows x rest rows. Throws RangeError for unequal lengths.
 */
export function flipTest(
	features: readonly Row[],
	inFacet: ArrayLike<boolean | number>,
	selected: ArrayLike<boolean | number>,
): number {
	if (features.length !== inFacet.length || features.length !== selected.length)
		throw new RangeError('each row has features, a side and a decision')
	const rest: number[] = []
	const facet: number[] = []
	features.forEach((_, i) => {
		;(inFacet[i] ? facet : rest).push(i)
	})
	if (facet.length === 0 || rest.length === 0) return Number.NaN
	const k = rest.length > fewRows ? neighbours : 1
	let flips = 0
	for (const i of facet) {
		const votes = nearest(features, i, rest, k).filter((j) => selected[j]).length
		flips += (selected[i] ? 1 : 0) - (votes > k / 2 ? 1 : 0)
	}
	return flips / facet.length
}

function nearest(features: readonly Row[], of: number, among: readonly number[], k: number): number[] {
	const best: { row: number; distance: number }[] = []
	for (const row of among) {
		const distance = squaredDistance(features[of] as Row, features[row] as Row)
		if (best.length === k && distance >= (best[k - 1]?.distance ?? 0)) continue
		const at = best.findIndex((other) => distance < other.distance)
		best.splice(at === -1 ? best.length : at, 0, { row, distance })
		if (best.length > k) best.pop()
	}
	return best.map(({ row }) => row)
}

function squaredDistance(a: Row, b: Row): number {
	if (a.length !== b.length) throw new RangeError('rows have one number of features')
	let sum = 0
	for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2
	return sum
}
