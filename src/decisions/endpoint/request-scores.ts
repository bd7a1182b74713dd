import type { Context } from '../../context.ts'
import { collectBytes } from '../../core/collect-bytes.ts'
import { matchesGlob } from '../../core/glob.ts'
import { peerText } from '../../core/peer-text.ts'
import type { Result } from '../../core/result.ts'
import type { Endpoint } from '../../explain/manifest.ts'

const requestMs = 10_000
const maxBytes = 16 * 2 ** 20

/** Why the endpoint must not be called; undefined when it may. Only hosts that the administrator allowed are called. */
function refusalOf({ endpoints }: Pick<Context, 'endpoints'>, url: URL): string | undefined {
	if (url.username !== '' || url.password !== '')
		return 'a URL with a password is not called; use PLUMBLINE_ENDPOINT_TOKEN'
	const hosts = endpoints?.hosts ?? []
	if (
		hosts.some((glob) => matchesGlob(glob, url.host) || (url.port === '' && matchesGlob(glob, url.hostname)))
	)
		return undefined
	return `the endpoint's host ${url.host} is not allowed; an administrator can allow it with PLUMBLINE_ENDPOINT_HOSTS=${url.host}`
}

/** Requests the scores of rows from the model's endpoint. Redirects are not followed: they could lead to other hosts. */
export async function requestScores(
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
		if (!bytes) return failure(`the answer of the endpoint ${url.host} is over ${maxBytes} bytes`)
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
	if (deadline.aborted) return 'all requests together took too long'
	if (name === 'TimeoutError') return `it did not answer within ${requestMs / 1000} s`
	return peerText(cause?.message || cause?.code || message)
}

export type Row = Readonly<Record<string, unknown>>

/** A feature of a row; null when the row does not have it. */
export const cell = (row: Row, feature: string): unknown =>
	Object.hasOwn(row, feature) ? (row[feature] ?? null) : null

/** The body of a request for the scores of rows. Throws RangeError where values do not fit a table of numbers. */
function requestBody({ format, input }: Endpoint, features: readonly string[], rows: readonly Row[]): object {
	if (format === 'plumbline')
		return { instances: rows.map((row) => Object.fromEntries(features.map((f) => [f, cell(row, f)]))) }
	if (input === undefined) return { inputs: features.map((feature) => tensor(feature, rows)) }
	const data = rows.flatMap((row) => features.map((feature) => numberOf(cell(row, feature), feature)))
	return { inputs: [{ name: input, shape: [rows.length, features.length], datatype: 'FP64', data }] }
}

function numberOf(value: unknown, feature: string): unknown {
	if (value === null || typeof value === 'number') return value
	if (typeof value === 'boolean') return Number(value)
	throw new RangeError(
		`${feature} is not a number, and the endpoint takes one table of numbers; leave \`input\` out of the manifest's endpoint if it takes one tensor a feature`,
	)
}

/** A feature as a tensor: of texts if any value is a text. */
function tensor(name: string, rows: readonly Row[]): object {
	const values = rows.map((row) => cell(row, name))
	const shape = [rows.length, 1]
	if (values.some((v) => typeof v === 'string'))
		return { name, shape, datatype: 'BYTES', data: values.map((v) => (v === null ? null : String(v))) }
	const isBoolean = values.every((v) => typeof v === 'boolean')
	return isBoolean
		? { name, shape, datatype: 'BOOL', data: values }
		: { name, shape, datatype: 'FP64', data: values.map((v) => (typeof v === 'boolean' ? Number(v) : v)) }
}

/** The scores in a response, row by row. Throws RangeError with what is wrong. */
function readScores({ format, output }: Endpoint, body: unknown, rows: number): Float64Array[] {
	const data = format === 'v2' ? tensorData(body, output) : members(body).predictions
	if (!Array.isArray(data))
		throw new RangeError(`its answer has no ${format === 'v2' ? 'outputs[].data' : 'predictions'}`)
	const flat = data.flat(4)
	const width = flat.length / rows
	if (!Number.isInteger(width) || width < 1)
		throw new RangeError(`it answered ${flat.length} numbers for ${rows} rows`)
	if (!flat.every((v) => typeof v === 'number' && Number.isFinite(v)))
		throw new RangeError('its answer holds a value that is not a number')
	return Array.from({ length: rows }, (_, r) => Float64Array.from(flat.slice(r * width, (r + 1) * width)))
}

const members = (value: unknown): Record<string, unknown> =>
	typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

function tensorData(body: unknown, wanted: string | undefined): unknown {
	const { outputs } = members(body)
	const all = Array.isArray(outputs) ? outputs.map(members) : []
	const named = all.filter(({ name }) =>
		wanted === undefined ? /prob/i.test(String(name)) : name === wanted,
	)
	const found = wanted === undefined && all.length === 1 ? all : named
	if (found.length === 1) return found[0]?.data
	const names = all.map(({ name }) => JSON.stringify(name)).slice(0, 10)
	throw new RangeError(
		`it is unknown which of its outputs holds the scores (${names.join(', ') || 'there are none'}); name it in the manifest's endpoint as \`output\``,
	)
}
