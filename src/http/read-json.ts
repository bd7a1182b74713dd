import { AppError } from '../core/errors.ts'
import { whyNotJson } from '../core/json-faults.ts'
import { unstorable } from './clean-json.ts'
import { invalid } from './faults.ts'

/** `type/subtype` in lower case, and its parameters. */
export function mediaType(header: string | null): { type: string; charset: string | undefined } {
	const [type = '', ...parameters] = (header ?? '').split(';')
	const charset = parameters
		.map((p) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/i.exec(p)?.[1])
		.find((c) => c !== undefined)
	return { type: type.trim().toLowerCase(), charset: charset?.toLowerCase() }
}

const isJson = (type: string) => type === 'application/json' || /^application\/[\w.-]+\+json$/.test(type)
const isUtf8 = (charset: string | undefined) =>
	charset === undefined || charset === 'utf-8' || charset === 'utf8'

/**
 * The parsed JSON body of a request of the control plane, checked to be storable; undefined when it is empty and
 * may be. Throws `unsupported`, `too-large`, `malformed` or `invalid`, in this order.
 */
export async function readJson(request: Request, limitBytes: number, optional: boolean): Promise<unknown> {
	const length = request.headers.get('content-length')
	const declared = length === null ? undefined : Number(length)
	const chunked = request.headers.has('transfer-encoding')
	if (optional && !chunked && (declared === undefined || declared === 0)) return undefined
	checkType(request)
	if (declared !== undefined && declared > limitBytes) throw tooLarge(limitBytes)
	const bytes = declared === undefined ? await collect(request.body, limitBytes) : await whole(request)
	if (bytes.byteLength === 0) {
		if (optional) return undefined
		throw new AppError('malformed', 'The body is empty; it must be a JSON object.')
	}
	const value = parse(bytes)
	const faults = unstorable(value)
	if (faults.length > 0) throw invalid('body', faults)
	return value
}

function checkType(request: Request): void {
	const encoding = request.headers.get('content-encoding')?.trim().toLowerCase()
	if (encoding && encoding !== 'identity')
		throw new AppError(
			'unsupported',
			`Content-Encoding ${encoding} is not taken here: send the JSON as it is. Rows may be gzipped.`,
		)
	const { type, charset } = mediaType(request.headers.get('content-type'))
	if (!isJson(type))
		throw new AppError(
			'unsupported',
			`Content-Type ${type || '(none)'} is not taken here: send application/json.`,
		)
	if (!isUtf8(charset))
		throw new AppError('unsupported', `The charset ${charset} is not taken: JSON is UTF-8 (RFC 8259, 8.1).`)
}

const tooLarge = (limitBytes: number) =>
	new AppError(
		'too-large',
		`The body is over the limit of ${limitBytes} bytes for a JSON body (limit jsonBytes).`,
	)

const cutOff = (cause: unknown) =>
	new AppError('malformed', 'The connection closed before the body was complete. Send the request again.', {
		cause,
	})

async function whole(request: Request): Promise<Uint8Array> {
	try {
		return new Uint8Array(await request.arrayBuffer())
	} catch (cause) {
		throw cutOff(cause)
	}
}

/** A chunked body says its size only when it is over. */
async function collect(body: ReadableStream<Uint8Array> | null, limitBytes: number): Promise<Uint8Array> {
	const parts: Uint8Array[] = []
	let size = 0
	if (body === null) return new Uint8Array()
	try {
		for await (const part of body) {
			size += part.byteLength
			if (size > limitBytes) throw tooLarge(limitBytes)
			parts.push(part)
		}
	} catch (cause) {
		throw cause instanceof AppError ? cause : cutOff(cause)
	}
	const bytes = new Uint8Array(size)
	let at = 0
	for (const part of parts) {
		bytes.set(part, at)
		at += part.byteLength
	}
	return bytes
}

function parse(bytes: Uint8Array): unknown {
	let text: string
	try {
		text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
	} catch (cause) {
		throw new AppError('malformed', 'The body is not UTF-8 text.', { cause })
	}
	try {
		return JSON.parse(text)
	} catch (cause) {
		throw new AppError('malformed', `The body is not JSON: ${whyNotJson(text, cause)}.`, { cause })
	}
}
