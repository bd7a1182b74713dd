import type { Limits } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { gunzip } from '../../core/gunzip.ts'

export type BodyFormat = 'json' | 'ndjson'
export type OpenBody = { format: BodyFormat; stream: ReadableStream<Uint8Array> }

const formats: Record<string, BodyFormat> = {
	'application/json': 'json',
	'application/x-ndjson': 'ndjson',
	'application/ndjson': 'ndjson',
	'application/jsonl': 'ndjson',
}

/** The body of a request that brings rows: its format, and its bytes with gzip undone. */
export function openBody(request: Request, limits: Limits): OpenBody {
	const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
	const format = formats[type]
	if (!format)
		throw new AppError(
			'unsupported',
			`Content-Type "${type}" is not read here. Send application/json (an array) or application/x-ndjson.`,
		)
	return { format, stream: plainStream(request, limits) }
}

/** The bytes of a body with gzip undone under the limits. Throws `unsupported` for other encodings. */
export function plainStream(request: Request, limits: Limits): ReadableStream<Uint8Array> {
	const body = request.body ?? new Blob([]).stream()
	const encoding = (request.headers.get('content-encoding') ?? 'identity').trim().toLowerCase()
	if (encoding === 'identity' || encoding === '') return body
	if (encoding !== 'gzip' && encoding !== 'x-gzip')
		throw new AppError('unsupported', `Content-Encoding "${encoding}" is not read here. Send gzip or none.`)
	return bounded(body, limits)
}

/** Unpacks a body under the limits: what it claims to be is not known before. */
function bounded(body: ReadableStream<Uint8Array>, limits: Limits): ReadableStream<Uint8Array> {
	let packed = 0
	const counted = body.pipeThrough(
		new TransformStream<Uint8Array, Uint8Array>({
			transform(chunk, controller) {
				packed += chunk.byteLength
				controller.enqueue(chunk)
			},
		}),
	)
	let plain = 0
	return gunzip(counted).pipeThrough(
		new TransformStream<Uint8Array, Uint8Array>({
			transform(chunk, controller) {
				plain += chunk.byteLength
				if (plain > limits.gunzippedBytes)
					throw new AppError(
						'too-large',
						`The body is over ${limits.gunzippedBytes} bytes when unpacked (limit gunzippedBytes). Send it in parts.`,
					)
				// Small bodies may be very regular; a bomb is large.
				if (plain > 2 ** 20 && plain > packed * limits.gunzipRatio)
					throw new AppError(
						'too-large',
						`The body unpacks to over ${limits.gunzipRatio} times its size (limit gunzipRatio). Send it unpacked or in parts.`,
					)
				controller.enqueue(chunk)
			},
		}),
	)
}

/** Whether an error came from the bytes of a gzip body rather than from us. */
export function bodyError(error: unknown): unknown {
	if (error instanceof AppError) return error
	const text = String((error as { cause?: unknown }).cause ?? error)
	if (/gzip|header|zlib|Z_|unexpected end|incorrect|trailing|decompress|corrupt|invalid/i.test(text))
		return new AppError(
			'malformed',
			`The gzip body cannot be unpacked: ${text}. Nothing after the damage was read.`,
			{ cause: error },
		)
	if (/aborted|ECONNRESET|terminated|premature/i.test(text))
		return new AppError('malformed', 'The body ended early.', { cause: error })
	return error
}
