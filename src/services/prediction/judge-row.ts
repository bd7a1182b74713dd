import type { Limits } from '../../context.ts'
import { nearest } from '../../core/nearest.ts'
import { parseTime } from '../../core/time.ts'
import type { RejectCode } from '../../log/prediction-log.ts'
import type { RowInput } from '../../profile/batch-builder.ts'

/** What a row is judged against. Times are ms since the epoch. */
export type RowRules = {
	versions: ReadonlySet<string>
	/** Earliest and latest event time that is taken. */
	oldest: number
	latest: number
	limits: Limits
}

export type Rejection = { code: RejectCode; path: string; message: string }

/** Carries a rejection out of nested checks. */
export class RowRejected extends Error {
	readonly rejection: Rejection

	constructor(code: RejectCode, path: string, message: string) {
		super(message)
		this.rejection = { code, path, message }
	}
}

export type JsonObject = Record<string, unknown>

export function requireObject(value: unknown): JsonObject {
	if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
	throw new RowRejected('malformed', '', 'a row is a JSON object')
}

/** Refuses members that the contract does not know: a typing error must not lose data silently. */
export function refuseUnknown(row: JsonObject, known: readonly string[]): void {
	for (const name in row) {
		if (known.includes(name)) continue
		const near = nearest(name, known)
		throw new RowRejected(
			'invalid',
			name,
			near ? `unknown member; did you mean "${near}"?` : `unknown member; known are ${known.join(', ')}`,
		)
	}
}

export function requireId(row: JsonObject, path: string, limits: Limits): string {
	const value = row[path]
	if (typeof value !== 'string' || value === '')
		throw new RowRejected('invalid', path, 'required, a text of 1 to 256 characters')
	if (value.length > limits.idCharacters)
		throw new RowRejected('too-large', path, `at most ${limits.idCharacters} characters (limit idCharacters)`)
	return value.isWellFormed() ? value : value.toWellFormed()
}

export function optionalId(row: JsonObject, path: string, limits: Limits): string | undefined {
	return row[path] === undefined || row[path] === null ? undefined : requireId(row, path, limits)
}

export function optionalNumber(row: JsonObject, path: string): number | undefined {
	const value = row[path]
	if (value === undefined || value === null) return undefined
	if (typeof value !== 'number' || !Number.isFinite(value))
		throw new RowRejected('invalid', path, 'a finite number')
	return value
}

export function requireTime(row: JsonObject, rules: RowRules): number {
	const value = row.timestamp
	const at = typeof value === 'string' ? parseTime(value) : undefined
	if (at === undefined)
		throw new RowRejected(
			'invalid',
			'timestamp',
			'required, RFC 3339 with an offset, such as 2026-03-01T12:00:00Z',
		)
	if (at < rules.oldest)
		throw new RowRejected(
			'too-old',
			'timestamp',
			`before ${new Date(rules.oldest).toISOString()}, the end of the model's retention`,
		)
	if (at > rules.latest)
		throw new RowRejected(
			'in-future',
			'timestamp',
			`more than ${rules.limits.futureMs / 60_000} minutes ahead of the server's clock`,
		)
	return at
}

const tooLong = (text: string, bytes: number) =>
	text.length > bytes || (text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes)

/** Feature values are evidence and never refused for their type, only for their size. */
export function checkFeatures(value: unknown, limits: Limits): JsonObject | undefined {
	if (value === undefined || value === null) return undefined
	if (typeof value !== 'object' || Array.isArray(value))
		throw new RowRejected('invalid', 'features', 'an object of feature name to value')
	let count = 0
	for (const name in value) {
		if (++count > limits.featuresPerRow)
			throw new RowRejected(
				'too-large',
				'features',
				`at most ${limits.featuresPerRow} features a row (limit featuresPerRow)`,
			)
		const cell = (value as JsonObject)[name]
		if (typeof cell === 'number' && name.length <= limits.idCharacters) continue
		if (name.length > limits.idCharacters)
			throw new RowRejected(
				'too-large',
				'features',
				`a feature name is at most ${limits.idCharacters} characters (limit idCharacters)`,
			)
		const text =
			typeof cell === 'string' ? cell : typeof cell === 'object' && cell !== null ? JSON.stringify(cell) : ''
		if (tooLong(text, limits.stringBytes))
			throw new RowRejected(
				'too-large',
				`features.${name}`,
				`at most ${limits.stringBytes} bytes (limit stringBytes)`,
			)
	}
	return value as JsonObject
}

/** An object of name to number, such as probabilities by class. */
export function optionalNumbers(row: JsonObject, path: string, limits: Limits): JsonObject | undefined {
	const value = row[path]
	if (value === undefined || value === null) return undefined
	if (typeof value !== 'object' || Array.isArray(value))
		throw new RowRejected('invalid', path, 'an object of name to number')
	let count = 0
	for (const [name, number] of Object.entries(value)) {
		if (++count > limits.featuresPerRow)
			throw new RowRejected(
				'too-large',
				path,
				`at most ${limits.featuresPerRow} members (limit featuresPerRow)`,
			)
		if (typeof number !== 'number' || !Number.isFinite(number))
			throw new RowRejected('invalid', `${path}.${name}`, 'a finite number')
	}
	return value as JsonObject
}

/** A decision or an actual value: text, number or boolean. */
export function checkLabel(row: JsonObject, path: string, limits: Limits): unknown {
	const value = row[path]
	if (value === undefined || value === null) return value === null ? null : undefined
	if (typeof value === 'number' && !Number.isFinite(value))
		throw new RowRejected('invalid', path, 'a finite number')
	if (typeof value === 'string' && tooLong(value, limits.stringBytes))
		throw new RowRejected('too-large', path, `at most ${limits.stringBytes} bytes (limit stringBytes)`)
	if (typeof value === 'object') throw new RowRejected('invalid', path, 'a text, a number or a boolean')
	return value
}

export type JudgeRow = (value: unknown, rules: RowRules) => RowInput
