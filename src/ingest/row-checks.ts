import { fieldLike } from '../core/column-hint.ts'
import { exactJson } from '../core/exact-json.ts'
import type { Limits } from '../core/limits.ts'
import { nearest } from '../core/nearest.ts'
import { parseTime } from '../core/time.ts'
import type { RejectedRow } from './rows.schema.ts'

/** What rows are validated against. Times are ms since the epoch. */
export type RowRules = {
	versions: ReadonlySet<string>
	/** The earliest and the latest event time that is accepted. */
	oldest: number
	latest: number
	limits: Limits
	/** Labels and actuals are numbers, as for a regression; otherwise they are names. */
	areLabelsNumbers: boolean
	/** The numeric features of each version; read when a row first has an integer beyond 2^53. */
	numericFeatures?: ReadonlyMap<string, ReadonlySet<string>>
}

export type Rejection = Pick<RejectedRow, 'code' | 'path' | 'message'>

/** Carries a rejection out of nested checks. Not an Error: a body may have a million, and each would capture its stack. */
export class RowRejected {
	readonly rejection: Rejection

	constructor(code: RejectedRow['code'], path: string, message: string) {
		this.rejection = { code, path, message }
	}
}

export type JsonObject = Record<string, unknown>

export function requireObject(value: unknown): JsonObject {
	if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
	throw new RowRejected('malformed', '', 'a row must be a JSON object')
}

/** Rejects unknown members: a typing error must not lose data silently. */
export function refuseUnknown(row: JsonObject, known: readonly string[]): void {
	for (const name in row) {
		if (known.includes(name)) continue
		// A row of a table with the features as columns.
		const isFlat = known.includes('features') && !('features' in row)
		const near = isFlat ? undefined : (fieldLike(name, known) ?? nearest(name, known))
		const hint = near ? `did you mean "${near}"?` : `known members are ${known.join(', ')}`
		const shown = name.slice(0, 256).toWellFormed()
		throw new RowRejected(
			'invalid',
			shown,
			`unknown member; ${isFlat ? `features go into "features": { "${shown}": … }` : hint}`,
		)
	}
}

/** A value in words, for a message. */
export function describe(value: unknown): string {
	if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 40).toWellFormed())}`
	if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`
	if (typeof value !== 'object' || value === null) return String(value)
	return Array.isArray(value) ? 'a list' : 'an object'
}

function idFault(value: unknown): string {
	const isScalar = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
	if (isScalar) return `is ${describe(value)}; send the text "${value}"`
	const is =
		value === undefined || value === null ? 'required' : value === '' ? 'is empty' : `is ${describe(value)}`
	return `${is}; send a text of 1 to 256 characters`
}

export function requireId(row: JsonObject, path: string, limits: Limits): string {
	const value = row[path]
	if (typeof value !== 'string' || value === '') throw new RowRejected('invalid', path, idFault(value))
	if (value.length > limits.idCharacters)
		throw new RowRejected('too-large', path, `at most ${limits.idCharacters} characters (limit idCharacters)`)
	// Stored with U+FFFD instead, two ids could be equal, and the second row a duplicate of the first.
	if (!value.isWellFormed())
		throw new RowRejected('invalid', path, 'contains a lone surrogate, which is not Unicode text')
	return value
}

export function optionalId(row: JsonObject, path: string, limits: Limits): string | undefined {
	return row[path] === undefined || row[path] === null ? undefined : requireId(row, path, limits)
}

export function optionalNumber(row: JsonObject, path: string): number | undefined {
	const value = row[path]
	if (value === undefined || value === null) return undefined
	if (typeof value === 'number' && Number.isFinite(value)) return value
	if (typeof value === 'bigint') return Number(value)
	throw new RowRejected('invalid', path, numberFault(value, ', or null'))
}

function numberFault(value: unknown, otherwise = ''): string {
	if (typeof value === 'number') return 'is too large; send a finite number'
	const asNumber = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
	return `is ${describe(value)}; send ${Number.isFinite(asNumber) ? `the number ${asNumber}` : `a finite number${otherwise}`}`
}

/** What is wrong with a timestamp that `parseTime` rejects. */
export const timeFault = (value: unknown): string =>
	`${value === undefined || value === null ? 'required,' : `is ${describe(value)}, which is not`} an RFC 3339 time with an offset, such as 2026-03-01T12:00:00Z`

