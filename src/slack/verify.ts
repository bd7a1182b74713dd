import { hmacSha256, sameText, toHex, utf8 } from '../core/bytes.ts'

const maxSkewSeconds = 300

/** Whether the headers have a well-formed signature and a recent timestamp; the signature itself is not checked. */
export function isFresh(headers: Headers, nowMs: number): boolean {
	const timestamp = headers.get('x-slack-request-timestamp') ?? ''
	const signature = headers.get('x-slack-signature') ?? ''
	if (!/^v0=[0-9a-f]{64}$/.test(signature)) return false
	return /^\d{1,12}$/.test(timestamp) && Math.abs(nowMs / 1000 - Number(timestamp)) <= maxSkewSeconds
}

/**
 * Whether a request is from Slack: its signature is `v0=` and the HMAC-SHA-256 of `v0:{timestamp}:{raw body}`, and its
 * timestamp is at most five minutes in the past or future (a later one would stay valid longer).
 */
export async function isFromSlack(
	secret: string,
	headers: Headers,
	body: Uint8Array,
	nowMs: number,
): Promise<boolean> {
	const timestamp = headers.get('x-slack-request-timestamp') ?? ''
	const signature = headers.get('x-slack-signature') ?? ''
	if (!isFresh(headers, nowMs)) return false
	const prefix = utf8(`v0:${timestamp}:`)
	const signed = new Uint8Array(prefix.length + body.length)
	signed.set(prefix)
	signed.set(body, prefix.length)
	return sameText(`v0=${toHex(await hmacSha256(utf8(secret), signed))}`, signature)
}
