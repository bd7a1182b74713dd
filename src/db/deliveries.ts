import { and, eq, lt } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { dayMs } from '../core/time.ts'
import { deliveries } from './schema.ts'

type Delivery = { source: (typeof deliveries.$inferSelect)['source']; id: string; object: string }

// Signatures are accepted for minutes; a sender repeats a delivery for hours.
const keepMs = 7 * dayMs

/**
 * Notes a message that another system has delivered: `first`, or `again` if it is known for the same object, or `other` if
 * it was about another one.
 */
export async function noteDelivery(
	context: Context,
	delivery: Delivery,
): Promise<'first' | 'again' | 'other'> {
	const now = context.now()
	const [, inserted] = await context.db.batch([
		context.db.delete(deliveries).where(lt(deliveries.seenAt, now - keepMs)),
		context.db
			.insert(deliveries)
			.values({ ...delivery, seenAt: now })
			.onConflictDoNothing()
			.returning({ id: deliveries.id }),
	])
	if (inserted.length > 0) return 'first'
	const [known] = await context.db.select().from(deliveries).where(sameAs(delivery))
	return known?.object === delivery.object ? 'again' : 'other'
}

/** Forgets a message that was not handled, so that it can be delivered again. */
export async function forgetDelivery(context: Context, delivery: Delivery): Promise<void> {
	await context.db.delete(deliveries).where(sameAs(delivery))
}

const sameAs = ({ source, id }: Delivery) => and(eq(deliveries.source, source), eq(deliveries.id, id))
