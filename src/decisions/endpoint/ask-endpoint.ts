import type { Context } from '../../context.ts'
import { collectBytes } from '../../core/collect-bytes.ts'
import { matchesGlob } from '../../core/glob.ts'
import { peerText } from '../../core/peer-text.ts'
import type { Result } from '../../core/result.ts'
import type { Endpoint } from '../../explain/manifest.ts'
import { type Row, readScores, requestBody } from './protocol.ts'

const requestMs = 10_000
const maxBytes = 16 * 2 ** 20

/** Why the endpoint is not to be asked; undefined when it may. Only hosts that the service's administrator has named are. */
export function refusalOf({ endpoints }: Pick<Context, 'endpoints'>, url: URL): string | undefined {
	if (url.username !== '' || url.password !== '')
		return 'a URL with a password in it is not asked; use PLUMBLINE_ENDPOINT_TOKEN'
	const hosts = endpoints?.hosts ?? []
	if (
		hosts.some((glob) => matchesGlob(glob, url.host) || (url.port === '' && matchesGlob(glob, url.hostname)))
	)
		return undefined
	return `the endpoint's host ${url.host} is not among those that may be asked; an administrator can allow it with PLUMBLINE_ENDPOINT_HOSTS=${url.host}`
}

/** Scores of rows from the model's endpoint. Redirects are not followed: they could lead to other hosts. */
export async function askEndpoint(
	context: Pick<Context, 'fetch' | 'endpoints'>,
	endpoint: Endpoint,
	features: readonly string[],
	rows: readonly Row[],
	deadline: AbortSignal,
): Promise<Result<Float64Array[]>> {
	const url = new URL(endpoint.url)
	const refusal = refusalOf(context, url)
	if (refusal !== undefined) return failure(refusal)
	const { token } = context.endpoints ?? {}
	try {
		const response = await context.fetch(url, {
			method: 'POST',
			redirect: 'manual',
			signal: AbortSignal.any([deadline, AbortSignal.timeout(requestMs)]),
			headers: {
				'content-type': 'application/json',
				accept: 'application/json',
				...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
			},
			body: JSON.stringify(requestBody(endpoint, features, rows)),
		})
		if (!response.ok) {
			await response.body?.cancel()
			const redirected = response.status < 400 ? ', a redirect, which is not followed' : ''
			return failure(
				`the endpoint ${url.host} answered ${response.status}${redirected}`,
				response.status >= 500,
			)
		}
		const bytes = await collectBytes(response.body, maxBytes)
		if (!bytes) return failure(`the endpoint ${url.host} answered more than ${maxBytes} bytes`)
		return { ok: true, value: readScores(endpoint, JSON.parse(new TextDecoder().decode(bytes)), rows.length) }
	} catch (error) {
		return failure(
			`the endpoint ${url.host} cannot be used: ${reasonOf(error, deadline)}`,
			!(error instanceof RangeError),
		)
	}
}

const failure = (message: string, retryable = false) => ({
	ok: false as const,
	error: { message, retryable },
})

function reasonOf(error: unknown, deadline: AbortSignal): string {
	if (error instanceof SyntaxError) return 'its answer is not JSON'
	const { cause, message, name } = error as Error & { cause?: { code?: string; message?: string } }
	if (deadline.aborted) return 'it took too long in all'
	if (name === 'TimeoutError') return `it did not answer within ${requestMs / 1000} s`
	return peerText(cause?.message || cause?.code || message)
}
