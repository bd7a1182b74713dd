const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export const toHex = (bytes: Uint8Array): string => {
	let text = ''
	for (const byte of bytes) text += hexDigits[byte]
	return text
}

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** SHA-256 by Web Crypto, so that it runs alike on Node and on workers. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
	return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

/** 64 hexadecimal digits; of a text, of its UTF-8. */
export const sha256Hex = async (content: string | Uint8Array): Promise<string> =>
	toHex(await sha256(typeof content === 'string' ? utf8(content) : (content as Uint8Array<ArrayBuffer>)))

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
	a.length === b.length && a.every((x, i) => x === b[i])

export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))

/** Base64 for URLs, without padding. */
export const toBase64Url = (bytes: Uint8Array): string =>
	toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

/** The bytes of either kind of base64; undefined if it is neither. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
	try {
		return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
	} catch {
		return undefined
	}
}

export async function hmacSha256(
	key: Uint8Array<ArrayBuffer>,
	message: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
	const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, [
		'sign',
	])
	return new Uint8Array(await crypto.subtle.sign('HMAC', imported, message))
}

/** Compares signatures in constant time. */
export function sameText(a: string, b: string): boolean {
	let difference = a.length ^ b.length
	for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % Math.max(1, b.length))
	return difference === 0
}
