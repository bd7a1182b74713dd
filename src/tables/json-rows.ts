import { anyUse, type Breather, type Use } from '../core/breather.ts'
import type { ByteHold } from '../core/byte-budget.ts'
import { utf8 } from '../core/bytes.ts'
import { collectBytes } from '../core/collect-bytes.ts'
import { AppError } from '../core/errors.ts'
import { isInexact, parseExact } from '../core/exact-json.ts'
import { bodyError } from '../core/gunzip.ts'
import { findJsonFaults, type JsonFault, whyNotJson } from '../core/json-faults.ts'
import { deepPath, JsonShape, maxDepth, tooDeep } from '../core/json-shape.ts'
import type { Limits } from '../core/limits.ts'
import { BadLine, linesIn } from '../core/lines-in.ts'
import { asUtf8, decodeUtf8 } from '../core/utf8.ts'

/** `isText` is false when the bytes are not UTF-8. */
type RowError = {
	error: 'malformed' | 'invalid' | 'too-large'
	path?: string
	message: string
	isText?: false
}
/** The JSON value of a row, or why there is none. Positions start at 0; blank lines are counted too. */
export type ParsedRow =
	| { index: number; value: unknown; hasLongNumbers?: boolean }
	| ({ index: number } & RowError)

type Rows = { format: 'json' | 'ndjson'; stream: AsyncIterable<Uint8Array> }
/** A longer text is scanned before it is parsed. */
const longText = 64 * 1024

/** The rows of a body in chunks; NDJSON takes bounded memory. Throws `malformed` or `too-large` for the body as a whole. */
export async function* parseRows(rows: Rows, limits: Limits, use = anyUse()): AsyncGenerator<ParsedRow[]> {
	try {
		if (rows.format === 'ndjson') yield* parseLines(rows.stream, limits, use)
		else yield* arrayRows(await readArray(rows.stream, limits, use.hold), limits, use.breather)
	} catch (error) {
		throw bodyError(error)
	}
}

/** A whole JSON body. Throws `too-large` over the limit. */
export async function readArray(
	stream: AsyncIterable<Uint8Array>,
	{ jsonBytes }: Limits,
	hold: ByteHold,
): Promise<Uint8Array> {
	const bytes = await collectBytes(asUtf8(stream), jsonBytes, 0, hold)
	if (bytes) return bytes
	throw new AppError(
		'too-large',
		`The JSON body is over the limit of ${jsonBytes} bytes (limit jsonBytes). Send NDJSON, which is streamed, or send it in parts.`,
	)
}

function textOf(bytes: Uint8Array): string {
	const text = decodeUtf8(bytes)
	if (text === undefined) throw new AppError('malformed', 'The body is not UTF-8 text: convert it to UTF-8.')
	return text
}

/** `twice`: members that appear twice in one object. */
type Parsed = { value: unknown; hasLongNumbers: boolean; isDeep: boolean; twice: Iterable<JsonFault> }

/** The value of a JSON body and its duplicate members. Throws `malformed` with the position of the first error. */
export function parseBody(bytes: Uint8Array): Parsed {
	const text = textOf(bytes)
	try {
		return parseJson(text)
	} catch (cause) {
		throw new AppError('malformed', `The body is not JSON: ${whyNotJson(text, cause)}.`, { cause })
	}
}

/** The rows of a JSON array. Throws `malformed` with the position of the first error. */
export async function* arrayRows(
	bytes: Uint8Array,
	limits: Limits,
	breather: Breather,
): AsyncGenerator<ParsedRow[]> {
	breather.wake()
	if (bytes.length <= longText) return yield rowsOf(parseBody(bytes), 0)
	const slices = await slicesOf(bytes, limits, breather)
	// Parsed twice: a body that breaks later must not be accepted in part, and the rows must not all be in memory at once.
	for (const slice of slices) {
		if (!slice.alone) parseSlice(bytes, slice)
		if (breather.isDue) await breather.breathe()
	}
	for (const slice of slices) {
		yield slice.alone
			? [
					{
						index: slice.first,
						...refusalOf(textOf(bytes.subarray(slice.from, slice.to)), limits, slice.alone),
					},
				]
			: rowsOf(parseSlice(bytes, slice), slice.first)
		breather.wake()
	}
}

