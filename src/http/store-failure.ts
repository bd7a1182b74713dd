import { AppError } from '../core/errors.ts'

const advice: { pattern: RegExp; retryAfterMs: number; detail: string }[] = [
	{
		pattern: /SQLITE_BUSY|SQLITE_LOCKED|database (table )?is locked/,
		retryAfterMs: 1000,
		detail: 'Another process holds the database. Nothing was changed: send the request again.',
	},
	{
		pattern: /SQLITE_FULL|database or disk is full|ENOSPC/,
		retryAfterMs: 30_000,
		detail:
			'The disk of the database is full. Nothing was changed: free some space, then send the request again.',
	},
	{
		pattern: /SQLITE_READONLY|readonly database/,
		retryAfterMs: 30_000,
		detail:
			'The database file is read-only. Nothing was changed: give the service write access to the file and its folder.',
	},
	{
		pattern: /SQLITE_CORRUPT|SQLITE_NOTADB|not a database|malformed/,
		retryAfterMs: 60_000,
		detail:
			'The database file is damaged. Stop the service and restore the last backup with `plumbline restore`.',
	},
	{
		pattern: /SQLITE_IOERR|SQLITE_CANTOPEN|disk I\/O error|unable to open database/,
		retryAfterMs: 10_000,
		detail:
			'The database file cannot be read or written. Check that its disk is mounted and healthy, then send the request again.',
	},
	{
		pattern: /ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|SERVER_ERROR|HRANA|fetch failed/,
		retryAfterMs: 5000,
		detail:
			'The database server cannot be reached. Check PLUMBLINE_DATABASE_URL and the network, then send the request again.',
	},
]

/** Failures of the store are wrapped by drizzle and the driver, each with the one below as its cause. */
function* chain(error: unknown): Generator<string> {
	for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++)
		yield `${(at as { code?: unknown }).code ?? ''} ${at.message}`
}

const fromDriver = (text: string) =>
	/SQLITE_|LibsqlError|database|D1_|ENOSPC|HRANA|SERVER_ERROR|ECONN|ENOTFOUND|ETIMEDOUT|fetch failed/.test(
		text,
	)

/** `unavailable`, with what to do, when the error says that the database cannot be read or written. */
export function storeFailure(error: unknown): AppError | undefined {
	for (const text of chain(error)) {
		if (!fromDriver(text)) continue
		const found = advice.find((a) => a.pattern.test(text))
		if (found)
			return new AppError('unavailable', found.detail, { cause: error, retryAfterMs: found.retryAfterMs })
	}
	return undefined
}
