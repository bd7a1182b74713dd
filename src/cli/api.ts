import { AppError } from '../core/errors.ts'
import { sleep } from '../core/retry.ts'
import type { Terminal } from './command.ts'

export type ApiAnswer = { status: number; headers: Headers; body: unknown }

type CallOptions = {
	json?: unknown
	body?: BodyInit
	type?: string
	gzip?: boolean
	allow?: readonly number[]
	/** The body is the response itself, to be read as it comes. */
	isFile?: boolean
}
type Problem = { detail?: string; errors?: { path: string; message: string }[] }

/** Calls the service with the key from the environment. Throws with what to do if it is unreachable or refuses. */
export async function callApi(
	{ config }: Terminal,
	method: string,
	path: string,
	options: CallOptions = {},
): Promise<ApiAnswer> {
	const key = config.PLUMBLINE_KEY ?? config.PLUMBLINE_ADMIN_KEY
	if (key === undefined)
		throw new AppError(
			'unauthenticated',
			'Set PLUMBLINE_KEY to a key of the service; `plumbline keys create --role admin` creates one.',
		)
	const headers = new Headers({ authorization: `Bearer ${key}` })
	const body = options.json === undefined ? options.body : JSON.stringify(options.json)
	if (body !== undefined) headers.set('content-type', options.type ?? 'application/json')
	if (options.gzip) headers.set('content-encoding', 'gzip')
	let response: Response
	let text: string
	try {
		response = await fetch(`${config.PLUMBLINE_URL}${path}`, {
			method,
			headers,
			...(body === undefined ? {} : { body, duplex: 'half' }),
		} as RequestInit)
		text = options.isFile && response.ok ? '' : await response.text()
	} catch (cause) {
		throw new AppError(
			'unavailable',
			`There is no service at ${config.PLUMBLINE_URL}: ${reason(cause)}. Start it with \`plumbline serve\`, or set PLUMBLINE_URL.`,
			{ cause },
		)
	}
	if (options.isFile && response.ok)
		return { status: response.status, headers: response.headers, body: response }
	const answer = { status: response.status, headers: response.headers, body: parse(text) }
	if (response.ok || options.allow?.includes(response.status)) return answer
	throw new AppError(response.status === 404 ? 'not-found' : 'invalid', describe(answer, method, path))
}

/** A file of the service, which is not in memory as a whole. */
export const fetchFile = async (terminal: Terminal, path: string): Promise<Response> =>
	(await callApi(terminal, 'GET', path, { isFile: true })).body as Response

const firstPauseMs = 200
const maxPauseMs = 10_000
const giveUpAfterMs = 5 * 60_000
const busy = [429, 503]

/** Like `callApi`, but retries for up to five minutes while the service is busy or unreachable. */
export async function callWithRetries(
	terminal: Terminal,
	method: string,
	path: string,
	options: CallOptions = {},
): Promise<ApiAnswer> {
	const until = terminal.now() + giveUpAfterMs
	for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, maxPauseMs)) {
		let waitMs = pause
		try {
			const answer = await callApi(terminal, method, path, {
				...options,
				allow: [...(options.allow ?? []), ...busy],
			})
			if (!busy.includes(answer.status)) return answer
			waitMs = Number(answer.headers.get('retry-after')) * 1000 || pause
			if (terminal.now() > until) throw new AppError('overloaded', describe(answer, method, path))
		} catch (error) {
			if (!(error instanceof AppError && error.code === 'unavailable') || terminal.now() > until) throw error
		}
		await sleep(waitMs)
	}
}

const reason = (error: unknown): string =>
	String((error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message)

function parse(text: string): unknown {
	try {
		return JSON.parse(text)
	} catch {
		return text
	}
}

/** What was refused and why, in the words of the service, with the request id for its log. */
function describe({ status, headers, body }: ApiAnswer, method: string, path: string): string {
	const { detail, errors = [] } = (typeof body === 'object' && body !== null ? body : {}) as Problem
	const faults = errors.slice(0, 10).map((e) => `\n  ${e.path}: ${e.message}`)
	const text = detail ?? (typeof body === 'string' ? body : JSON.stringify(body)).slice(0, 300)
	const id = headers.get('x-request-id')
	return `${method} ${path} returned ${status}: ${text}${id ? ` (request ${id})` : ''}${faults.join('')}`
}
