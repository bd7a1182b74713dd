import { eq, lt } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { minuteMs } from '../core/time.ts'
import { slackReplays } from '../db/schema.ts'

// A timestamp may be five minutes ahead, and is then valid for five more; the last retry of an event comes after six.
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

/** Nothing was done about it: it may come again. */
export async function forgetRequest(context: Context, token: string): Promise<void> {
	await context.db.delete(slackReplays).where(eq(slackReplays.token, token))
}
