import type { Attribution, Model } from '../../explain/model.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import type { BackgroundContent } from './background.ts'
import type { Contribution, Explanation } from './explanation.schema.ts'
import { standing } from './percentile.ts'

/** What the values of a row are shown beside; `background` is undefined where there is none. */
export type Shown = {
	features: Readonly<Record<string, unknown>>
	specs: readonly FeatureSpec[]
	background: BackgroundContent | undefined
}

/**
 * What takes a contribution to the log-odds to its part of the probability. Along the straight line from base to margin
 * the features' shares of the change stay the same, so the Aumann-Shapley value of the link is the contribution times the
 * mean slope, (p(margin) - p(base)) / (margin - base): the parts add up to p(margin) - p(base) exactly.
 */
function meanSlope(base: number, margin: number, probabilityOf: (margin: number) => number): number {
	const p = probabilityOf(base)
	const distance = margin - base
	return Math.abs(distance) < 1e-9 ? p * (1 - p) : (probabilityOf(margin) - p) / distance
}

/** One feature's row of the answer; what was not logged is null. */
function contributionOf(
	feature: string,
	contribution: number,
	{ features, background }: Shown,
	isNumeric: boolean,
): Contribution {
	const value = Object.hasOwn(features, feature) ? (features[feature] ?? null) : null
	const distributions = background?.distributions ?? {}
	const own = Object.hasOwn(distributions, feature) ? distributions[feature] : undefined
	return { feature, value, contribution, ...standing(own, value, isNumeric) }
}

/** Rows of the answer by the size of their contribution; of equal ones in the order of the model. */
export function rankedContributions(
	features: readonly string[],
	contributions: ArrayLike<number>,
	shown: Shown,
	standardErrors?: ArrayLike<number>,
): Contribution[] {
	const types = new Map(shown.specs.map((spec) => [spec.name, spec.type]))
	return features
		.map((feature, i) => ({
			...contributionOf(
				feature,
				contributions[i] as number,
				shown,
				(types.get(feature) ?? 'numeric') === 'numeric',
			),
			...(standardErrors ? { standardError: standardErrors[i] as number } : {}),
		}))
		.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
}

export type AttributionPart = Pick<
	Explanation,
	'method' | 'space' | 'output' | 'base' | 'margin' | 'contributions' | 'sumError' | 'probability'
>

/** An attribution of one output as the answer shows it. */
export function attributionPart(
	model: Pick<Model, 'features' | 'outputs' | 'classes' | 'space' | 'score'>,
	attribution: Attribution,
	output: number,
	shown: Shown,
): AttributionPart {
	const base = attribution.base[output] as number
	const margin = attribution.margin[output] as number
	const own = attribution.contributions[output] as Float64Array
	const contributions = rankedContributions(model.features, own, shown, attribution.standardErrors?.[output])
	const hasProbability = model.outputs === 1 && model.space === 'log-odds'
	const probabilityOf = (m: number) => model.score(Float64Array.of(m))[0] as number
	const slope = hasProbability ? meanSlope(base, margin, probabilityOf) : 0
	return {
		method: attribution.method,
		space: model.space,
		output: model.outputs === 1 ? null : (model.classes?.[output] ?? String(output)),
		base,
		margin,
		contributions: hasProbability
			? contributions.map((c) => ({ ...c, probability: c.contribution * slope }))
			: contributions,
		sumError: attribution.sumError,
		probability: hasProbability ? { base: probabilityOf(base), method: 'aumann-shapley' } : null,
	}
}

/** The largest interactions of pairs, both halves together; of equal ones in the order of the model. */
export function largestInteractions(
	features: readonly string[],
	matrix: Float64Array,
	most: number,
): NonNullable<Explanation['interactions']> {
	const n = features.length
	const pairs: NonNullable<Explanation['interactions']> = []
	for (let i = 0; i < n; i++)
		for (let j = i + 1; j < n; j++) {
			const value = (matrix[i * n + j] as number) + (matrix[j * n + i] as number)
			if (value !== 0) pairs.push({ features: [features[i] as string, features[j] as string], value })
		}
	return pairs.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, most)
}
