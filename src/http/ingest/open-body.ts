import { AppError } from '../../core/errors.ts'
import { gunzip } from '../../core/gunzip.ts'
import type { RequestBody } from '../body.ts'
import { mediaType } from '../read-json.ts'

export type BodyFormat = 'json' | 'ndjson'
export type Bytes = AsyncIterable<Uint8Array<ArrayBuffer>>

const formats: Record<string, BodyFormat> = {
	'application/json': 'json',
	'application/x-ndjson': 'ndjson',
	'application/ndjson': 'ndjson',
	'application/jsonl': 'ndjson',
}

/** The format of a body with rows. Throws `unsupported`, and `too-large` if the announced size is over the limit. */
export function rowsFormat(headers: Headers, body: RequestBody): BodyFormat {
	const { type } = mediaType(headers.get('content-type'))
	const format = formats[type]
	if (!format)
		throw new AppError(
			'unsupported',
			`Content-Type "${type}" is not supported here. Send application/json (an array) or application/x-ndjson.`,
		)
	body.within(format === 'json' ? 'jsonBytes' : 'bodyBytes')
	return format
}

/** The bytes of a body, with gzip unpacked under the limits. Throws `unsupported` for other encodings. */
export function plainBytes(headers: Headers, body: RequestBody): Bytes {
	const encoding = (headers.get('content-encoding') ?? 'identity').trim().toLowerCase()
	if (encoding === 'identity' || encoding === '') return body
	if (encoding !== 'gzip' && encoding !== 'x-gzip')
		throw new AppError(
			'unsupported',
			`Content-Encoding "${encoding}" is not supported here. Send gzip or none.`,
		)
	return unpacked(body)
}

/** Memory that unpacking needs. */
const unpackingBytes = 128 * 1024

/** Unpacks a body under the limits: its unpacked size is unknown beforehand. */
async function* unpacked(body: RequestBody): AsyncGenerator<Uint8Array<ArrayBuffer>> {
	const { limits, breather } = body
	await body.hold.take(unpackingBytes)
	let packed = 0
	async function* counted() {
		for await (const chunk of body) {
			packed += chunk.byteLength
			yield chunk
		}
	}
	let plain = 0
	for await (const chunk of gunzip(counted(), false)) {
		plain += chunk.byteLength
		if (plain > limits.gunzippedBytes)
			throw new AppError(
				'too-large',
				`The body is over ${limits.gunzippedBytes} bytes when unpacked (limit gunzippedBytes). Send it in parts.`,
			)
		// Small bodies can have a high ratio; a zip bomb is large.
		if (plain > 2 ** 20 && plain > packed * limits.gunzipRatio)
			throw new AppError(
				'too-large',
				`The body unpacks to over ${limits.gunzipRatio} times its size (limit gunzipRatio). Send it unpacked or in parts.`,
			)
		breather.allow(chunk.byteLength)
		breather.wake()
		yield chunk as Uint8Array<ArrayBuffer>
	}
}
