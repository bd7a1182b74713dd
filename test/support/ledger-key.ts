import { createHash, createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { verifierKey } from '../../src/ledger/checkpoint.ts'
import type { LedgerKey } from '../../src/ports/ledger-key.ts'

// PKCS#8 of an Ed25519 key, up to its 32 bytes.
const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

const seedOf = (word: string) => createHash('sha256').update(word).digest()
const privateKeyOf = (word: string) =>
	createPrivateKey({ key: Buffer.concat([prefix, seedOf(word)]), format: 'der', type: 'pkcs8' })

/** The same key as PKCS#8 in PEM, as in a key file. */
export const testLedgerPem = (word = 'plumbline'): string =>
	privateKeyOf(word).export({ format: 'pem', type: 'pkcs8' }).toString()

/** A ledger key from a word: another word is another key. */
export function testLedgerKey(word = 'plumbline', name = 'plumbline'): LedgerKey {
	const seed = seedOf(word)
	const key = privateKeyOf(word)
	const der = createPublicKey(key).export({ format: 'der', type: 'spki' })
	const derive = (purpose: string) => new Uint8Array(createHmac('sha256', seed).update(purpose).digest())
	return {
		verifier: verifierKey(name, new Uint8Array(der.subarray(-32))),
		sign: async (text) => new Uint8Array(sign(null, text, key)),
		macKey: derive('plumbline ledger mac'),
		derive,
	}
}
