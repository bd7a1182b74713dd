import { type Hint, hintText, type Transport } from './hints.ts'

/** The closed list of failures that callers can distinguish. Each transport maps them once. */
export type ErrorCode =
	| 'invalid' // the request has the wrong shape or content (HTTP 422)
	| 'malformed' // the body cannot be parsed at all (400)
	| 'unauthenticated' // no key, or an unknown, revoked or expired one (401)
	| 'forbidden' // outside the key's role or model scope (403)
	| 'not-found' // (404)
	| 'timeout' // the body came too slowly (408)
	| 'conflict' // the object changed, or exists with other content (409)
	| 'own-request' // the person asked for it, so somebody else has to vote (403)
	| 'digest-changed' // another action than the one that was shown (409)
	| 'expired' // too late for a vote (409)
	| 'not-open' // already decided or cancelled (409)
	| 'already-voted' // the person has voted (409)
	| 'stale' // the target is not as the action expects (409)
	| 'needs-approval' // a protected environment; `details.request` is what was drafted (409)
	| 'unsatisfiable' // fewer people can approve than the policy needs (409)
	| 'frozen' // a rollback left this version (409)
	| 'gate-failed' // a version has not passed what its policy demands (409)
	| 'on-hold' // a legal hold forbids it (409)
	| 'erased' // the prediction was erased (410)
	| 'too-large' // over a limit that the message names (413)
	| 'unsupported' // content type or encoding (415)
	| 'overloaded' // try again after `retryAfterMs` (503)
	| 'unavailable' // the store or a peer cannot be reached or written (503)
	| 'internal' // our bug (500)

export type Fault = { path: string; message: string }

/**
 * What use cases throw. `message` says what is wrong, for the person who has to act on it; `hint` says where to go next, which
 * each transport words in its own way.
 */
export class AppError extends Error {
	readonly code: ErrorCode
	readonly faults: readonly Fault[]
	readonly retryAfterMs: number | undefined
	readonly hint: Hint | undefined
	/** Further members of the answer, such as the id of the request to vote on. */
	readonly details: Readonly<Record<string, string>> | undefined

	constructor(
		code: ErrorCode,
		message: string,
		options: {
			cause?: unknown
			faults?: readonly Fault[]
			retryAfterMs?: number
			hint?: Hint | undefined
			details?: Readonly<Record<string, string>>
		} = {},
	) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause })
		this.name = 'AppError'
		this.code = code
		this.faults = options.faults ?? []
		this.retryAfterMs = options.retryAfterMs
		this.hint = options.hint
		this.details = options.details
	}

	/** The message with the hint, as one transport shows it. */
	textFor(transport: Transport): string {
		return this.hint === undefined ? this.message : `${this.message} ${hintText(this.hint, transport)}`
	}
}
