import { AppError } from './errors.ts'

/** Which page of a list: where to start, and how many items at most. */
export type PageQuery = { cursor?: string | undefined; limit: number }
/** `next` is the cursor of the next page; null at the end. */
export type Page<T> = { items: T[]; next: string | null }

export const badCursor = (cause?: unknown) =>
	new AppError(
		'invalid',
		'The cursor is not valid for this list. Leave it out to start from the beginning.',
		{
			cause,
			faults: [{ path: 'cursor', message: 'is not a cursor of this list' }],
		},
	)

/** A position as an opaque text, which clients must not parse. */
export function encodeCursor(position: string | number): string {
	const bytes = new TextEncoder().encode(JSON.stringify(position))
	return btoa(String.fromCharCode(...bytes))
		.replaceAll('+', '-')
		.replaceAll('/', '_')
		.replaceAll('=', '')
}

function decodeCursor(cursor: string): unknown {
	try {
		const binary = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
		return JSON.parse(
			new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (c) => c.charCodeAt(0))),
		)
	} catch (cause) {
		throw badCursor(cause)
	}
}

/** The text position of a cursor; undefined without a cursor. Throws `invalid`. */
export function cursorText(cursor: string | undefined): string | undefined {
	if (cursor === undefined) return undefined
	const position = decodeCursor(cursor)
	if (typeof position !== 'string') throw badCursor()
	return position
}

/** The position of a cursor that was made of several parts, as a JSON list. Throws `invalid`. */
export function cursorParts(cursor: string | undefined): unknown[] | undefined {
	const text = cursorText(cursor)
	if (text === undefined) return undefined
	try {
		const parts: unknown = JSON.parse(text)
		if (Array.isArray(parts)) return parts
	} catch (cause) {
		throw badCursor(cause)
	}
	throw badCursor()
}

/** The integer position of a cursor; undefined without a cursor. Throws `invalid`. */
export function cursorNumber(cursor: string | undefined): number | undefined {
	if (cursor === undefined) return undefined
	const position = decodeCursor(cursor)
	if (!Number.isSafeInteger(position)) throw badCursor()
	return position as number
}

/** Makes a page of rows, of which one more than the limit was read to detect a next page. */
export function toPage<R, T>(
	rows: readonly R[],
	limit: number,
	position: (row: R) => string | number,
	item: (row: R) => T,
): Page<T> {
	const last = rows.length > limit ? rows[limit - 1] : undefined
	return {
		items: rows.slice(0, limit).map(item),
		next: last === undefined ? null : encodeCursor(position(last)),
	}
}

const rowsAtOnce = 200
/**
 * A page of the rows that `keep` accepts, for filters that cannot be a WHERE, on short tables. It reads on until it knows
 * whether there is a next page, so that a cursor never names a hidden row.
 */
export async function collectPage<R, T>(
	limit: number,
	read: (after: string | undefined, count: number) => Promise<R[]>,
	from: string | undefined,
	position: (row: R) => string,
	keep: (row: R) => boolean,
	item: (row: R) => T,
): Promise<Page<T>> {
	const kept: R[] = []
	let after = from
	for (;;) {
		const rows = await read(after, rowsAtOnce)
		kept.push(...rows.filter(keep))
		if (rows.length < rowsAtOnce || kept.length > limit) return toPage(kept, limit, position, item)
		after = position(rows.at(-1) as R)
	}
}
