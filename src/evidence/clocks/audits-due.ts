import { and, desc, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { reports } from '../../db/schema.ts'
import { modelsWithLaws } from '../notices/notices.ts'
import { lawAt } from '../reports/law.ts'
import { type DueClock, dayOf, dayText, dueTitle, warnsOn } from './clock.ts'

const template = 'bias-audit'

/** Bias audits whose year is over or soon will be, for models that declare a law with such a clock. */
export async function auditsDue(context: Context): Promise<DueClock[]> {
	const now = context.now()
	const today = dayOf(now)
	const due: DueClock[] = []
	for (const { model, settings } of await modelsWithLaws(context))
		for (const law of settings.laws)
			for (const clock of lawAt(context, law, now)?.clocks ?? []) {
				if (clock.from !== template) continue
				const last = await lastAudit(context, model)
				const end = last === undefined ? today : dayOf(last) + clock.days
				if (last !== undefined && today < dayOf(last) + warnsOn(clock.days)) continue
				due.push({
					about: `clock:audit:${law}/${clock.id}:${model}`,
					model,
					...dueTitle(today, [{ day: end, count: 1 }], ['bias audit', 'bias audits']),
					note:
						last === undefined
							? `${clock.text}. There is no report ${template} of this model yet.`
							: `${clock.text}. The last report ${template} is of ${dayText(dayOf(last))}.`,
				})
			}
	return due
}

async function lastAudit({ db }: Context, model: string): Promise<number | undefined> {
	const [row] = await db
		.select({ at: reports.createdAt })
		.from(reports)
		.where(and(eq(reports.model, model), eq(reports.template, template)))
		.orderBy(desc(reports.id))
		.limit(1)
	return row?.at
}
