import { type Fields, fault, objectAt, optionalNumberAt, own } from './fields.ts'
import type { CardFeature, CardFile } from './scorecard-file.ts'

const scalingMembers = ['pdo', 'score0', 'odds0', 'factor', 'offset'] as const

/** Points of the log odds of a good outcome: points = offset + factor x ln(odds). */
type Scaling = { factor: number; offset: number }
type Points = {
	base: number
	/** Of each feature, the points of each of its bins. */
	ofBins: readonly Float64Array[]
	/** What each feature adds at WoE 0, where the file holds what that takes. */
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

/** Constants are often written with a few digits only. */
function agree(path: string, given: number, made: number): void {
	if (Math.abs(given - made) > 1e-3 * Math.max(1, Math.abs(made)))
		fault(path, `is ${given}, but the other constants make it ${made}`)
}

/**
 * The points of every bin: as in the file or, when no bin has points, made of WoE, coefficients and scaling. The regression
 * is of the log odds of *bad*, with WoE = ln(share of goods / share of bads), so: points = -factor x coefficient x WoE, and
 * what all have alike, offset - factor x intercept, is `basePoints` if the file has those, else spread over the n features
 * in equal parts. Where the file has points and what makes them, they are compared (`check`).
 */
export function pointsOf(file: CardFile): Points {
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
				fault(path, 'has no points, and no WoE with a coefficient to make them of')
			return (spread as number) + slope * woe
		}),
	)
	const neutral = isGiven ? check(file, ofBins, slopes, common) : features.map(() => spread)
	if (!isGiven && common !== undefined) agree('basePoints', basePoints ?? common, common)
	return { base: basePoints ?? 0, ofBins, neutral }
}

/**
 * Given points have to go with WoE as coefficient and scaling say, up to a constant a feature (cards spread the intercept
 * in several ways), and all constants have to come to offset - factor x intercept. Answers the constants: points at WoE 0.
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
		const size = (ofBins[j] as Float64Array).reduce((most, p) => Math.max(most, Math.abs(p)), 0)
		if (high.shift - low.shift > 2 * allowed(unit, size))
			fault(
				`features.${name}`,
				`has points that do not go with its WoE: those of ${worth[low.at]?.path} and ${worth[high.at]?.path} differ by ${high.shift - low.shift} from -factor x coefficient x WoE`,
			)
		return (low.shift + high.shift) / 2
	})
	const total = neutral.reduce<number>((sum, n) => sum + (n ?? Number.NaN), basePoints)
	if (common !== undefined && Math.abs(total - common) > allowed(unit, common) * (features.length + 1))
		fault(
			'scaling',
			`and intercept make ${common} points at WoE 0, but the points of the card come to ${total} there`,
		)
	return neutral
}

/** One unit of the last digit: rounding a whole card together moves a bin by up to that. */
const allowed = (unit: number, points: number) => Math.max(unit, 1e-6 * Math.abs(points))

/** What the points are rounded to: 1 for whole points. */
function unitOf(features: readonly CardFeature[]): number {
	let digits = 0
	for (const { worth } of features)
		for (const { points } of worth) {
			while (points !== undefined && digits < 9 && Number(points.toFixed(digits)) !== points) digits++
		}
	return 10 ** -digits
}
