import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { fromBase64, utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { verifierKey } from '../../ledger/checkpoint.ts'
import type { LedgerKey } from '../../ports/ledger-key.ts'

const how = 'Make a key with `openssl genpkey -algorithm ed25519`.'

/** The bytes of a PEM block. Throws `invalid`, with what is there instead of a private key. */
function derOf(pem: string, where: string): Uint8Array<ArrayBuffer> {
	const fault = (what: string) => new AppError('invalid', `${where} ${what} ${how}`)
	if (pem.trim() === '') throw fault('is empty.')
	const [, label = '', body = ''] = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END/.exec(pem) ?? []
	if (label === 'ENCRYPTED PRIVATE KEY' || body.includes('ENCRYPTED'))
		throw new AppError(
			'invalid',
			`${where} is an encrypted key. Decrypt it with \`openssl pkey\` into a file of mode 0600.`,
		)
	if (label === '') throw fault('is not a key in PEM.')
	const der = fromBase64(body.replace(/\s/g, ''))
	if (label !== 'PRIVATE KEY' || !der)
		throw fault(`is not a PKCS#8 private key: it begins with "BEGIN ${label}".`)
	return der
}

/**
 * A ledger's key from an Ed25519 key as PKCS#8 in PEM. `name`: the name of the log. `where` begins the messages of faults. Throws
 * `invalid`.
 */
export async function ledgerKeyOf(pem: string, name: string, where: string): Promise<LedgerKey> {
	const der = derOf(pem, where)
	let key: CryptoKey
	try {
		key = await crypto.subtle.importKey('pkcs8', der, 'Ed25519', true, ['sign'])
	} catch (cause) {
		throw new AppError('invalid', `${where} is not an Ed25519 key. ${how}`, { cause })
	}
	const { d, x } = (await crypto.subtle.exportKey('jwk', key)) as { d?: string; x?: string }
	const [seed, publicKey] = [fromBase64(d ?? ''), fromBase64(x ?? '')]
	if (!seed || !publicKey) throw new Error('an Ed25519 key has both halves')
	const derive = (purpose: string) => hmac(sha256, seed, utf8(purpose))
	return {
		verifier: verifierKey(name, publicKey),
		sign: async (text) =>
			new Uint8Array(await crypto.subtle.sign('Ed25519', key, text as Uint8Array<ArrayBuffer>)),
		macKey: derive('plumbline ledger mac'),
		derive,
	}
}

/** A new key as PKCS#8 in PEM. */
export async function newKeyPem(): Promise<string> {
	const { privateKey } = (await crypto.subtle.generateKey('Ed25519', true, [
		'sign',
		'verify',
	])) as CryptoKeyPair
	const der = new Uint8Array((await crypto.subtle.exportKey('pkcs8', privateKey)) as ArrayBuffer)
	return `-----BEGIN PRIVATE KEY-----\n${btoa(String.fromCharCode(...der))}\n-----END PRIVATE KEY-----\n`
}
