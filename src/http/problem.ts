import { AppError, type ErrorCode, type Fault } from '../core/errors.ts'
import { storeFailure } from './store-failure.ts'

/** RFC 9457 with our closed `code` and the path of each fault. */
export type Problem = {
	type: string
	title: string
	status: number
	code: string
	detail: string
	errors: readonly Fault[]
}

/** Failures that only HTTP knows stand beside the codes of `AppError`. */
export type ProblemCode = ErrorCode | 'method-not-allowed' | 'not-acceptable' | 'headers-too-large'

export const problems: Record<ProblemCode, { status: number; title: string }> = {
	malformed: { status: 400, title: 'The body cannot be parsed' },
	unauthenticated: { status: 401, title: 'No valid key' },
	forbidden: { status: 403, title: 'Not allowed with this key' },
	'not-found': { status: 404, title: 'Not found' },
	'method-not-allowed': { status: 405, title: 'Method not allowed' },
	'not-acceptable': { status: 406, title: 'No representation that the client accepts' },
	timeout: { status: 408, title: 'The body came too slowly' },
	conflict: { status: 409, title: 'In conflict with what is there' },
	'too-large': { status: 413, title: 'Over a limit' },
	unsupported: { status: 415, title: 'Unsupported content type or encoding' },
	invalid: { status: 422, title: 'Wrong shape or content' },
	'headers-too-large': { status: 431, title: 'Headers too large' },
	internal: { status: 500, title: 'A fault of ours' },
	overloaded: { status: 503, title: 'Too busy' },
	unavailable: { status: 503, title: 'Not available at the moment' },
}

export const problemType = 'application/problem+json'

/** `type` is a path of our documentation: stable, and readable where the service runs. */
export function problem(code: ProblemCode, detail: string, errors: readonly Fault[] = []): Problem {
	return { type: `/docs#problem-${code}`, ...problems[code], code, detail, errors }
}

const defaultRetryMs = 5000
const mayRetry: readonly ErrorCode[] = ['overloaded', 'unavailable']

/** What a thrown value is to the caller. Nothing of a stack or of an unforeseen message gets out. */
export function toProblem(error: unknown): {
	problem: Problem
	headers: Record<string, string>
	ours: boolean
} {
	const known = error instanceof AppError ? error : storeFailure(error)
	if (!known || known.code === 'internal') {
		const detail = 'Something went wrong on our side; it is in the log under the request id of this answer.'
		return { problem: problem('internal', detail), headers: {}, ours: true }
	}
	const headers: Record<string, string> = {}
	if (mayRetry.includes(known.code))
		headers['retry-after'] = String(Math.max(1, Math.ceil((known.retryAfterMs ?? defaultRetryMs) / 1000)))
	if (known.code === 'unauthenticated') headers['www-authenticate'] = 'Bearer realm="plumbline"'
	return {
		problem: problem(known.code, known.textFor('http'), known.faults),
		headers,
		ours: known.code === 'unavailable',
	}
}
