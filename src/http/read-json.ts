import { collectBytes } from '../core/collect-bytes.ts'
import { AppError } from '../core/errors.ts'
import { whyNotJson } from '../core/json-faults.ts'
import { JsonShape, maxDepth, tooDeep } from '../core/json-shape.ts'
import type { Limits } from '../core/limits.ts'
import type { RequestBody } from './body.ts'
import { invalid, unstorable } from './faults.ts'

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
 * The JSON body of a request, checked to be storable; undefined if it is empty and optional.
 * Throws `unsupported`, `too-large`, `malformed` or `invalid`, in this order.
 */
export async function readJson(headers: Headers, body: RequestBody, optional: boolean): Promise<unknown> {
	if (optional && body.isAbsent) return undefined
	checkType(headers)
	// A lower limit for JSON bodies applies here too.
	const limit = body.limits.jsonBytes < body.limits.objectBytes ? 'jsonBytes' : 'objectBytes'
	const bytes = await readAll(body.within(limit))
	if (bytes.byteLength === 0) {
		if (optional) return undefined
		throw new AppError('malformed', 'The body is empty; it must be a JSON object.')
	}
	if (bytes.byteLength > longBody) checkShape(bytes, body.limits)
	const value = parse(bytes)
	const faults = unstorable(value)
	if (faults.length > 0) throw invalid('body', faults)
	return value
}

/** A longer body is scanned before it is parsed: parsing some bodies of a megabyte takes seconds. */
const longBody = 64 * 1024

function checkShape(bytes: Uint8Array, { objectValues }: Limits): void {
	const shape = new JsonShape(bytes)
	shape.read()
	if (shape.depth > maxDepth) throw invalid('body', [{ path: '', message: tooDeep }])
	if (shape.values > objectValues)
		throw new AppError('too-large', `The body has more than ${objectValues} values (limit objectValues).`)
}

async function readAll(body: RequestBody): Promise<Uint8Array> {
	try {
		return (await collectBytes(body, Number.POSITIVE_INFINITY, body.declaredBytes, body.hold)) as Uint8Array
	} catch (cause) {
		if (cause instanceof AppError) throw cause
		const text = 'The connection closed before the body was complete. Send the request again.'
		throw new AppError('malformed', text, { cause })
	}
}

function checkType(headers: Headers): void {
	const encoding = headers.get('content-encoding')?.trim().toLowerCase()
	if (encoding && encoding !== 'identity')
		throw new AppError(
			'unsupported',
			`Content-Encoding ${encoding} is not supported here: send plain JSON. Only rows can be gzipped.`,
		)
	const { type, charset } = mediaType(headers.get('content-type'))
	if (!isJson(type))
		throw new AppError(
			'unsupported',
			`Content-Type ${type || '(none)'} is not supported here: send application/json.`,
		)
	if (!isUtf8(charset))
		throw new AppError(
			'unsupported',
			`The charset ${charset} is not supported: JSON is UTF-8 (RFC 8259, 8.1).`,
		)
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
