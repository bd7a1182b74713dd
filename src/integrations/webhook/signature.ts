import { Webhook } from 'standardwebhooks'
import { sameText } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { secondMs } from '../../core/time.ts'

const maxSkewSeconds = 300
const prefix = 'whsec_'

/** A secret of Standard Webhooks; `reference` is where it is from. */
export type Secret = { text: string; reference: string }

/** The signer for a secret of Standard Webhooks. Throws `invalid` without the secret. */
export function signer({ text, reference }: Secret): Webhook {
	if (text.startsWith(prefix)) {
		try {
			return new Webhook(text)
		} catch {}
	}
	throw new AppError(
		'invalid',
		`The secret ${reference} cannot be used: it must be ${prefix} and the key in Base64.`,
	)
}

/** The headers of Standard Webhooks for a body sent now. */
export function signedHeaders(
	secret: Secret,
	id: string,
	nowMs: number,
	body: string,
): Record<string, string> {
	return {
		'webhook-id': id,
		'webhook-timestamp': String(Math.floor(nowMs / secondMs)),
		'webhook-signature': signer(secret).sign(id, new Date(nowMs), body),
	}
}

const standardHeaders = { id: 'webhook-id', timestamp: 'webhook-timestamp', signature: 'webhook-signature' }

/**
 * Whether a body was signed with the key within the last five minutes. A timestamp ahead is checked too: it would stay valid
 * for longer.
 */
export function isSigned(
	key: Webhook,
	headers: Headers,
	body: Uint8Array,
	nowMs: number,
	names = standardHeaders,
): boolean {
	const id = headers.get(names.id) ?? ''
	const timestamp = headers.get(names.timestamp) ?? ''
	const signatures = headers.get(names.signature) ?? ''
	if (id === '' || id.length > 256 || signatures.length > 4096 || !/^\d{1,12}$/.test(timestamp)) return false
	if (Math.abs(nowMs / secondMs - Number(timestamp)) > maxSkewSeconds) return false
	const text = new TextDecoder().decode(body)
	const expected = key.sign(id, new Date(Number(timestamp) * secondMs), text)
	// During a rotation the sender signs with the old key and the new one.
	return signatures.split(' ').some((signature) => sameText(signature, expected))
}
