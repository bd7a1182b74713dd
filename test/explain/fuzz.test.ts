import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AdditivityError, ArtifactError, type ArtifactFormat } from '../../src/explain/model.ts'
import { openModel } from '../../src/explain/open-model.ts'
import { bytesOf, readCases } from './golden/case.ts'

const golden = readCases(readFileSync(new URL('golden/golden.ndjson.gz', import.meta.url)))
const seeds = golden
	.filter((one) => one.name.includes(' small'))
	.map((one) => ({ ...one, bytes: bytesOf(one) }))

type Damage = (bytes: Uint8Array) => Uint8Array

const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

const flips: fc.Arbitrary<Damage> = fc
	.array(fc.tuple(share, fc.nat(255)), { minLength: 1, maxLength: 8 })
	.map((list) => (bytes) => {
		const copy = bytes.slice()
		for (const [where, byte] of list) copy[Math.floor(where * copy.length)] = byte
		return copy
	})

const truncation: fc.Arbitrary<Damage> = share.map(
	(where) => (bytes) => bytes.slice(0, Math.floor(where * bytes.length)),
)

/** A piece of the file, or other bytes, put over or between others. */
const splice: fc.Arbitrary<Damage> = fc
	.tuple(share, share, share, fc.nat(200), fc.option(fc.uint8Array({ maxLength: 20 })))
	.map(([at, from, keep, length, other]) => (bytes) => {
		const [a, f] = [Math.floor(at * bytes.length), Math.floor(from * bytes.length)]
		const piece = other ?? bytes.slice(f, f + length)
		return join(bytes.slice(0, a), piece, bytes.slice(a + Math.floor(keep * 2) * piece.length))
	})

const nasty = '-1 0 1 2 1e308 -1e308 1e-400 2147483647 2147483648 4294967296 1e10'.split(' ')
const odd = [
	'9007199254740993',
	'NaN',
	'Infinity',
	'-inf',
	'0.5',
	'',
	'-',
	'1'.repeat(400),
	'[]',
	'null',
	'"a"',
]

/** Another number in the place of one of a text. */
function numbers(original: Uint8Array): fc.Arbitrary<Damage> {
	const found = [
		...Buffer.from(original)
			.toString('latin1')
			.matchAll(/-?\d[\d.eE+-]*/g),
	]
	return fc
		.array(fc.tuple(share, fc.constantFrom(...nasty, ...odd)), { minLength: 1, maxLength: 3 })
		.map((list) => (bytes) => {
			const hits = new Map(list.map(([where, number]) => [Math.floor(where * found.length), number]))
			const parts: Uint8Array[] = []
			let from = 0
			for (const [i, number] of [...hits].sort(([a], [b]) => a - b)) {
				const { index, 0: old } = found[i] as RegExpExecArray
				parts.push(bytes.subarray(from, index), Buffer.from(number))
				from = index + old.length
			}
			return join(...parts, bytes.subarray(from))
		})
}

/** Another length or number in the place of one of a UBJSON file: a count of 10 billion, a child above its parent. */
function counts(original: Uint8Array): fc.Arbitrary<Damage> {
	const places = [...original.entries()].flatMap(([i, c]) => (c === 76 || c === 108 || c === 105 ? [i] : []))
	return fc
		.array(fc.tuple(share, fc.constantFrom(0n, 1n, 2n, -1n, 255n, 65536n, 10_000_000_000n, 2n ** 62n)), {
			minLength: 1,
			maxLength: 3,
		})
		.map((list) => (bytes) => {
			const copy = Buffer.from(bytes)
			for (const [where, value] of list) {
				const at = places[Math.floor(where * places.length)] ?? 0
				if (copy[at] === 76 && at + 9 <= copy.length) copy.writeBigInt64BE(value, at + 1)
				else if (copy[at] === 108 && at + 5 <= copy.length)
					copy.writeInt32BE(Number(value % 2n ** 31n), at + 1)
				else if (at + 1 < copy.length) copy[at + 1] = Number(value & 255n)
			}
			return new Uint8Array(copy)
		})
}

const damages = (format: ArtifactFormat, bytes: Uint8Array): fc.Arbitrary<Damage> =>
	fc.oneof(flips, truncation, splice, format === 'xgboost-ubj' ? counts(bytes) : numbers(bytes))

/** Opens what it can, and uses it: a file is either refused with a reason, or a model that answers. */
function use(format: ArtifactFormat, bytes: Uint8Array): 'refused' | 'opened' {
	let model: ReturnType<typeof openModel>
	try {
		model = openModel(format, bytes)
	} catch (error) {
		if (error instanceof ArtifactError && error.message.length > 20) return 'refused'
		throw error
	}
	const x = new Float64Array(9).fill(0.5)
	expect(model.margin(x).length).toBe(model.outputs)
	try {
		model.explain(x)
	} catch (error) {
		// Covers that do not add up: no explanation rather than a wrong one.
		if (!(error instanceof AdditivityError)) throw error
	}
	return 'opened'
}

const runs = 33_400

test.each(seeds.map((seed) => [seed.format, seed] as const))(
	`33,400 damaged files of %s are refused with a reason or answer`,
	(format, { bytes }) => {
		const before = process.memoryUsage().rss
		const outcomes = { refused: 0, opened: 0 }
		const property = fc.property(damages(format, bytes), (damage) => {
			outcomes[use(format, damage(bytes))]++
		})
		fc.assert(property, { numRuns: runs, seed: 7 })
		expect(outcomes.refused + outcomes.opened).toBe(runs)
		expect(outcomes.refused).toBeGreaterThan(runs / 4)
		expect(outcomes.opened).toBeGreaterThan(runs / 50)
		expect(process.memoryUsage().rss - before).toBeLessThan(1e9)
	},
)
