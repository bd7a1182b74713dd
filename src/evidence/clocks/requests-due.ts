import type { Context } from '../../context.ts'
import { serviceModel } from '../../rules/rule-set.ts'
import { type DueClock, dayOf, dueTitle, warnsOn } from './clock.ts'
import { openRequests } from './subject-requests.ts'

const words = {
	access: ['request for access', 'requests for access'],
	explanation: ['request for an explanation', 'requests for an explanation'],
	reasons: ['request for reasons', 'requests for reasons'],
} as const

const maxExamples = 5

/** Requests of persons that are due soon or overdue, by kind and model. Requests are named by their ids, never by the person. */
export async function requestsDue(context: Context, actor: { id: string; how: 'job' }): Promise<DueClock[]> {
	const today = dayOf(context.now())
	const open = await openRequests(context, actor)
	const near = open.flatMap((row) => {
		if (row.dueDay === null) return []
		const received = dayOf(row.receivedAt)
		return today >= received + warnsOn(row.dueDay - received) ? [{ ...row, dueDay: row.dueDay }] : []
	})
	const of = Map.groupBy(near, ({ kind, model }) => `${kind}:${model ?? serviceModel}`)
	return [...of].map(([key, rows]) => {
		const [{ kind, model, law }] = rows as [(typeof rows)[number]]
		const due = rows.map(({ dueDay }) => ({ day: dueDay, count: 1 }))
		const examples = rows.slice(0, maxExamples).map(({ id }) => id)
		return {
			about: `clock:request:${key}`,
			model: model ?? serviceModel,
			...dueTitle(today, due, words[kind]),
			note: `Clock ${law}. The first: ${examples.join(', ')}. A report answers a request; POST /v1/subjects/{subject}/requests/{id}/close ends one without a report.`,
		}
	})
}
