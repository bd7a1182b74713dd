import { ArtifactError, FeatureError, type FeatureNote, type Model } from '../model.ts'
import { additiveModel, numberOf, type Options, type Term } from './additive-model.ts'
import { type Fields, fault, objectAt, optionalNumberAt, own } from './fields.ts'
import { type CardFeature, type CardFile, readScorecard } from './scorecard-file.ts'

/**
 * Opens a scorecard. Its margin and score are the points; the input of each feature is the number of its bin. Contributions
 * are points minus mean points (exactly LinearSHAP): the means by the file's bin shares or `meanPoints`, or by a background.
 * A card without either has no average: contributions are then the points lost against the best bin, or against WoE 0 with
 * `reference: neutral`, as the method name shows. Throws ArtifactError with the position of a fault in the file.
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
			`The manifest encodes ${JSON.stringify(odd)}, but a scorecard takes logged values as they are: put them into its bins`,
		)
	const against = referenceOf(file)
	const terms = file.features.map((feature, i) => {
		const ofBins = points.ofBins[i] as Float64Array
		const expected = {
			mean: () => meanOf(feature, ofBins),
			maximum: () => ofBins.subarray(0, feature.regular).reduce((a, b) => Math.max(a, b)),
			neutral: () =>
				points.neutral[i] ?? fault('reference', 'is neutral, which needs scaling, coefficients and WoE'),
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

/** What contributions are compared with: means, the best bin, or the points of WoE 0. */
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
	// Shares are often written with three digits.
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

/** The bin of a value between edges[bin] and edges[bin + 1], by bisection; undefined outside of all bins. */
function binAt(edges: readonly number[], closed: 'left' | 'right', value: number): number | undefined {
	let low = 0
	let high = edges.length
	// `low` becomes the number of edges at or below the value.
	while (low < high) {
		const middle = (low + high) >> 1
		const edge = edges[middle] as number
		if (closed === 'left' ? edge <= value : edge < value) low = middle + 1
		else high = middle
	}
	return low === 0 || low === edges.length ? undefined : low - 1
}

const scalingMembers = ['pdo', 'score0', 'odds0', 'factor', 'offset'] as const

/** Points of the log odds of a good outcome: points = offset + factor x ln(odds). */
type Scaling = { factor: number; offset: number }
type Points = {
	base: number
	/** The points of each bin, by feature. */
	ofBins: readonly Float64Array[]
	/** The points of each feature at WoE 0, if the file has what is needed. */
	neutral: readonly (number | undefined)[]
}

/**
 * Factor = PDO / ln 2, offset = score0 - factor ln(odds0), odds of good to bad (Siddiqi, Credit Risk Scorecards, ch. 6).
 * Throws ArtifactError when given constants contradict each other.
 */
function scalingOf(given: Fields): Scaling {
	const file = objectAt(given, 'scaling', scalingMembers)
	const [pdo, score0, odds0, factor, offset] = scalingMembers.map((name) =>
		optionalNumberAt(own(file, name), `scaling.${name}`),
	)
	if (pdo === undefined || score0 === undefined || odds0 === undefined) {
		if (factor === undefined || offset === undefined)
			fault('scaling', 'takes pdo, score0 and odds0 together, or factor and offset')
		if (pdo !== undefined) agree('scaling.factor', factor, pdo / Math.LN2)
		return { factor: positive(factor, 'factor'), offset }
	}
	const made = positive(pdo, 'pdo') / Math.LN2
	const start = score0 - made * Math.log(positive(odds0, 'odds0'))
	if (factor !== undefined) agree('scaling.factor', factor, made)
	if (offset !== undefined) agree('scaling.offset', offset, start)
	return { factor: made, offset: start }
}

function positive(value: number, name: string): number {
	if (!(value > 0)) fault(`scaling.${name}`, `must be above 0, not ${value}`)
	return value
}

/** Constants are often written with few digits. */
function agree(path: string, given: number, made: number): void {
	if (Math.abs(given - made) > 1e-3 * Math.max(1, Math.abs(made)))
		fault(path, `is ${given}, but the other constants give ${made}`)
}

