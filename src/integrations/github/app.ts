import { z } from 'zod'
import { utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { minuteMs, secondMs } from '../../core/time.ts'
import { answered, callTarget, jsonOf, type TargetContext } from '../target.ts'

/** A GitHub App that Plumbline acts as. `key` refers to its private key in PEM. */
export type GithubApp = { api: string; id: string; key: string }

export const githubHeaders = (token: string): Record<string, string> => ({
	authorization: `Bearer ${token}`,
	accept: 'application/vnd.github+json',
	'content-type': 'application/json',
	'user-agent': 'plumbline',
	'x-github-api-version': '2022-11-28',
})

const base64url = (bytes: Uint8Array): string =>
	btoa(String.fromCharCode(...bytes))
		.replaceAll('+', '-')
		.replaceAll('/', '_')
		.replace(/=+$/, '')

/** DER: a tag, the length in as many bytes as it takes, the content. */
function der(tag: number, content: Uint8Array): Uint8Array {
	const { length } = content
	const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
	return Uint8Array.from([tag, ...size, ...content])
}

// PKCS#8's header of an RSA key: version 0, and the algorithm rsaEncryption.
const rsaHeader = [2, 1, 0, 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0]

/** GitHub gives keys as PKCS#1; Web Crypto reads PKCS#8. */
async function signingKey(pem: string): Promise<CryptoKey> {
	const [, kind, text = ''] = /-----BEGIN (RSA )?PRIVATE KEY-----([\s\S]+?)-----END/.exec(pem) ?? []
	try {
		const given = Uint8Array.from(atob(text.replace(/\s+/g, '')), (c) => c.charCodeAt(0))
		const pkcs8 = kind ? der(0x30, Uint8Array.from([...rsaHeader, ...der(4, given)])) : given
		const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
		return await crypto.subtle.importKey('pkcs8', pkcs8 as Uint8Array<ArrayBuffer>, algorithm, false, [
			'sign',
		])
	} catch {
		throw new AppError(
			'invalid',
			'PLUMBLINE_GITHUB_APP_KEY must refer to the private key of the app, in PEM.',
		)
	}
}

/** A token of the app in one of its installations, which GitHub lets live for an hour. */
export async function installationToken(
	context: TargetContext,
	app: GithubApp,
	installation: number,
): Promise<string> {
	const key = await signingKey(await context.readSecret(app.key))
	const now = context.now()
	// A minute back, as GitHub advises for clocks that differ.
	const claims = {
		iat: Math.floor((now - minuteMs) / secondMs),
		exp: Math.floor((now + 5 * minuteMs) / secondMs),
	}
	const parts = [
		{ alg: 'RS256', typ: 'JWT' },
		{ ...claims, iss: app.id },
	]
	const text = parts.map((part) => base64url(utf8(JSON.stringify(part)))).join('.')
	const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, utf8(text))
	const jwt = `${text}.${base64url(new Uint8Array(signature))}`
	const reply = await callTarget(context, {
		method: 'POST',
		url: `${app.api}/app/installations/${installation}/access_tokens`,
		headers: githubHeaders(jwt),
		body: '{}',
		timeoutMs: 10 * secondMs,
		secrets: [jwt],
	})
	const token = z.object({ token: z.string() }).safeParse(reply.ok ? jsonOf(reply) : undefined)
	if (token.success) return token.data.token
	const why = reply.ok ? answered(reply) : reply.message
	throw new AppError('unavailable', `GitHub gives no token for the installation ${installation}: ${why}.`)
}
