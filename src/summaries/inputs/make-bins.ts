import { quantileSorted } from 'simple-statistics'
import { sha256, sha256Hex, toHex, utf8 } from '../../core/bytes.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import type { Bins, ColumnBins, FeatureSpec } from './bins.ts'
import { binOf } from './bins.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { textHash } from './columns.ts'

/** Up to this many distinct values, each has its own bin; with more, quantiles make this many bins. */
export const innerBins = 128
const tailBins = 14
export const maxCategories = 500

/** One column of a baseline: sorted finite numbers, or counts of categories. */
export type ColumnSample = { spec: FeatureSpec; identifier?: ColumnBins['identifier'] } & (
	| { kind: 'numeric'; sorted: Float64Array; mean: number; sd: number }
	| { kind: 'categorical'; counts: ReadonlyMap<string, number> }
)

/** The columns that follow the features in all bins. */
export const outputColumns: FeatureSpec[] = [
	{ name: '$score', type: 'numeric' },
	{ name: '$decision', type: 'categorical' },
]

/**
 * The bins of a baseline, which depend on the baseline alone. The digest covers the bins, the sampled values and the
 * number of rows: another baseline has another digest, even when its bins are the same.
 */
export async function makeBins(samples: readonly ColumnSample[], rows = 0): Promise<Bins> {
	const columns = samples.map(toColumn)
	const content = samples.map((s) =>
		s.kind === 'numeric' ? s.sorted : [...s.counts].sort((a, b) => (a[0] < b[0] ? -1 : 1)),
	)
	const parts = [
		encodeColumns(columns),
		...content.map((c) =>
			c instanceof Float64Array
				? new Uint8Array(c.buffer, c.byteOffset, c.byteLength)
				: utf8(JSON.stringify(c)),
		),
	]
	const digests = await Promise.all(
		parts.map(async (part) => toHex(await sha256(part as Uint8Array<ArrayBuffer>))),
	)
	return { digest: await sha256Hex(`${rows} ${digests.join(' ')}`), columns }
}

const toColumn = (sample: ColumnSample): ColumnBins => ({
	...cellsOf(sample),
	...(sample.identifier ? { identifier: sample.identifier } : {}),
})

function cellsOf(sample: ColumnSample): ColumnBins {
	const { spec } = sample
	if (sample.kind === 'categorical') {
		const ranked = [...sample.counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
		const declared = spec.type === 'boolean' ? ['false', 'true'] : []
		const values = ranked.slice(0, maxCategories).map(([value]) => value)
		return { name: spec.name, kind: 'categorical', values: [...new Set([...declared, ...values])], spec }
	}
	const { sorted, mean, sd } = sample
	if (sorted.length === 0) return { name: spec.name, kind: 'numeric', edges: new Float64Array(), spec }
	const distinct = distinctUpTo(sorted, innerBins)
	const inner = distinct ?? quantileEdges(sorted)
	return {
		name: spec.name,
		kind: 'numeric',
		edges: withTails(sorted, inner),
		points: distinct !== undefined,
		moments: { mean, sd },
		spec,
	}
}

/** The distinct values, or undefined when there are more than `max`. */
function distinctUpTo(sorted: Float64Array, max: number): number[] | undefined {
	const values: number[] = []
	for (const v of sorted) {
		if (v === values.at(-1)) continue
		if (values.length === max) return undefined
		values.push(v)
	}
	return values
}

/** Quantiles. A value with a bin's share of its own also gets an edge at the value below it, so that it has its own bin. */
function quantileEdges(sorted: Float64Array): number[] {
	const list = sorted as unknown as number[] // simple-statistics reads by index only
	const edges = new Set<number>()
	let last = Number.NaN
	for (let i = 1; i <= innerBins; i++) {
		const edge = i === innerBins ? (sorted.at(-1) as number) : quantileSorted(list, i / innerBins)
		if (edge === last) {
			const below = sorted[binOf(sorted, edge) - 1]
			if (below !== undefined) edges.add(below)
		}
		edges.add(edge)
		last = edge
	}
	return [...edges].sort((a, b) => a - b)
}

/** Adds edges beyond the baseline's range at doubling distances, so that the size of a unit change is visible. */
function withTails(sorted: Float64Array, inner: readonly number[]): Float64Array {
	const min = sorted[0] as number
	const max = sorted.at(-1) as number
	const span = max > min ? max - min : Math.max(Math.abs(max), 1)
	const tail = Array.from({ length: tailBins }, (_, k) => span * 2 ** (k - 3))
	const finite = [...tail.map((t) => min - t), justBelow(min), ...inner, ...tail.map((t) => max + t)].filter(
		Number.isFinite,
	)
	return Float64Array.from([...new Set(finite)].sort((a, b) => a - b))
}

const bits = new DataView(new ArrayBuffer(8))

/** The next double towards minus infinity. */
export function justBelow(x: number): number {
	if (x === 0) return -Number.MIN_VALUE
	bits.setFloat64(0, x)
	bits.setBigInt64(0, bits.getBigInt64(0) + (x > 0 ? -1n : 1n))
	return bits.getFloat64(0)
}

/** The bins of a version without a baseline: they count missing and invalid values, and declared categories. */
export function schemaBins(specs: readonly FeatureSpec[]): Bins {
	const columns = [...specs, ...outputColumns].map(
		(spec): ColumnBins =>
			spec.type === 'numeric'
				? { name: spec.name, kind: 'numeric', edges: new Float64Array(), spec }
				: {
						name: spec.name,
						kind: 'categorical',
						values: spec.type === 'boolean' ? ['false', 'true'] : (spec.values ?? []),
						spec,
					},
	)
	// The digest only distinguishes versions of one model: it need not be cryptographic.
	const text = canonicalJson(specs)
	return { digest: `schema:${textHash(text).toString(16)}${textHash(`${text} `).toString(16)}`, columns }
}

const formatVersion = 1

export function encodeBins(bins: Bins): Uint8Array<ArrayBuffer> {
	const out = new ByteWriter()
	out.text(bins.digest)
	out.raw(encodeColumns(bins.columns))
	return out.bytes()
}

function encodeColumns(columns: readonly ColumnBins[]): Uint8Array<ArrayBuffer> {
	const out = new ByteWriter()
	out.byte(formatVersion)
	out.varint(columns.length)
	for (const column of columns) {
		const { edges, ...rest } = column.kind === 'numeric' ? column : { ...column, edges: undefined }
		out.text(canonicalJson(rest))
		out.varint(edges?.length ?? 0)
		for (const edge of edges ?? []) out.double(edge)
	}
	return out.bytes()
}

export function decodeBins(bytes: Uint8Array): Bins {
	const input = new ByteReader(bytes)
	const digest = input.text()
	const version = input.byte()
	if (version !== formatVersion) throw new RangeError(`unknown bins format ${version}`)
	const columns = Array.from({ length: input.varint() }, (): ColumnBins => {
		const rest = JSON.parse(input.text()) as ColumnBins
		const edges = Float64Array.from({ length: input.varint() }, () => input.double())
		return rest.kind === 'numeric' ? { ...rest, edges } : rest
	})
	return { digest, columns }
}
