import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { sameBytes } from '../core/bytes.ts'

// Entries are written by processes that have the ledger's key. One that somebody adds to the database has no valid MAC, and
// one that is copied has the nonce of another: neither is ever signed.

const nonceBytes = 16

const macOf = (key: Uint8Array, nonce: Uint8Array, leaf: Uint8Array) =>
	hmac.create(sha256, key).update(nonce).update(leaf).digest()

/**
 * A nonce of 16 bytes, then HMAC-SHA-256 over it and the leaf hash. The nonce begins with 48 bits of time, so that the unique
 * index of a large ledger grows at one place; 80 bits are random.
 */
export function entryMac(
	key: Uint8Array,
	leaf: Uint8Array,
	at: number,
	random: (bytes: number) => Uint8Array,
): Uint8Array<ArrayBuffer> {
	const nonce = random(nonceBytes)
	const view = new DataView(nonce.buffer, nonce.byteOffset)
	view.setUint32(0, at / 2 ** 16)
	view.setUint16(4, at % 2 ** 16)
	const mac = macOf(key, nonce, leaf)
	const bytes = new Uint8Array(nonceBytes + mac.length)
	bytes.set(nonce)
	bytes.set(mac, nonceBytes)
	return bytes
}

export const isEntryMac = (key: Uint8Array, leaf: Uint8Array, mac: Uint8Array): boolean =>
	sameBytes(macOf(key, mac.subarray(0, nonceBytes), leaf), mac.subarray(nonceBytes))
