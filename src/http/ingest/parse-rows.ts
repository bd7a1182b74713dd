import type { Limits } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { isInexact, parseExact } from '../../core/exact-json.ts'
import { findJsonFaults, type JsonFault, whyNotJson } from '../../core/json-faults.ts'
import { BadLine, linesIn } from '../../core/lines-in.ts'
import { asUtf8 } from '../../core/utf8.ts'
import { bodyError, type OpenBody } from './open-body.ts'

/** `isText`: false where the bytes are not UTF-8. */
type RowError = {
	error: 'malformed' | 'invalid' | 'too-large'
	path?: string
	message: string
	isText?: false
}
/** One row's JSON value, or why the line is not one. Positions count from 0; blank lines are not rows but count. */
export type ParsedRow =
	| { index: number; value: unknown; hasLongNumbers?: boolean }
	| ({ index: number } & RowError)

/** The rows of a body, some at a time, in bounded memory for NDJSON. Throws `malformed` or `too-large` for the body as a whole. */
export async function* parseRows(body: OpenBody, limits: Limits): AsyncGenerator<ParsedRow[]> {
	try {
		if (body.format === 'ndjson') yield* parseLines(body.stream, limits)
		else yield parseArray(await readText(body.stream, limits))
	} catch (error) {
		throw bodyError(error)
	}
}

/** The whole body as text. Throws `too-large` over the limit for JSON bodies, `malformed` for what is not UTF-8. */
export async function readText(stream: ReadableStream<Uint8Array>, limits: Limits): Promise<string> {
	const decoder = new TextDecoder('utf-8', { fatal: true })
	const decode = (chunk?: Uint8Array) => {
		try {
			return decoder.decode(chunk, { stream: chunk !== undefined })
		} catch (cause) {
			throw new AppError('malformed', 'The body is not UTF-8 text: convert it to UTF-8.', { cause })
		}
	}
	let text = ''
	let bytes = 0
	for await (const chunk of asUtf8(stream)) {
		bytes += chunk.byteLength
		if (bytes > limits.jsonBytes)
			throw new AppError(
				'too-large',
				`A JSON body is at most ${limits.jsonBytes} bytes (limit jsonBytes). Send NDJSON, which is streamed, or send it in parts.`,
			)
		text += decode(chunk)
	}
	return text + decode()
}

/** `twice`: the members that are there twice in one object. */
type Parsed = { value: unknown; hasLongNumbers: boolean; twice: JsonFault[] }

/** A JSON body's value and the members in it that are there twice. Throws `malformed` with the place of what is not JSON. */
export function parseBody(text: string): Parsed {
	try {
		return parseJson(text)
	} catch (cause) {
		throw new AppError('malformed', `The body is not JSON: ${whyNotJson(text, cause)}.`, { cause })
	}
}

function parseArray(text: string): ParsedRow[] {
	const { value, hasLongNumbers, twice } = parseBody(text)
	if (!Array.isArray(value))
		throw new AppError(
			'invalid',
			'The body must be a JSON array of rows; send one row as [row], or NDJSON as application/x-ndjson.',
			{
				faults: [{ path: '', message: 'expected an array' }],
			},
		)
	const rows = value.map((row, index): ParsedRow => ({ index, value: row, hasLongNumbers }))
	for (const { path, message } of twice) {
		const [index, ...inner] = path as [number, ...string[]]
		rows[index] = { index, error: 'invalid', path: inner.join('.'), message }
	}
	return rows
}

async function* parseLines(stream: ReadableStream<Uint8Array>, limits: Limits): AsyncGenerator<ParsedRow[]> {
	let index = 0
	for await (const lines of linesIn(stream, limits.lineBytes)) {
		const rows: ParsedRow[] = []
		for (const line of lines) parseLine(line, index++, rows)
		if (rows.length > 0) yield rows
	}
}

function parseLine(line: string | BadLine, index: number, rows: ParsedRow[]): void {
	if (line instanceof BadLine) {
		const limit = line.code === 'too-large' ? ' (limit lineBytes)' : ''
		rows.push({
			index,
			error: line.code,
			message: line.message + limit,
			...(line.code === 'malformed' ? { isText: false } : {}),
		})
		return
	}
	try {
		const { value, hasLongNumbers, twice } = parseJson(line)
		const [fault] = twice
		if (fault) rows.push({ index, error: 'invalid', path: fault.path.join('.'), message: fault.message })
		else rows.push({ index, value, hasLongNumbers })
	} catch (cause) {
		if (line.trim() === '') return
		rows.push({ index, error: 'malformed', message: whyNotJson(line, cause) })
	}
}

function parseJson(text: string): Parsed {
	const value: unknown = JSON.parse(text)
	const seen = { members: 0, hasLongNumbers: false }
	look(value, seen)
	// This follows the name of each member; it may also stand in a text, and then the closer look finds no fault.
	const twice = seen.members === countOf('":', text) ? [] : [...findJsonFaults(text)]
	const { hasLongNumbers } = seen
	return { value: hasLongNumbers ? parseExact(text) : value, hasLongNumbers, twice }
}

/** Counts members, and sees whether a number may have lost digits. */
function look(value: unknown, seen: { members: number; hasLongNumbers: boolean }): void {
	if (typeof value === 'number') {
		if (isInexact(value)) seen.hasLongNumbers = true
		return
	}
	if (typeof value !== 'object' || value === null) return
	if (Array.isArray(value)) for (const inner of value) look(inner, seen)
	else
		for (const name in value) {
			seen.members++
			const inner = (value as Record<string, unknown>)[name]
			if (typeof inner !== 'string') look(inner, seen)
		}
}

function countOf(part: string, text: string): number {
	let count = 0
	for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count++
	return count
}
