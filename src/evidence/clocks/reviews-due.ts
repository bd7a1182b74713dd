import { asc, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { dayMs } from '../../core/time.ts'
import { models } from '../../db/schema.ts'
import { type DueClock, dayOf, dueTitle } from './clock.ts'

/** How many days before a review is due people are told. */
const leadDays = 14

/** Models whose `nextReview` is near or over. */
export async function reviewsDue(context: Context): Promise<DueClock[]> {
	const now = context.now()
	const rows = await context.db
		.select({ model: models.name, owner: models.owner, nextReview: models.nextReview })
		.from(models)
		.where(lt(models.nextReview, now + leadDays * dayMs))
		.orderBy(asc(models.name))
	return rows.map(({ model, owner, nextReview }) => ({
		about: `clock:review:next:${model}`,
		model,
		...dueTitle(dayOf(now), [{ day: dayOf(nextReview as number), count: 1 }], ['review', 'reviews']),
		note: `${owner === null ? 'No owner is registered' : `Its owner is ${owner}`}. After the review, set validatedAt and nextReview of the model.`,
	}))
}
