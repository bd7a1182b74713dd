import { sha256 } from '@noble/hashes/sha2.js'
import { fromBase64, sameBytes, toBase64, toHex, utf8 } from '../core/bytes.ts'
import { hashBytes } from './tree.ts'

// Checkpoints as in C2SP tlog-checkpoint, signed as C2SP signed-note with Ed25519.

/** `root` has 32 bytes. */
export type Checkpoint = { origin: string; size: number; root: Uint8Array }

/** An Ed25519 public key of 32 bytes, under the name that its signatures carry. */
export type VerifierKey = { name: string; id: Uint8Array; publicKey: Uint8Array }

/** A signature line: the first four bytes of the base64 are the id of the key. */
export type NoteSignature = { name: string; keyId: Uint8Array; signature: Uint8Array }

const ed25519 = 0x01

/** Bytes one after another. */
export const joinBytes = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> => {
	const bytes = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0))
	let at = 0
	for (const part of parts) {
		bytes.set(part, at)
		at += part.length
	}
	return bytes
}

/** Signed note: SHA-256(name || 0x0A || 0x01 || public key), the first four bytes. */
export function verifierKey(name: string, publicKey: Uint8Array): VerifierKey {
	const id = sha256(joinBytes(utf8(`${name}\n`), Uint8Array.of(ed25519), publicKey)).slice(0, 4)
	return { name, id, publicKey }
}

/** The id in hexadecimal. */
export const keyIdOf = ({ id }: VerifierKey): string => toHex(id)

/** `name+hex(id)+base64(0x01 || public key)`. */
export const formatVerifierKey = ({ name, id, publicKey }: VerifierKey): string =>
	`${name}+${toHex(id)}+${toBase64(joinBytes(Uint8Array.of(ed25519), publicKey))}`

/** Undefined for a text that is no verifier key for Ed25519, or whose id is not that of the key. */
export function parseVerifierKey(text: string): VerifierKey | undefined {
	const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text.trim())
	const bytes = match && fromBase64(match[3] as string)
	if (!match || !bytes || bytes.length !== 33 || bytes[0] !== ed25519) return undefined
	const key = verifierKey(match[1] as string, bytes.slice(1))
	return toHex(key.id) === match[2] ? key : undefined
}

/** The text that is signed, with its last newline. */
export const checkpointText = ({ origin, size, root }: Checkpoint): string =>
	`${origin}\n${size}\n${toBase64(root)}\n`

/** One line of a signed note, with its newline. */
export const signatureLine = ({ name, id }: VerifierKey, signature: Uint8Array): string =>
	`\u2014 ${name} ${toBase64(joinBytes(id, signature))}\n`

/** A note: the text, an empty line, the signature lines. */
export const signedNote = (text: string, lines: readonly string[]): string => `${text}\n${lines.join('')}`

export type ParsedNote = { text: string; checkpoint: Checkpoint; signatures: NoteSignature[] }

/** Reads a signed checkpoint, without checking its signatures. Undefined if it is not one. Lines of extensions are kept. */
export function parseCheckpoint(note: string): ParsedNote | undefined {
	const end = note.lastIndexOf('\n\n')
	if (end < 0) return undefined
	const text = note.slice(0, end + 1)
	const [origin, size, root64, ...more] = text.split('\n')
	const root = fromBase64(root64 ?? '')
	if (!origin || !/^(0|[1-9]\d{0,15})$/.test(size ?? '') || root?.length !== hashBytes || more.length === 0)
		return undefined
	const lines = note.slice(end + 2).split('\n')
	if (lines.pop() !== '' || lines.length === 0) return undefined
	const signatures: NoteSignature[] = []
	for (const line of lines) {
		const match = /^\u2014 (\S+) (\S+)$/.exec(line)
		const bytes = match && fromBase64(match[2] as string)
		if (!match || !bytes || bytes.length < 5) return undefined
		signatures.push({ name: match[1] as string, keyId: bytes.slice(0, 4), signature: bytes.slice(4) })
	}
	return { text, checkpoint: { origin, size: Number(size), root }, signatures }
}

/** Whether an Ed25519 signature is right. */
export async function checkSignature(
	publicKey: Uint8Array,
	signature: Uint8Array,
	data: Uint8Array,
): Promise<boolean> {
	try {
		const key = await crypto.subtle.importKey('raw', Uint8Array.from(publicKey), 'Ed25519', false, ['verify'])
		return await crypto.subtle.verify('Ed25519', key, Uint8Array.from(signature), Uint8Array.from(data))
	} catch {
		return false
	}
}

/** Whether one of the note's signatures is this key's, and right. */
export async function isSignedBy(note: ParsedNote, key: VerifierKey): Promise<boolean> {
	for (const { name, keyId, signature } of note.signatures)
		if (name === key.name && sameBytes(keyId, key.id))
			return checkSignature(key.publicKey, signature, utf8(note.text))
	return false
}
