import { lte } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { dayMs, formatTime } from '../../core/time.ts'
import { models } from '../../db/schema.ts'
import { type DueClock, dayOf, dueTitle } from './clock.ts'

const warnBefore = 5

/** Models whose `nextReview` is near or past. */
export async function reviewsDue({ db, now }: Context): Promise<DueClock[]> {
	const today = dayOf(now())
	const rows = await db
		.select({ model: models.name, at: models.nextReview })
		.from(models)
		.where(lte(models.nextReview, (today + warnBefore + 1) * dayMs - 1))
	return rows.flatMap(({ model, at }) =>
		at === null
			? []
			: {
					about: `clock:review:${model}`,
					model,
					...dueTitle(today, [{ day: dayOf(at), count: 1 }], ['review of the model', 'reviews of the model']),
					note: `Review the model, then set \`validatedAt\` and the next \`nextReview\`, which is ${formatTime(at)} now.`,
				},
	)
}
