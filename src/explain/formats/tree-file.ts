import { exp32 } from '../floats.ts'
import { ArtifactError, type ArtifactFormat, type Space } from '../model.ts'
import type { TreeEnsemble } from '../trees/ensemble.ts'

/** How an objective turns margins into scores. */
export type TreeLink = {
	/** Its name in the manifest; undefined when it has none. */
	name: 'identity' | 'logit' | 'softmax' | 'log' | undefined
	space: Space
	curve: keyof typeof curves
	/** The factor of margins, LightGBM's `sigmoid`. Default 1. */
	slope?: number
	/** Random forests: the curve applies to the mean over this many rounds. Default: to the sum. */
	rounds?: number
}

/** A column of the file. */
export type TreeColumn = {
	categorical: boolean
	/** Codes of the categories by `categoryKey`, if the file has them. */
	codes: ReadonlyMap<string, number> | undefined
	/** Why `codes` may lack categories of the model; undefined when it does not. */
	incomplete: string | undefined
}

/** The content of a tree file, before a manifest adds to it. Plain data, so threads can exchange it. */
export type TreeFile = {
	format: ArtifactFormat
	ensemble: TreeEnsemble
	columns: readonly TreeColumn[]
	/** Undefined when the columns have no names. */
	names: readonly string[] | undefined
	objective: string
	/** See `Model.advice`. */
	advice: string | undefined
	link: TreeLink
}

/** Categories with equal texts are equal: 1 and "1" are one category. */
export const categoryKey = (category: unknown): string => String(category)

const map = (f: (x: number) => number) => (margin: Float64Array) => margin.map(f)
const { exp, fround } = Math

/** XGBoost's sigmoid, in float32 at every step. */
const sigmoid32 = (x: number) => fround(1 / fround(exp32(Math.min(-x, fround(88.7))) + 1))

function softmax32(margin: Float64Array): Float64Array {
	const largest = margin.reduce((a, b) => Math.max(a, b))
	const powers = margin.map((x) => exp32(fround(x - largest)))
	const sum = fround(powers.reduce((a, b) => a + b, 0))
	return powers.map((x) => fround(x / sum))
}

function softmax64(margin: Float64Array): Float64Array {
	const largest = margin.reduce((a, b) => Math.max(a, b))
	const powers = margin.map((x) => exp(x - largest))
	const sum = powers.reduce((a, b) => a + b, 0)
	return powers.map((x) => x / sum)
}

type Curve = (margin: Float64Array, slope: number) => Float64Array

/** From the margins of all outputs to their scores; those named 32 compute in float32, as XGBoost does. */
const curves = {
	identity: (margin) => margin.slice(),
	sigmoid32: map(sigmoid32),
	softmax32,
	exp32: map(exp32),
	step: map((x) => (x > 0 ? 1 : 0)),
	sigmoid: (margin, slope) => margin.map((x) => 1 / (1 + exp(-slope * x))),
	softmax: softmax64,
	exp: map(exp),
	square: map((x) => Math.sign(x) * x * x),
	softplus: map((x) => Math.log1p(exp(x))),
} as const satisfies Record<string, Curve>

/** The function of a link from the margins of all outputs to their scores. */
export function scoresBy({ curve, slope = 1, rounds }: TreeLink): (margin: Float64Array) => Float64Array {
	const score: Curve = curves[curve]
	return (margin) => score(rounds === undefined ? margin : margin.map((m) => m / rounds), slope)
}

const identity = { name: 'identity', space: 'value', curve: 'identity' } as const

/** Links in float32, as XGBoost computes them (src/common/math.h). */
export const links32 = {
	identity,
	logit: { name: 'logit', space: 'log-odds', curve: 'sigmoid32' },
	softmax: { name: 'softmax', space: 'log-odds', curve: 'softmax32' },
	log: { name: 'log', space: 'log', curve: 'exp32' },
	raw: { ...identity, space: 'log-odds' },
	hinge: { name: undefined, space: 'value', curve: 'step' },
} as const satisfies Record<string, TreeLink>

/** `slope`: LightGBM's `sigmoid`; margins are log-odds only where it is 1. */
export const logit64 = (slope: number): TreeLink => ({
	name: 'logit',
	space: slope === 1 ? 'log-odds' : 'value',
	curve: 'sigmoid',
	slope,
})

/** Links in double, as LightGBM computes them. */
export const links64 = {
	identity,
	softmax: { name: 'softmax', space: 'log-odds', curve: 'softmax' },
	log: { name: 'log', space: 'log', curve: 'exp' },
	square: { name: undefined, space: 'value', curve: 'square' },
	softplus: { name: undefined, space: 'value', curve: 'softplus' },
} as const satisfies Record<string, TreeLink>

const begins = (bytes: Uint8Array, ...start: number[]) => start.every((byte, i) => bytes[i] === byte)

/** Refuses files that are often uploaded instead of a model file. `save`: the call that writes a model file. */
export function refuseForeignFile(bytes: Uint8Array, save: string): void {
	if (begins(bytes, 0x1f, 0x8b))
		throw new ArtifactError('The file is compressed with gzip. Unpack it and upload what is inside.')
	// Pickles of protocol 2 on begin with 0x80; joblib and npz archives are zip or zlib files.
	if (begins(bytes, 0x80) || begins(bytes, 0x50, 0x4b) || begins(bytes, 0x78, 0x9c))
		throw new ArtifactError(
			`The file is a pickle or a joblib archive, which can run code when it is opened and is never read. Write the model with ${save} and upload that file.`,
		)
}

/** The first byte that is not a space, after a byte order mark; -1 when there is none. */
export function firstByte(bytes: Uint8Array): number {
	let at = begins(bytes, 0xef, 0xbb, 0xbf) ? 3 : 0
	while (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9) at++
	return bytes[at] ?? -1
}
