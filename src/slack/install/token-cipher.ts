import { fromBase64, sha256Hex, toBase64Url, utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { secretReference } from '../../core/secret-reference.ts'
import type { TokenKeys } from '../../ports/slack-client.ts'

const keyBytes = 32
const nonceBytes = 12

const setting = 'PLUMBLINE_TOKEN_KEY'
const howToMake = `Make a key with: openssl rand -base64 ${keyBytes}`

/**
 * Reads keys, the newest first: base64, or references, of which the content can be several keys too. Throws `invalid` with
 * the number of the one that is wrong.
 */
export async function readTokenKeys(
	given: readonly string[],
	readSecret: (reference: string) => Promise<string>,
): Promise<TokenKeys> {
	const texts: string[] = []
	for (const text of given) {
		const content = secretReference.test(text) ? await readSecret(text) : text
		texts.push(...content.split(/[\s,]+/))
	}
	return texts.map((text, i) => {
		const key = fromBase64(text)
		if (key?.length === keyBytes) return key
		const which = texts.length === 1 ? 'is' : `has ${texts.length} keys, of which number ${i + 1} is`
		throw new AppError('invalid', `${setting} ${which} not ${keyBytes} bytes in base64. ${howToMake}`)
	})
}

const keyId = async (key: Uint8Array): Promise<string> => (await sha256Hex(key)).slice(0, 16)

const importKey = (key: Uint8Array) =>
	crypto.subtle.importKey('raw', key as Uint8Array<ArrayBuffer>, 'AES-GCM', false, ['encrypt', 'decrypt'])

/** AES-256-GCM with the newest key, bound to the team: the token of one team cannot be put in place of another's. */
export async function sealToken(
	keys: TokenKeys,
	team: string,
	token: string,
	random: (bytes: number) => Uint8Array,
): Promise<string> {
	const [key] = keys
	if (!key)
		throw new AppError(
			'unavailable',
			'PLUMBLINE_TOKEN_KEY is not set, so the token of Slack cannot be stored.',
		)
	const iv = random(nonceBytes) as Uint8Array<ArrayBuffer>
	const algorithm = { name: 'AES-GCM', iv, additionalData: utf8(team) }
	const sealed = await crypto.subtle.encrypt(algorithm, await importKey(key), utf8(token))
	return ['v1', await keyId(key), toBase64Url(iv), toBase64Url(new Uint8Array(sealed))].join('.')
}

/** The token, and whether the newest key encrypted it. Throws `unavailable` if no key can decrypt it. */
export async function openToken(
	keys: TokenKeys,
	team: string,
	sealed: string,
): Promise<{ token: string; isNewest: boolean }> {
	const [version, id, iv = '', content = ''] = sealed.split('.')
	for (const [i, key] of keys.entries()) {
		if (version !== 'v1' || id !== (await keyId(key))) continue
		try {
			const additionalData = utf8(team)
			const algorithm = { name: 'AES-GCM', iv: fromBase64(iv) ?? utf8(''), additionalData }
			const opened = await crypto.subtle.decrypt(
				algorithm,
				await importKey(key),
				fromBase64(content) ?? utf8(''),
			)
			return { token: new TextDecoder().decode(opened), isNewest: i === 0 }
		} catch {
			throw new AppError(
				'unavailable',
				`The stored token of the workspace ${team} was changed. Install the app there again with \`plumbline slack install\`.`,
			)
		}
	}
	throw new AppError(
		'unavailable',
		`PLUMBLINE_TOKEN_KEY does not have the key of the token of the workspace ${team}. Add that key, or install the app there again.`,
	)
}
