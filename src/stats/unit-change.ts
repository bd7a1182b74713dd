import { quantileSorted } from 'simple-statistics'
import { sampleDistance } from './ordered-samples.ts'

/** A change of unit: a multiplication by `factor`, or a named transformation. */
export type UnitChange = { factor: number } | { name: string }

type Transform = { is: UnitChange; apply: (x: number) => number }

/** Factors between units that are often confused, in both directions. */
const factors = [
	10, 100, 1000, 10_000, 1e6, 12, 4, 7, 24, 30, 52, 365, 60, 3600, 86_400, 2.20462, 1.609344, 2.54, 3.28084,
	28.3495, 3.785412,
]
const scaled = (factor: number): Transform => ({ is: { factor }, apply: (x) => x * factor })
// Division, not multiplication by the inverse: whole numbers then give exactly the same values.
const divided = (by: number): Transform => ({ is: { factor: 1 / by }, apply: (x) => x / by })
const known: readonly Transform[] = [
	...factors.flatMap((f) => [scaled(f), divided(f)]),
	{ is: { name: 'a change of sign' }, apply: (x) => -x },
	{ is: { name: 'a unit change °C to °F' }, apply: (x) => 1.8 * x + 32 },
	{ is: { name: 'a unit change °F to °C' }, apply: (x) => (x - 32) / 1.8 },
	{ is: { name: 'a unit change °C to K' }, apply: (x) => x + 273.15 },
	{ is: { name: 'a logarithm, ln(1 + x)' }, apply: Math.log1p },
	{ is: { name: 'a logarithm, ln x' }, apply: Math.log },
	{ is: { name: 'an exponential, exp x' }, apply: Math.exp },
]
/** A ratio that is not a known unit counts if it is at least this large, or as small. */
const minUnnamed = 2
/** The distance that may remain after scaling, as a share of the distance that the change made. */
const maxLeft = 0.15
/** For small factors, which growth or inflation also causes: how far off the measured ratio may be. */
const small = { factor: 3, maxOff: 0.03 }
/** The share of values that may lie outside the range of the transformation: exp, for example, leaves none below zero. */
const maxOutside = 0.05
const minRows = 20

/**
 * The change of unit that turns one distribution into the other, by the Kolmogorov-Smirnov distance that remains between
 * the ascending samples; undefined when none does. It compares whole distributions, not means.
 */
export function unitChange(before: Float64Array, after: Float64Array): UnitChange | undefined {
	if (before.length < minRows || after.length < minRows) return undefined
	const made = sampleDistance(before, after)
	// The distance of two samples of one distribution at the 0.1% level, and a little for rounded values.
	const chance = 1.95 * Math.sqrt(1 / before.length + 1 / after.length)
	// A distance that chance nearly explains fits many units.
	if (made < 2 * chance) return undefined
	const max = Math.min(made / 2, Math.max(chance, maxLeft * made))
	const tried = (transform: Transform) => ({ transform, distance: left(transform, before, after) })
	const ratio = meanRatio(before, after)
	const all = known.filter(({ is }) => !('factor' in is) || isNear(is.factor, ratio)).map(tried)
	const best = all.reduce((a, b) => (a.distance <= b.distance ? a : b))
	const own = ratio === undefined ? undefined : tried(scaled(ratio))
	// A known unit is preferred to the measured ratio where chance alone may explain the difference.
	if (best.distance <= max && best.distance <= (own?.distance ?? 1) + chance / 2)
		return nearest(
			all.filter((t) => t.distance <= best.distance + chance / 4),
			best,
			ratio,
		)
	const isLarge = ratio !== undefined && Math.abs(Math.log(Math.abs(ratio))) >= Math.log(minUnnamed)
	return own && isLarge && own.distance <= max ? own.transform.is : undefined
}

const isNear = (factor: number, ratio: number | undefined): boolean =>
	ratio === undefined ||
	Math.abs(Math.log(factor)) > Math.log(small.factor) ||
	Math.abs(Math.log(factor / ratio)) <= small.maxOff

type Tried = { transform: Transform; distance: number }

/** Of factors that fit about equally well, the one nearest to the measured ratio, which is more precise than distances. */
function nearest(fitting: readonly Tried[], best: Tried, ratio: number | undefined): UnitChange {
	const off = ({ transform: { is } }: Tried) =>
		'factor' in is && ratio !== undefined ? Math.abs(Math.log(is.factor / ratio)) : Number.POSITIVE_INFINITY
	if (!Number.isFinite(off(best))) return best.transform.is
	return fitting.reduce((a, b) => (off(a) <= off(b) ? a : b)).transform.is
}

function left({ apply }: Transform, before: Float64Array, after: Float64Array): number {
	// As single floats, multiplying by 1/12 and dividing by 12 give the same value.
	const turned = before
		.map((x) => Math.fround(apply(x)))
		.filter(Number.isFinite)
		.sort()
	if (turned.length < before.length / 2) return 1
	const now = after.map(Math.fround)
	const [low, high] = [turned[0] as number, turned.at(-1) as number]
	const outside = now.filter((x) => x < low || x > high).length / now.length
	return outside > Math.max(maxOutside, 5 / turned.length) ? 1 : sampleDistance(turned, now)
}

/** The geometric mean of the ratios at nine quantiles; undefined when fewer than three of them have one. */
function meanRatio(before: Float64Array, after: Float64Array): number | undefined {
	const logs: number[] = []
	for (let tenth = 1; tenth < 10; tenth++) {
		const [a, b] = [before, after].map((s) => quantileSorted(s as unknown as number[], tenth / 10)) as [
			number,
			number,
		]
		if (a !== 0 && b !== 0 && a > 0 === b > 0) logs.push(Math.log(b / a))
	}
	if (logs.length < 3) return undefined
	return Math.exp(logs.reduce((sum, x) => sum + x / logs.length, 0))
}
