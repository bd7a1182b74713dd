import { AppError } from '../../core/errors.ts'
import { sleep } from '../../core/retry.ts'
import type { Sql } from '../../db/sql.ts'

const pageBytes = 8192
/** Free pages that one commit overwrites: 8 MB, between two appends. */
const pagesAtOnce = 1000
const maxTries = 100
const pauseMs = 100

/** Overwrites free pages of a database file, which keep what was deleted. Returns whether there may be more. */
export async function scrubPages(sql: Sql): Promise<boolean> {
	const [free] = await sql.all<{ pages: number }>({
		sql: 'SELECT freelist_count AS pages FROM pragma_freelist_count',
	})
	const pages = Math.min(free?.pages ?? 0, pagesAtOnce)
	// A blob of zeros takes free pages first; the last ones hold the list itself.
	if (pages > 0)
		await sql.batch([
			{ sql: 'INSERT INTO log_scrub (bytes) VALUES (zeroblob(?))', params: [pages * (pageBytes - 4)] },
		])
	return (free?.pages ?? 0) > pages
}

/** Gives the overwritten pages back, and empties the write-ahead log. */
export async function finishScrub(sql: Sql): Promise<void> {
	await sql.batch([{ sql: 'DELETE FROM log_scrub' }])
	for (let attempt = 1; ; attempt++) {
		const [state] = await sql.all<{ busy: number }>({ sql: 'PRAGMA wal_checkpoint(TRUNCATE)' })
		if (state?.busy === 0) return
		if (attempt === maxTries)
			throw new AppError(
				'unavailable',
				'The values are destroyed, but another process is reading the database, so that its write-ahead log could not be emptied. Erase again when it has finished.',
				{ retryAfterMs: 5000 },
			)
		await sleep(pauseMs)
	}
}
