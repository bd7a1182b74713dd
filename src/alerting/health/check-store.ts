import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'

const patienceMs = 1500
const underWay = new WeakMap<Context, Promise<void>>()

/**
 * Reads and writes the database. Throws what the driver throws when it cannot, and `unavailable` when that takes too long. A
 * check that is still waiting serves those that ask meanwhile.
 */
export async function checkStore(context: Context): Promise<void> {
	let check = underWay.get(context)
	if (!check) {
		check = readAndWrite(context).finally(() => underWay.delete(context))
		underWay.set(context, check)
	}
	let timer: ReturnType<typeof setTimeout> | undefined
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(
			() =>
				reject(
					new AppError(
						'unavailable',
						`The database was not written within ${patienceMs} ms. Another process may hold it, or its disk is slow.`,
					),
				),
			patienceMs,
		)
	})
	try {
		await Promise.race([check, late])
	} finally {
		clearTimeout(timer)
		// When it fails later nobody waits for it any more.
		check.catch(() => {})
	}
}

/** The write is one that leaves nothing: the guard table deletes what is inserted into it. */
async function readAndWrite(context: Context): Promise<void> {
	await context.sql.values({ sql: 'SELECT 1 FROM model LIMIT 1' })
	await context.sql.batch([{ sql: 'INSERT INTO guard (ok) VALUES (1)' }])
}
