import { Webhook } from 'standardwebhooks'
import { sameText } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { secondMs } from '../../core/time.ts'

const maxSkewSeconds = 300
const prefix = 'whsec_'

/** The signer for a secret of Standard Webhooks. Throws `invalid` without the secret. `reference` is where it is from. */
function signer(secret: string, reference: string): Webhook {
	if (secret.startsWith(prefix)) {
		try {
			return new Webhook(secret)
		} catch {}
	}
	throw new AppError(
		'invalid',
		`The secret ${reference} cannot be used: it must be ${prefix} and the key in Base64.`,
	)
}

export type Secret = { text: string; reference: string }

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
		'webhook-signature': signer(secret.text, secret.reference).sign(id, new Date(nowMs), body),
	}
}

/**
 * Whether a body was signed with the secret within the last five minutes. A timestamp ahead is checked too: it would stay
 * valid for longer.
 */
export function isSigned(secret: Secret, headers: Headers, body: Uint8Array, nowMs: number): boolean {
	const id = headers.get('webhook-id') ?? ''
	const timestamp = headers.get('webhook-timestamp') ?? ''
	const signatures = headers.get('webhook-signature') ?? ''
	if (id === '' || id.length > 256 || signatures.length > 4096 || !/^\d{1,12}$/.test(timestamp)) return false
	if (Math.abs(nowMs / secondMs - Number(timestamp)) > maxSkewSeconds) return false
	const text = new TextDecoder().decode(body)
	const expected = signer(secret.text, secret.reference).sign(
		id,
		new Date(Number(timestamp) * secondMs),
		text,
	)
	// During a rotation the sender signs with the old key and the new one.
	return signatures.split(' ').some((signature) => sameText(signature, expected))
}