function parseSlice(bytes: Uint8Array, { from, to, first, count }: Slice): Parsed {
	const list = `[${textOf(bytes.subarray(from, to))}]`
	try {
		const parsed = parseJson(list)
		const { length } = parsed.value as unknown[]
		// The array is empty, or a comma is at its end.
		if (length === count || (length === 0 && first === 0 && count === 1)) return parsed
	} catch (cause) {
		const why = whyNotJson(list, cause, first).replace(/ (at|in) .*position.*$/, '')
		throw new AppError('malformed', `The body is not JSON: rows ${first} to ${first + count - 1}: ${why}.`, {
			cause,
		})
	}
	throw new AppError('malformed', `The body is not JSON: row ${first + count - 1} is missing after a comma.`)
}

function rowsOf({ value, hasLongNumbers, isDeep, twice }: Parsed, first: number): ParsedRow[] {
	if (!Array.isArray(value)) throw notAnArray()
	const rows = value.map((row, i): ParsedRow => {
		const refusal = isDeep ? refusalOfDeep(row) : undefined
		return refusal ? { index: first + i, ...refusal } : { index: first + i, value: row, hasLongNumbers }
	})
	for (const { path, message } of twice) {
		const [i, ...inner] = path as [number, ...string[]]
		rows[i] = { index: first + i, error: 'invalid', path: pathText(inner), message }
	}
	return rows
}

async function* parseLines(
	stream: AsyncIterable<Uint8Array>,
	limits: Limits,
	{ breather, hold }: Use,
): AsyncGenerator<ParsedRow[]> {
	let index = 0
	for await (const lines of linesIn(stream, limits.lineBytes, hold)) {
		if (index + lines.length > limits.bodyLines) throw tooMany(limits)
		let rows: ParsedRow[] = []
		for (const line of lines) {
			parseLine(line, index++, rows, limits)
			if (rows.length === 0 || !breather.isDue) continue
			yield rows
			rows = []
			await breather.breathe()
		}
		if (rows.length > 0) yield rows
		breather.wake()
	}
}

function parseLine(line: string | BadLine, index: number, rows: ParsedRow[], limits: Limits): void {
	if (line === '') return
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
	if (line.charCodeAt(0) <= 32 && line.trim() === '') return
	const fault = refusalOfText(line, limits)
	if (fault) rows.push({ index, ...fault })
	else rows.push({ index, ...parsedLine(line) })
}

function parsedLine(line: string): { value: unknown; hasLongNumbers: boolean } | RowError {
	try {
		const { value, hasLongNumbers, isDeep, twice } = parseJson(line)
		for (const { path, message } of twice) return { error: 'invalid', path: pathText(path), message }
		return (isDeep ? refusalOfDeep(value) : undefined) ?? { value, hasLongNumbers }
	} catch (cause) {
		return { error: 'malformed', message: whyNotJson(line, cause) }
	}
}

/** Why a row is refused before parsing. A short one is always parsed: it cannot cost much. */
function refusalOfText(text: string, limits: Limits): RowError | undefined {
	if (text.length <= longText) return undefined
	const shape = new JsonShape(utf8(text))
	shape.read()
	if (shape.depth > maxDepth) return refusalOf(text, limits, 'too-deep')
	return shape.values > limits.valuesPerRow ? refusalOf(text, limits, 'too-large') : undefined
}

function refusalOf(text: string, limits: Limits, why: 'too-deep' | 'too-large'): RowError {
	if (why === 'too-deep') {
		for (const { kind, path } of findJsonFaults(text, maxDepth))
			if (kind === 'deep') return { error: 'invalid', path: pathText(path), message: tooDeep }
		return { error: 'invalid', message: tooDeep }
	}
	const message =
		text.length > limits.lineBytes
			? `the row is over ${limits.lineBytes} bytes (limit lineBytes)`
			: `the row has more than ${limits.valuesPerRow} values (limit valuesPerRow)`
	return { error: 'too-large', message }
}

function refusalOfDeep(value: unknown): RowError | undefined {
	const path = deepPath(value)
	return path && { error: 'invalid', path: pathText(path), message: tooDeep }
}

/** A path in a row: the member, and the name inside it. */
const pathText = (path: readonly (string | number)[]): string =>
	path
		.slice(0, 2)
		.map((name) => String(name).slice(0, 256).toWellFormed())
		.join('.')

