import { sha256 } from '@noble/hashes/sha2.js'
import { fromBase64, sameBytes, toHex, utf8 } from '../core/bytes.ts'
import {
	checkSignature,
	joinBytes,
	type ParsedNote,
	parseCheckpoint,
	signedNote,
	type VerifierKey,
} from './checkpoint.ts'

// Cosignatures of witnesses, as in C2SP tlog-cosignature: Ed25519, with the time of the signature.

const cosignatureType = 0x04

/** The verifier key of a witness, `name+hex(id)+base64(0x04 || public key)`. Undefined for any other text. */
export function parseWitnessKey(text: string): VerifierKey | undefined {
	const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text.trim())
	const bytes = match && fromBase64(match[3] as string)
	if (!match || bytes?.length !== 33 || bytes[0] !== cosignatureType) return undefined
	const [name, publicKey] = [match[1] as string, bytes.slice(1)]
	const id = sha256(joinBytes(utf8(`${name}\n`), bytes)).slice(0, 4)
	return toHex(id) === match[2] ? { name, id, publicKey } : undefined
}

/** What a witness signs at a time, in seconds since the epoch. */
export const cosignedText = (noteText: string, seconds: number): Uint8Array<ArrayBuffer> =>
	utf8(`cosignature/v1\ntime ${seconds}\n${noteText}`)

/** The time of a witness's cosignature, in ms, among lines of signatures of a note. Undefined without a right one. */
export async function cosignedAt(
	note: ParsedNote,
	lines: string,
	witness: VerifierKey,
): Promise<number | undefined> {
	const signed = parseCheckpoint(signedNote(note.text, [lines]))
	for (const { name, keyId, signature } of signed?.signatures ?? []) {
		if (name !== witness.name || !sameBytes(keyId, witness.id) || signature.length !== 72) continue
		const seconds = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0))
		const text = cosignedText(note.text, seconds)
		if (await checkSignature(witness.publicKey, signature.subarray(8), text)) return seconds * 1000
	}
	return undefined
}
