import { lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { minuteMs } from '../../core/time.ts'
import { slackReplays } from '../../db/schema.ts'

const keepMs = 10 * minuteMs

/** True the first time a token (a signature, an event id) is seen; false when it was seen in the last minutes. */
export async function isFirstTime(context: Context, token: string): Promise<boolean> {
	const now = context.now()
	const [, inserted] = await context.db.batch([
		context.db.delete(slackReplays).where(lt(slackReplays.seenAt, now - keepMs)),
		context.db
			.insert(slackReplays)
			.values({ token, seenAt: now })
			.onConflictDoNothing()
			.returning({ token: slackReplays.token }),
	])
	return (inserted as unknown[]).length > 0
}