/**
 * The points of every bin: from the file or, when no bin has points, from WoE, coefficients and scaling. The regression is of
 * the log odds of *bad*, with WoE = ln(share of goods / share of bads), so points = -factor x coefficient x WoE. The common
 * part, offset - factor x intercept, is `basePoints` if the file has them, else spread equally over the features. When the
 * file has both the points and their parts, they are compared (`check`).
 */
function pointsOf(file: CardFile): Points {
	const scaling = file.scaling && scalingOf(file.scaling)
	const { intercept, basePoints, features } = file
	const common = scaling && intercept !== undefined ? scaling.offset - scaling.factor * intercept : undefined
	const spread = basePoints === undefined ? common && common / features.length : 0
	const isGiven = features.some((f) => f.worth.some((w) => w.points !== undefined))
	const slopes = features.map(({ coefficient }) =>
		scaling === undefined || coefficient === undefined ? undefined : -scaling.factor * coefficient,
	)
	if (!isGiven && (scaling === undefined || spread === undefined))
		fault(
			'features',
			'have no points: give points, or scaling, intercept (or basePoints), coefficients and WoE',
		)
	const ofBins = features.map(({ worth }, j) =>
		Float64Array.from(worth, ({ path, points, woe }) => {
			if (points !== undefined) return points
			if (isGiven) fault(path, 'has no points, but other bins have')
			const slope = slopes[j]
			if (slope === undefined || woe === undefined)
				fault(path, 'has no points, and no WoE with a coefficient to compute them from')
			return (spread as number) + slope * woe
		}),
	)
	const neutral = isGiven ? check(file, ofBins, slopes, common) : features.map(() => spread)
	if (!isGiven && common !== undefined) agree('basePoints', basePoints ?? common, common)
	return { base: basePoints ?? 0, ofBins, neutral }
}

/**
 * Checks that given points follow from WoE, coefficient and scaling, up to a constant a feature (cards spread the intercept in
 * several ways), and that the constants sum to offset - factor x intercept. Returns the constants: points at WoE 0.
 */
function check(
	{ features, basePoints = 0 }: CardFile,
	ofBins: readonly Float64Array[],
	slopes: readonly (number | undefined)[],
	common: number | undefined,
): (number | undefined)[] {
	const unit = unitOf(features)
	const neutral = features.map(({ worth, name }, j) => {
		const slope = slopes[j]
		const shifts = worth.flatMap(({ woe }, i) =>
			slope === undefined || woe === undefined
				? []
				: [{ at: i, shift: ((ofBins[j] as Float64Array)[i] as number) - slope * woe }],
		)
		const first = shifts[0]
		if (first === undefined) return undefined
		const low = shifts.reduce((a, b) => (b.shift < a.shift ? b : a))
		const high = shifts.reduce((a, b) => (b.shift > a.shift ? b : a))
		const size = (ofBins[j] as Float64Array).reduce((max, p) => Math.max(max, Math.abs(p)), 0)
		if (high.shift - low.shift > 2 * allowed(unit, size))
			fault(
				`features.${name}`,
				`has points that do not match its WoE: those of ${worth[low.at]?.path} and ${worth[high.at]?.path} differ by ${high.shift - low.shift} from -factor x coefficient x WoE`,
			)
		return (low.shift + high.shift) / 2
	})
	const total = neutral.reduce<number>((sum, n) => sum + (n ?? Number.NaN), basePoints)
	if (common !== undefined && Math.abs(total - common) > allowed(unit, common) * (features.length + 1))
		fault(
			'scaling',
			`and intercept give ${common} points at WoE 0, but the points of the card sum to ${total} there`,
		)
	return neutral
}

/** One unit of the last digit: rounding a whole card moves a bin by up to that. */
const allowed = (unit: number, points: number) => Math.max(unit, 1e-6 * Math.abs(points))

/** The unit that points are rounded to: 1 for whole points. */
function unitOf(features: readonly CardFeature[]): number {
	let digits = 0
	for (const { worth } of features)
		for (const { points } of worth) {
			while (points !== undefined && digits < 9 && Number(points.toFixed(digits)) !== points) digits++
		}
	return 10 ** -digits
}
