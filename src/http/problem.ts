import { AppError, type ErrorCode, type Fault } from '../core/errors.ts'

/** RFC 9457, with a `code` from a closed list and the path of each fault. */
type Problem = {
	type: string
	title: string
	status: number
	code: string
	detail: string
	errors: readonly Fault[]
}

/** The codes of `AppError`, and failures that only HTTP has. */
export type ProblemCode = ErrorCode | 'method-not-allowed' | 'not-acceptable' | 'headers-too-large'

export const problems: Record<ProblemCode, { status: number; title: string }> = {
	malformed: { status: 400, title: 'The body cannot be parsed' },
	unauthenticated: { status: 401, title: 'No valid key' },
	forbidden: { status: 403, title: 'Not allowed with this key' },
	'not-found': { status: 404, title: 'Not found' },
	'method-not-allowed': { status: 405, title: 'Method not allowed' },
	'not-acceptable': { status: 406, title: 'No representation that the client accepts' },
	timeout: { status: 408, title: 'The body arrived too slowly' },
	conflict: { status: 409, title: 'In conflict with the current state' },
	'own-request': { status: 403, title: 'Your own request' },
	'digest-changed': { status: 409, title: 'The action has changed' },
	expired: { status: 409, title: 'Expired' },
	'not-open': { status: 409, title: 'Already decided' },
	'already-voted': { status: 409, title: 'Already voted' },
	stale: { status: 409, title: 'The target has changed' },
	'needs-approval': { status: 409, title: 'Needs approval' },
	unsatisfiable: { status: 409, title: 'Too few people can approve' },
	frozen: { status: 409, title: 'Frozen by a rollback' },
	'gate-failed': { status: 409, title: 'Gate not passed' },
	'on-hold': { status: 409, title: 'On hold' },
	erased: { status: 410, title: 'Erased' },
	'too-large': { status: 413, title: 'Over a limit' },
	unsupported: { status: 415, title: 'Unsupported content type or encoding' },
	invalid: { status: 422, title: 'Invalid request' },
	'headers-too-large': { status: 431, title: 'Headers too large' },
	internal: { status: 500, title: 'Internal error' },
	overloaded: { status: 503, title: 'Too busy' },
	unavailable: { status: 503, title: 'Currently unavailable' },
}

export const problemType = 'application/problem+json'

/** `type` is a path of the documentation that this service itself serves. */
export function problem(code: ProblemCode, detail: string, errors: readonly Fault[] = []): Problem {
	return { type: `/docs#problem-${code}`, ...problems[code], code, detail, errors }
}

const defaultRetryMs = 5000
const mayRetry: readonly ErrorCode[] = ['overloaded', 'unavailable']

/** Turns a thrown value into a problem. Stacks and unexpected messages never reach the client. */
export function toProblem(error: unknown): {
	problem: Problem
	headers: Record<string, string>
	isInternal: boolean
} {
	const known = error instanceof AppError ? error : storeFailure(error)
	if (!known || known.code === 'internal') {
		const detail =
			'Something went wrong on our side. The log has the details under the request id of this response.'
		return { problem: problem('internal', detail), headers: {}, isInternal: true }
	}
	const headers: Record<string, string> = {}
	if (mayRetry.includes(known.code))
		headers['retry-after'] = String(Math.max(1, Math.ceil((known.retryAfterMs ?? defaultRetryMs) / 1000)))
	if (known.code === 'needs-approval' && known.details?.request !== undefined)
		headers.location = `/v1/requests/${known.details.request}`
	if (known.code === 'unauthenticated') headers['www-authenticate'] = 'Bearer realm="plumbline"'
	return {
		problem: { ...problem(known.code, known.textFor('http'), known.faults), ...known.details },
		headers,
		isInternal: known.code === 'unavailable',
	}
}

const advice: { pattern: RegExp; retryAfterMs: number; detail: string }[] = [
	{
		pattern: /SQLITE_BUSY|SQLITE_LOCKED|database (table )?is locked/,
		retryAfterMs: 1000,
		detail: 'Another process has locked the database. Nothing was changed: send the request again.',
	},
	{
		pattern: /SQLITE_FULL|database or disk is full|ENOSPC/,
		retryAfterMs: 30_000,
		detail:
			'The disk of the database is full. Nothing was changed: free some space, then send the request again.',
	},
	{
		pattern: /SQLITE_READONLY|readonly database/,
		retryAfterMs: 30_000,
		detail:
			'The database file is read-only. Nothing was changed: give the service write access to the file and its folder.',
	},
	{
		pattern: /SQLITE_CORRUPT|SQLITE_NOTADB|not a database|malformed/,
		retryAfterMs: 60_000,
		detail:
			'The database file is damaged. Stop the service and restore the last backup with `plumbline restore`.',
	},
	{
		pattern: /SQLITE_IOERR|SQLITE_CANTOPEN|disk I\/O error|unable to open database/,
		retryAfterMs: 10_000,
		detail:
			'The database file cannot be read or written. Check that its disk is mounted and healthy, then send the request again.',
	},
	{
		pattern: /ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|SERVER_ERROR|HRANA|fetch failed/,
		retryAfterMs: 5000,
		detail:
			'The database server cannot be reached. Check PLUMBLINE_DATABASE_URL and the network, then send the request again.',
	},
]

/** The messages of an error and its causes: drizzle and the driver each wrap the failure of the layer below. */
function* chain(error: unknown): Generator<string> {
	for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++)
		yield `${(at as { code?: unknown }).code ?? ''} ${at.message}`
}

const fromDriver = (text: string) =>
	/SQLITE_|LibsqlError|database|D1_|ENOSPC|HRANA|SERVER_ERROR|ECONN|ENOTFOUND|ETIMEDOUT|fetch failed/.test(
		text,
	)

/** An `unavailable` error that says what to do, if the database cannot be read or written. */
export function storeFailure(error: unknown): AppError | undefined {
	for (const text of chain(error)) {
		if (!fromDriver(text)) continue
		const found = advice.find((a) => a.pattern.test(text))
		if (found)
			return new AppError('unavailable', found.detail, { cause: error, retryAfterMs: found.retryAfterMs })
	}
	return undefined
}
