import { fromBase64, sha256Hex, toBase64Url, utf8 } from './bytes.ts'
import { AppError } from './errors.ts'
import { secretReference } from './secret-reference.ts'

/** Keys of 32 bytes for AES-256-GCM, the newest first: the others decrypt what was encrypted before. */
export type CipherKeys = readonly Uint8Array[]

const keyBytes = 32
const nonceBytes = 12

/**
 * Reads keys of a setting, the newest first: base64, or references, of which the content can be several keys too. Throws
 * `invalid` with the number of the one that is wrong.
 */
export async function readCipherKeys(
	setting: string,
	given: readonly string[],
	readSecret: (reference: string) => Promise<string>,
): Promise<CipherKeys> {
	const texts: string[] = []
	for (const text of given) {
		const content = secretReference.test(text) ? await readSecret(text) : text
		texts.push(...content.split(/[\s,]+/))
	}
	return texts.map((text, i) => {
		const key = fromBase64(text)
		if (key?.length === keyBytes) return key
		const which = texts.length === 1 ? 'is' : `has ${texts.length} keys, of which number ${i + 1} is`
		throw new AppError(
			'invalid',
			`${setting} ${which} not ${keyBytes} bytes in base64. Make a key with: openssl rand -base64 ${keyBytes}`,
		)
	})
}

/** By which what a key encrypted names it. */
export const cipherKeyId = async (key: Uint8Array): Promise<string> => (await sha256Hex(key)).slice(0, 16)

const importKey = (key: Uint8Array) =>
	crypto.subtle.importKey('raw', key as Uint8Array<ArrayBuffer>, 'AES-GCM', false, ['encrypt', 'decrypt'])

/** AES-256-GCM, bound to a label: what is encrypted under one cannot be put in place of another's. */
export async function encryptBytes(
	key: Uint8Array,
	label: string,
	bytes: Uint8Array<ArrayBuffer>,
	random: (bytes: number) => Uint8Array,
): Promise<string> {
	const iv = random(nonceBytes) as Uint8Array<ArrayBuffer>
	const algorithm = { name: 'AES-GCM', iv, additionalData: utf8(label) }
	const sealed = await crypto.subtle.encrypt(algorithm, await importKey(key), bytes)
	return ['v1', await cipherKeyId(key), toBase64Url(iv), toBase64Url(new Uint8Array(sealed))].join('.')
}

/** The bytes, and whether the newest key encrypted them; `no-key` if none of the keys did, `changed` if they were altered. */
export async function decryptBytes(
	keys: CipherKeys,
	label: string,
	sealed: string,
): Promise<{ bytes: Uint8Array; isNewest: boolean } | 'no-key' | 'changed'> {
	const [version, id, iv = '', content = ''] = sealed.split('.')
	for (const [i, key] of keys.entries()) {
		if (version !== 'v1' || id !== (await cipherKeyId(key))) continue
		try {
			const algorithm = { name: 'AES-GCM', iv: fromBase64(iv) ?? utf8(''), additionalData: utf8(label) }
			const opened = await crypto.subtle.decrypt(
				algorithm,
				await importKey(key),
				fromBase64(content) ?? utf8(''),
			)
			return { bytes: new Uint8Array(opened), isNewest: i === 0 }
		} catch {
			return 'changed'
		}
	}
	return 'no-key'
}
