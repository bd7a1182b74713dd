import { randomFillSync } from 'node:crypto'

export const featureCount = 20

/** Deterministic numbers in [0, 1). A linear congruential generator is enough for synthetic features. */
export function randomSequence(seed: number): () => number {
	let state = seed >>> 0
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0
		return state / 2 ** 32
	}
}

const idLength = 36
const hexDigits = Buffer.from('0123456789abcdef')
const idTemplate = '00000000-0000-4000-8000-000000000000'
const idSlots = [...idTemplate].flatMap((c, i) => (c === '0' ? [i] : []))

/** An NDJSON body whose ids can be replaced in place, so that the sender takes little CPU. */
export type Body = { bytes: Buffer; idOffsets: number[] }

function line(random: () => number, timestamp: string): string {
	const features = Array.from(
		{ length: featureCount },
		(_, f) => `"feature_${String(f).padStart(2, '0')}":${featureValue(f, random)}`,
	)
	const score = random().toFixed(4)
	return `{"predictionId":"${idTemplate}","version":"1","timestamp":"${timestamp}","score":${score},"latencyMs":${(5 + random() * 40).toFixed(1)},"features":{${features.join(',')}}}\n`
}

/** Amounts, rates, counts and ages with a few digits each, as lenders log them. */
function featureValue(f: number, random: () => number): string {
	if (f % 4 === 0) return (1000 + random() * 9000).toFixed(1)
	if (f % 4 === 1) return random().toFixed(4)
	if (f % 4 === 2) return String(Math.floor(random() * 60))
	return (18 + random() * 60).toFixed(2)
}

export function makeBodies(count: number, rows: number, seed: number, at: (row: number) => number): Body[] {
	const random = randomSequence(seed)
	return Array.from({ length: count }, (_, b) => {
		const lines = Array.from({ length: rows }, (_, r) =>
			line(random, new Date(at(b * rows + r)).toISOString()),
		)
		const bytes = Buffer.from(lines.join(''))
		let from = 0
		const idOffsets = lines.map((text) => {
			const offset = from + text.indexOf(idTemplate)
			from += text.length
			return offset
		})
		return { bytes, idOffsets }
	})
}

const noise = Buffer.alloc(32 * 1024)

/** A copy of the body with fresh random UUIDv4 ids. */
export function withFreshIds({ bytes, idOffsets }: Body): Buffer {
	const copy = Buffer.from(bytes)
	randomFillSync(noise, 0, Math.min(noise.length, idOffsets.length * 32))
	let n = 0
	for (const offset of idOffsets) {
		for (const slot of idSlots)
			copy[offset + slot] = hexDigits[(noise[n++ % noise.length] as number) & 15] as number
	}
	return copy
}

export const idAt = (body: Buffer, offset: number): string =>
	body.toString('latin1', offset, offset + idLength)