export function requireTime(row: JsonObject, rules: RowRules): number {
	const value = row.timestamp
	const at = typeof value === 'string' ? parseTime(value) : undefined
	if (at === undefined) throw new RowRejected('invalid', 'timestamp', timeFault(value))
	if (at < rules.oldest)
		throw new RowRejected(
			'too-old',
			'timestamp',
			`is before ${new Date(rules.oldest).toISOString()}, the limit of the model's retention`,
		)
	if (at > rules.latest)
		throw new RowRejected(
			'in-future',
			'timestamp',
			`is more than ${rules.limits.futureMs / 60_000} minutes ahead of the server's clock`,
		)
	return at
}

const tooLong = (text: string, bytes: number) =>
	text.length > bytes || (text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes)

/**
 * Feature values are evidence: they are never rejected for their type, only for their size. An integer beyond 2^53 stays a
 * number where the feature is numeric, and becomes the text of its digits elsewhere.
 */
export function checkFeatures(
	value: unknown,
	limits: Limits,
	isNumeric: (name: string) => boolean,
): JsonObject | undefined {
	if (value === undefined || value === null) return undefined
	const features = requireMembers(value, 'features', 'feature name to value')
	let count = 0
	for (const name in features) {
		if (++count > limits.featuresPerRow)
			throw new RowRejected(
				'too-large',
				'features',
				`at most ${limits.featuresPerRow} features per row (limit featuresPerRow)`,
			)
		const cell = features[name]
		if (typeof cell === 'number' && name.length <= limits.idCharacters) continue
		if (name.length > limits.idCharacters)
			throw new RowRejected(
				'too-large',
				'features',
				`a feature name is at most ${limits.idCharacters} characters (limit idCharacters)`,
			)
		if (typeof cell === 'bigint') features[name] = isNumeric(name) ? Number(cell) : String(cell)
		const text =
			typeof cell === 'string' ? cell : typeof cell === 'object' && cell !== null ? exactJson(cell) : ''
		if (tooLong(text, limits.stringBytes))
			throw new RowRejected(
				'too-large',
				`features.${name}`,
				`at most ${limits.stringBytes} bytes (limit stringBytes)`,
			)
	}
	return features
}

/** The value if it is an object. Otherwise throws, and says what the object should contain. */
export function requireMembers(value: unknown, path: string, members: string): JsonObject {
	if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
	throw new RowRejected(
		'invalid',
		path,
		`${value === undefined || value === null ? 'required,' : `is ${describe(value)}; send`} an object of ${members}`,
	)
}

/** An object of numbers by name, such as probabilities by class. */
export function optionalNumbers(row: JsonObject, path: string, limits: Limits): JsonObject | undefined {
	const value = row[path]
	if (value === undefined || value === null) return undefined
	const numbers = requireMembers(value, path, 'name to number')
	let count = 0
	for (const name in numbers) {
		if (++count > limits.featuresPerRow)
			throw new RowRejected(
				'too-large',
				path,
				`at most ${limits.featuresPerRow} members (limit featuresPerRow)`,
			)
		const number = numbers[name]
		if (typeof number === 'bigint') numbers[name] = Number(number)
		else if (typeof number !== 'number' || !Number.isFinite(number))
			throw new RowRejected('invalid', `${path}.${name}`, numberFault(number))
	}
	return numbers
}

/** A decision, an actual, a segment or a group: text, number or boolean. Integers beyond 2^53 are names unless `isNumber`. */
export function checkLabel(value: unknown, path: string, limits: Limits, isNumber = false): unknown {
	if (value === undefined || value === null) return value === null ? null : undefined
	if (typeof value === 'bigint') return isNumber ? Number(value) : String(value)
	if (typeof value === 'number' && !Number.isFinite(value))
		throw new RowRejected('invalid', path, numberFault(value))
	if (typeof value === 'string' && tooLong(value, limits.stringBytes))
		throw new RowRejected('too-large', path, `at most ${limits.stringBytes} bytes (limit stringBytes)`)
	if (typeof value === 'object')
		throw new RowRejected('invalid', path, `is ${describe(value)}; send a text, a number or a boolean`)
	return value
}

/** Labels by the name of a segment or an attribute. */
export function checkNames(value: unknown, path: string, members: string, limits: Limits): JsonObject {
	const names = requireMembers(value, path, members)
	for (const name in names) {
		if (name.length > limits.idCharacters)
			throw new RowRejected(
				'too-large',
				path,
				`a name is at most ${limits.idCharacters} characters (limit idCharacters)`,
			)
		names[name] = checkLabel(names[name], `${path}.${name}`, limits)
	}
	return names
}
