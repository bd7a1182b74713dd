import { and, eq, isNotNull } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { printableCell } from '../../core/printable.ts'
import { dayMs } from '../../core/time.ts'
import { reports } from '../../db/schema.ts'
import { findModel } from '../../registry/model/find-model.ts'
import type { NoticeSettings } from '../notices/notices.schema.ts'
import { modelsWithLaws } from '../notices/notices.ts'
import { type LawInForce, lawAt } from '../reports/law.ts'
import { reportTemplates } from '../reports/templates/index.ts'
import { adverseByDay, adverseExamples, environment } from './adverse-days.ts'
import { type DueClock, dayOf, dayText, dueTitle, warnsOn } from './clock.ts'

// A decision against a person starts these clocks. The log has the time of the decision; the application came before it.
const startedByDecision: readonly string[] = ['complete-application', 'decision']

type Clock = NonNullable<LawInForce['clocks']>[number]

/** The clocks of a law that a decision on a day has started. */
const clocksOn = (context: Context, law: string, day: number): Clock[] =>
	(lawAt(context, law, day * dayMs)?.clocks ?? []).filter(({ from }) => startedByDecision.includes(from))

/** The template of the notice that a law asks for. */
const templateOf = (law: string): string | undefined =>
	reportTemplates.find((t) => t.needs === 'decision' && t.law.includes(law))?.id

/** Notices about decisions against persons that are due or overdue and have not been made, by model and clock. */
export async function noticesDue(context: Context): Promise<{ due: DueClock[]; remaining: number }> {
	const due: DueClock[] = []
	let remaining = 0
	for (const { model, settings } of await modelsWithLaws(context)) {
		const found = await missingOf(context, model, settings)
		remaining += found.remaining
		for (const missing of found.missing) due.push(await toDue(context, model, missing))
	}
	return { due, remaining }
}

type MissingDay = { decided: number; day: number; count: number }
type Missing = { law: string; clock: Clock; template: string; days: MissingDay[]; made: Made }

async function missingOf(context: Context, model: string, { laws, noticesSince }: NoticeSettings) {
	const today = dayOf(context.now())
	const first = noticesSince === undefined ? 0 : dayOf(Date.parse(noticesSince))
	const soonest = Math.min(
		...laws.flatMap((law) => clocksOn(context, law, today).map(({ days }) => warnsOn(days))),
	)
	if (!Number.isFinite(soonest)) return { missing: [], remaining: 0 }
	const { byDay, remaining } = await adverseByDay(context, await findModel(context, model), today - soonest)
	const missing = new Map<string, Missing>()
	for (const law of laws) {
		const template = templateOf(law)
		if (template === undefined) continue
		const made = await madeByDay(context, model, template)
		for (const [decided, adverse] of byDay) {
			const count = adverse - (made.get(decided)?.size ?? 0)
			if (decided < first || count <= 0) continue
			for (const clock of clocksOn(context, law, decided)) {
				if (today - decided < warnsOn(clock.days)) continue
				const key = `${law}/${clock.id}`
				const known = missing.get(key) ?? { law, clock, template, days: [], made }
				known.days.push({ decided, day: decided + clock.days, count })
				missing.set(key, known)
			}
		}
	}
	return { missing: [...missing.values()], remaining }
}

type Made = Map<number, Set<string>>

/** The decisions of a model with a report of this template, by the UTC day of the decision. */
async function madeByDay({ db }: Context, model: string, template: string): Promise<Made> {
	const rows = await db
		.select({ id: reports.predictionId, at: reports.decidedAt })
		.from(reports)
		.where(and(eq(reports.model, model), eq(reports.template, template), isNotNull(reports.decidedAt)))
	const made: Made = new Map()
	for (const { id, at } of rows) {
		const day = dayOf(at as number)
		const ids = made.get(day) ?? new Set()
		if (id !== null) ids.add(id)
		made.set(day, ids)
	}
	return made
}

async function toDue(
	context: Context,
	model: string,
	{ law, clock, template, days, made }: Missing,
): Promise<DueClock> {
	const [oldest] = days as [MissingDay]
	const examples = await adverseExamples(
		context,
		model,
		oldest.decided,
		made.get(oldest.decided) ?? new Set(),
	)
	return {
		about: `clock:notice:${law}/${clock.id}:${model}`,
		model,
		...dueTitle(dayOf(context.now()), days, [`report ${template}`, `reports ${template}`]),
		note: [
			`${clock.text}: ${clock.days} days, counted in calendar days in UTC from the decision, since the log does not have the application.`,
			`Decisions of ${dayText(oldest.decided)} in ${environment} without one: ${examples.map((id) => printableCell(id)).join(', ')}.`,
		].join(' '),
	}
}