function parseJson(text: string): Parsed {
	const value: unknown = JSON.parse(text)
	const seen: Seen = { members: 0, hasLongNumbers: false, isDeep: false }
	inspect(value, seen, 0)
	// `":` follows the name of each member. It can also be part of a text; then the closer look finds no fault.
	const twice = seen.members === countOf('":', text) ? [] : findTwice(text)
	const { hasLongNumbers, isDeep } = seen
	return { value: hasLongNumbers && !isDeep ? parseExact(text) : value, hasLongNumbers, isDeep, twice }
}

function* findTwice(text: string): Generator<JsonFault> {
	for (const fault of findJsonFaults(text, maxDepth + 1)) if (fault.kind === 'twice') yield fault
}

type Seen = { members: number; hasLongNumbers: boolean; isDeep: boolean }

/** Counts members, and notes numbers that may have lost digits and nesting that may be too deep. */
function inspect(value: unknown, seen: Seen, depth: number): void {
	if (typeof value === 'number') {
		if (isInexact(value)) seen.hasLongNumbers = true
		return
	}
	if (typeof value !== 'object' || value === null) return
	if (depth >= maxDepth) {
		seen.isDeep = true
		if (depth > maxDepth + 1) return
	}
	if (Array.isArray(value)) for (const inner of value) inspect(inner, seen, depth + 1)
	else
		for (const name in value) {
			seen.members++
			const inner = (value as Record<string, unknown>)[name]
			if (typeof inner !== 'string') inspect(inner, seen, depth + 1)
		}
}

function countOf(part: string, text: string): number {
	let count = 0
	for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count++
	return count
}

const sliceLength = 64 * 1024
const stepLength = 2 ** 20
const [openList, closeList, comma] = [0x5b, 0x5d, 44]

/** Neighbouring elements of a list by their position in the text. `alone`: one that must not be parsed. */
type Slice = {
	from: number
	to: number
	first: number
	count: number
	alone?: 'too-large' | 'too-deep'
}

/**
 * The positions of the elements of a JSON array, in groups, so that a large array need not be parsed in one piece. Elements
 * are not checked here. Throws `malformed` if the brackets do not match, `invalid` for other values.
 */
async function slicesOf(text: Uint8Array, limits: Limits, breather: Breather): Promise<Slice[]> {
	const begin = skipSpace(text, 0)
	if (text[begin] !== openList) throw notAnArray()
	const shape = new JsonShape(text, begin + 1)
	const slices: Slice[] = []
	let [from, first] = [shape.at, 0]
	let element = from
	for (let index = 0, isLast = false; !isLast; index++) {
		while (!shape.read(Math.min(text.length, shape.at + stepLength))) {
			if (shape.at >= text.length) throw notJson('the array is not closed')
			if (breather.isDue) await breather.breathe()
		}
		if (index >= limits.bodyLines) throw tooMany(limits)
		if (index % 1024 === 0 && breather.isDue) await breather.breathe()
		const to = shape.at
		isLast = text[to] === closeList
		if (!isLast && text[to] !== comma) throw notJson('its brackets do not match')
		const isLarge = to - element > limits.lineBytes || shape.values > limits.valuesPerRow
		const alone = shape.depth > maxDepth ? 'too-deep' : isLarge ? 'too-large' : undefined
		if (alone) {
			if (index > first) slices.push({ from, to: element - 1, first, count: index - first })
			slices.push({ from: element, to, first: index, count: 1, alone })
		} else if (isLast || to - from > sliceLength) slices.push({ from, to, first, count: index + 1 - first })
		if (alone || to - from > sliceLength) [from, first] = [to + 1, index + 1]
		shape.next()
		element = shape.at
	}
	if (skipSpace(text, element) < text.length) throw notJson('there is text after the array')
	return slices
}

export function skipSpace(text: Uint8Array, at: number): number {
	let end = at
	while (end < text.length && (text[end] as number) <= 32) end++
	return end
}

const notJson = (why: string) => new AppError('malformed', `The body is not JSON: ${why}.`)

export const notAnArray = () =>
	new AppError(
		'invalid',
		'The body must be a JSON array of rows; send one row as [row], or NDJSON as application/x-ndjson.',
		{ faults: [{ path: '', message: 'expected an array' }] },
	)

export const tooMany = ({ bodyLines }: Limits) =>
	new AppError('too-large', `The body has more than ${bodyLines} rows (limit bodyLines). Send it in parts.`)
