import { sameBytes } from '../core/bytes.ts'

// Time stamps of RFC 3161: the request, and what is in a response. Signatures are checked by who verifies, with the certificate of
// the authority (`openssl ts -verify`).

const sha256Algorithm = [
	0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
]
const [sequence, integer, octets, boolean, generalizedTime, explicit0] = [0x30, 0x02, 0x04, 0x01, 0x18, 0xa0]

/** DER of a value of less than 128 bytes. */
const der = (tag: number, value: readonly number[]): number[] => [tag, value.length, ...value]

/** A TimeStampReq for a SHA-256, with the certificate in the response. `nonce` has at most 32 bytes. */
export function timestampRequest(digest: Uint8Array, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
	const imprint = der(sequence, [...sha256Algorithm, ...der(octets, [...digest])])
	// A leading zero keeps it positive.
	const parts = [
		...der(integer, [1]),
		...imprint,
		...der(integer, [0, ...withoutZero(nonce)]),
		...der(boolean, [0xff]),
	]
	return Uint8Array.from(der(sequence, parts))
}

/** DER has no more leading zeros than are needed: the first byte is made 1 or more, with the highest bit set. */
const withoutZero = (nonce: Uint8Array): number[] => [(nonce[0] as number) | 0x80, ...nonce.subarray(1)]

type Value = { tag: number; content: Uint8Array }

/** The values in a row of DER. Throws RangeError where it is cut off. */
function valuesIn(bytes: Uint8Array): Value[] {
	const values: Value[] = []
	for (let at = 0; at < bytes.length; ) {
		const tag = bytes[at] as number
		let length = bytes[at + 1] ?? Number.NaN
		at += 2
		if (length >= 0x80) {
			const digits = length & 0x7f
			length = 0
			for (let i = 0; i < digits; i++) length = length * 256 + (bytes[at + i] ?? Number.NaN)
			at += digits
		}
		if (!(at + length <= bytes.length)) throw new RangeError('the DER is cut off')
		values.push({ tag, content: bytes.subarray(at, at + length) })
		at += length
	}
	return values
}

const inside = (value: Value | undefined): Value[] => (value ? valuesIn(value.content) : [])

/** The time that a response states for a digest and a nonce; otherwise why it does not. */
export function readTimestamp(
	response: Uint8Array,
	digest: Uint8Array,
	nonce: Uint8Array,
): { ok: true; at: string } | { ok: false; reason: string } {
	const refused = (reason: string) => ({ ok: false as const, reason })
	try {
		const [status, token] = inside(valuesIn(response)[0])
		const code = inside(status)[0]?.content[0]
		if (code !== 0 && code !== 1) return refused(`its status is ${code ?? 'missing'}`)
		const signedData = inside(inside(token)[1])[0]
		const content = inside(signedData).find(({ tag }) => tag === sequence)
		const info = inside(
			valuesIn(inside(inside(content).find(({ tag }) => tag === explicit0))[0]?.content ?? empty)[0],
		)
		const imprint = info.find(({ tag }) => tag === sequence)
		const [algorithm, hash] = inside(imprint)
		const oid = inside(algorithm)[0]?.content ?? empty
		if (
			!sameBytes(oid, Uint8Array.from(sha256Algorithm.slice(4, 13))) ||
			!hash ||
			!sameBytes(hash.content, digest)
		)
			return refused('it is for another digest')
		const sent = Uint8Array.of(0, ...withoutZero(nonce))
		if (!info.slice(2).some(({ tag, content: number }) => tag === integer && sameBytes(number, sent)))
			return refused('it does not have the nonce of the request')
		const time = info.find(({ tag }) => tag === generalizedTime)?.content
		return time ? { ok: true, at: String.fromCharCode(...time) } : refused('it has no time')
	} catch {
		return refused('it is not a response of RFC 3161')
	}
}

const empty = new Uint8Array()
