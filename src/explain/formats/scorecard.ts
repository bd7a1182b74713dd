import { ArtifactError, FeatureError, type FeatureNote, type Model } from '../model.ts'
import { additiveModel, numberOf, type Term } from './additive-model.ts'
import { fault } from './fields.ts'
import type { Options } from './linear-columns.ts'
import { type CardFeature, type CardFile, readScorecard } from './scorecard-file.ts'
import { pointsOf } from './scorecard-points.ts'

/**
 * Opens a scorecard. Its margin and score are the points; the input of each feature is the number of its bin. Contributions
 * are points minus mean points (exactly LinearSHAP): the means by the file's bin shares or `meanPoints`, or by a background.
 * A card without either has no average: contributions are then the points lost against the best bin, or against WoE 0 with
 * `reference: neutral`, and the method says so. Throws ArtifactError with where in the file it is wrong.
 */
export function openScorecard(bytes: Uint8Array, { manifest }: Options = {}): Model {
	const file = readScorecard(bytes)
	const points = pointsOf(file)
	if (manifest?.link !== undefined && manifest.link !== 'identity')
		throw new ArtifactError(
			`The manifest's link is ${manifest.link}; the score of a scorecard is its points (identity)`,
		)
	const odd = Object.keys(manifest?.encodings ?? {})[0]
	if (odd !== undefined)
		throw new ArtifactError(
			`The manifest encodes ${JSON.stringify(odd)}, but a scorecard takes values as they are logged: put them into its bins`,
		)
	const against = referenceOf(file)
	const terms = file.features.map((feature, i) => {
		const ofBins = points.ofBins[i] as Float64Array
		const expected = {
			mean: () => meanOf(feature, ofBins),
			maximum: () => ofBins.subarray(0, feature.regular).reduce((a, b) => Math.max(a, b)),
			neutral: () =>
				points.neutral[i] ?? fault('reference', 'is neutral, which takes scaling, coefficients and WoE'),
		}
		return termOf(feature, ofBins, expected[against]())
	})
	return additiveModel({
		format: 'scorecard',
		bytes: bytes.length,
		space: 'points',
		intercept: points.base,
		terms: ordered(terms, manifest?.features),
		method: methods[against],
		missing: manifest?.missing,
		score: (margin) => margin,
	})
}

const methods = {
	mean: 'linear-shap',
	maximum: 'scorecard/points-below-maximum',
	neutral: 'scorecard/points-from-neutral',
}

/** What contributions are against: means, the best bin, or the points of WoE 0. */
function referenceOf({ features, reference }: CardFile): keyof typeof methods {
	if (reference === 'neutral' || reference === 'maximum') return reference
	const hasMean = (f: CardFeature) => f.meanPoints !== undefined || f.worth.some((w) => w.share !== undefined)
	const lacking = features.find((f) => !hasMean(f))
	if (lacking === undefined) return 'mean'
	if (reference === 'mean' || features.some(hasMean))
		fault(
			`features.${lacking.name}`,
			'has neither bin shares nor meanPoints: give them for every feature, or for none',
		)
	return 'maximum'
}

function meanOf(feature: CardFeature, ofBins: Float64Array): number {
	if (feature.meanPoints !== undefined) return feature.meanPoints
	let sum = 0
	let total = 0
	feature.worth.forEach(({ share, path }, i) => {
		if (share === undefined && i < feature.regular) fault(path, 'has no share, but other bins have')
		sum += (share ?? 0) * (ofBins[i] as number)
		total += share ?? 0
	})
	// Shares are written with three digits or so.
	if (Math.abs(total - 1) > 0.005)
		fault(`features.${feature.name}`, `has bin shares that add up to ${total}, not to 1`)
	return sum / total
}

function ordered(terms: readonly Term[], names: readonly string[] | undefined): readonly Term[] {
	if (!names) return terms
	const left = new Map(terms.map((t) => [t.feature, t]))
	const fail = (odd: string): never => {
		throw new ArtifactError(`The manifest's features are not those of the card: ${JSON.stringify(odd)}`)
	}
	const found = names.map((name) => {
		const term = left.get(name) ?? fail(name)
		left.delete(name)
		return term
	})
	for (const name of left.keys()) fail(name)
	return found
}

function termOf(feature: CardFeature, points: Float64Array, expected: number): Term {
	const { name, bins, special, missing, other } = feature
	const elsewhere = (value: unknown, note: (code: FeatureNote['code'], message: string) => void): number => {
		const is = `${name} is ${JSON.stringify(value)}, which is in none of its bins`
		if (other === undefined)
			throw new FeatureError(name, `${is}: add a bin for it, or an \`other\` bin, to the card.`)
		note('edges' in bins ? 'out-of-range' : 'unseen-category', `${is}; it counts as other`)
		return other
	}
	return {
		feature: name,
		expected,
		part: (bin) => points[bin] as number,
		structure:
			'edges' in bins
				? { kind: 'bins', ...bins, ...(special.size > 0 && { special: [...special.keys()] }) }
				: { kind: 'categories', categories: [...bins.binOf.keys()] },
		encode(value, note) {
			if (value === undefined) {
				if (missing !== undefined) {
					note('missing', `${name} is missing; its bin of missing values counts`)
					return missing
				}
				throw new FeatureError(
					name,
					`${name} is missing, and the card has no bin for that: log it, or add \`missing\`.`,
				)
			}
			const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
			const known = special.get(text) ?? ('binOf' in bins ? bins.binOf.get(text) : undefined)
			if (known !== undefined) return known
			if ('binOf' in bins) return elsewhere(value, note)
			const bin = binAt(bins.edges, bins.closed, numberOf(name, value))
			return bin === undefined ? elsewhere(value, note) : bin
		},
	}
}

/** The bin between edges[bin] and edges[bin + 1] that the value lies in, by bisection; undefined outside of all. */
function binAt(edges: readonly number[], closed: 'left' | 'right', value: number): number | undefined {
	let low = 0
	let high = edges.length
	// `low` becomes the number of edges that the value is at or behind.
	while (low < high) {
		const middle = (low + high) >> 1
		const edge = edges[middle] as number
		if (closed === 'left' ? edge <= value : edge < value) low = middle + 1
		else high = middle
	}
	return low === 0 || low === edges.length ? undefined : low - 1
}
