import type { Limits } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { bodyError, type OpenBody } from './open-body.ts'

/** One row's JSON value, or why the line is not one. Positions count from 0; blank lines are not rows but count. */
export type ParsedRow =
	| { index: number; value: unknown }
	| { index: number; error: 'malformed' | 'too-large'; message: string }

/** The rows of a body, some at a time, in bounded memory for NDJSON. Throws `malformed` or `too-large` for the body as a whole. */
export async function* parseRows(body: OpenBody, limits: Limits): AsyncGenerator<ParsedRow[]> {
	try {
		if (body.format === 'ndjson') yield* parseLines(body.stream, limits)
		else yield parseArray(await readText(body.stream, limits))
	} catch (error) {
		throw bodyError(error)
	}
}

/** The whole body as text. Throws `too-large` over the limit for JSON bodies. */
export async function readText(stream: ReadableStream<Uint8Array>, limits: Limits): Promise<string> {
	const decoder = new TextDecoder()
	let text = ''
	let bytes = 0
	for await (const chunk of stream) {
		bytes += chunk.byteLength
		if (bytes > limits.jsonBytes)
			throw new AppError(
				'too-large',
				`A JSON body is at most ${limits.jsonBytes} bytes (limit jsonBytes). Send NDJSON, which is streamed, or send it in parts.`,
			)
		text += decoder.decode(chunk, { stream: true })
	}
	return text + decoder.decode()
}

function parseArray(text: string): ParsedRow[] {
	let value: unknown
	try {
		value = JSON.parse(text)
	} catch (cause) {
		throw new AppError('malformed', `The body is not JSON: ${(cause as Error).message}`, { cause })
	}
	if (!Array.isArray(value))
		throw new AppError(
			'invalid',
			'The body must be a JSON array of rows; send one row as [row], or NDJSON as application/x-ndjson.',
			{
				faults: [{ path: '', message: 'expected an array' }],
			},
		)
	return value.map((row, index) => ({ index, value: row }))
}

async function* parseLines(stream: ReadableStream<Uint8Array>, limits: Limits): AsyncGenerator<ParsedRow[]> {
	const decoder = new TextDecoder()
	let rest = ''
	let index = 0
	let skipping = false
	for await (const chunk of stream) {
		const text = rest + decoder.decode(chunk, { stream: true })
		const rows: ParsedRow[] = []
		let from = 0
		for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
			if (skipping) skipping = false
			else parseLine(text.slice(from, end), index, limits, rows)
			index++
			from = end + 1
		}
		rest = skipping ? '' : text.slice(from)
		if (rest.length > limits.lineBytes) {
			rows.push(tooLong(index, limits))
			skipping = true
			rest = ''
		}
		if (rows.length > 0) yield rows
	}
	const rows: ParsedRow[] = []
	if (!skipping) parseLine(rest + decoder.decode(), index, limits, rows)
	if (rows.length > 0) yield rows
}

const tooLong = (index: number, limits: Limits): ParsedRow => ({
	index,
	error: 'too-large',
	message: `a line is at most ${limits.lineBytes} bytes (limit lineBytes)`,
})

function parseLine(line: string, index: number, limits: Limits, rows: ParsedRow[]): void {
	// The limit is in bytes; only a line near it is worth measuring.
	if (line.length * 3 > limits.lineBytes && new TextEncoder().encode(line).length > limits.lineBytes) {
		rows.push(tooLong(index, limits))
		return
	}
	try {
		rows.push({ index, value: JSON.parse(line) })
	} catch (error) {
		if (line.trim() === '') return
		rows.push({ index, error: 'malformed', message: (error as Error).message })
	}
}
