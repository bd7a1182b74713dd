import { AppError } from '../../core/errors.ts'

const advice: readonly { pattern: RegExp; text: string }[] = [
	{
		pattern: /SQLITE_NOTADB|not a database/,
		text: 'is not a database. Set PLUMBLINE_DATABASE_URL to another file, or restore a backup with `plumbline restore`.',
	},
	{
		pattern: /SQLITE_CORRUPT|malformed/,
		text: 'is damaged or truncated. Keep a copy of it, then restore the last backup with `plumbline restore`.',
	},
	{
		pattern: /SQLITE_BUSY|SQLITE_LOCKED|database is locked/,
		text: 'is locked by another process. Stop that process, or wait until it is done.',
	},
	{
		pattern: /SQLITE_READONLY|readonly database/,
		text: 'cannot be written. Give this user write access to the file and to its folder.',
	},
	{
		pattern: /SQLITE_FULL|ENOSPC|disk is full/,
		text: 'cannot grow: the disk is full. Free some space, then start again.',
	},
	{
		pattern: /SQLITE_CANTOPEN|Unable to open|unable to open/,
		text: 'cannot be opened. Check that its folder exists and may be written, and that it is a file.',
	},
	{
		pattern: /SQLITE_IOERR|disk I\/O error/,
		text: 'cannot be read or written. Check that its disk is mounted and healthy.',
	},
	{
		pattern: /\b401\b|\b403\b|Unauthorized|[Ff]orbidden|JWT|auth/,
		text: 'refuses the token. Check PLUMBLINE_DATABASE_TOKEN.',
	},
	{
		pattern: /ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|fetch failed|SERVER_ERROR|HRANA/,
		text: 'cannot be reached. Check PLUMBLINE_DATABASE_URL and the network.',
	},
]

function* chain(error: unknown): Generator<string> {
	for (let at: unknown = error, depth = 0; at !== undefined && at !== null && depth < 8; depth++) {
		const {
			code = '',
			message = String(at),
			cause,
		} = at as { code?: unknown; message?: string; cause?: unknown }
		yield `${code} ${message}`
		at = cause
	}
}

/** Turns the error of a database that cannot be opened into `unavailable` with a line that says what to do. */
export function databaseFailure(error: unknown, url: string): unknown {
	const texts = [...chain(error)].join(' ')
	const found = advice.find((a) => a.pattern.test(texts))
	// The query of the URL may contain a token.
	return found
		? new AppError('unavailable', `The database ${url.split('?')[0]} ${found.text}`, { cause: error })
		: error
}
