import { draftRequest, requestChange } from '../approvals/request/request.ts'
import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import type { ChangeSet } from '../db/commit.ts'
import type { RequestKind } from '../db/schema.ts'
import type { Lookup } from '../rules/facts.ts'
import type { ActionName, ActionUse } from '../rules/schema.ts'
import type { WorkingAlert } from './alert/alert-working-set.ts'
import type { IncidentWorkingSet, WorkingIncident } from './incident/incident-working-set.ts'

/** What an action works on: one alert that fires, in the commit that is being made. */
export type ActionInput = {
	context: Context
	changeSet: ChangeSet
	incidents: IncidentWorkingSet
	alert: WorkingAlert
	/** The alert's incident, once one of its actions has opened or joined one. */
	incident: WorkingIncident | undefined
	use: ActionUse
	/** The facts of the window in which it fires. */
	facts: Lookup
}

/** One action that rules can name. */
export type RuleAction = { name: ActionName; run(input: ActionInput): Promise<void> }
export type ActionRegistry = Readonly<Record<ActionName, RuleAction>>

/** Adds a request for people to decide on, once an incident and kind. What cannot be requested is said in the timeline. */
export async function requestFor(
	{ context, changeSet, incidents, alert }: ActionInput,
	kind: RequestKind,
): Promise<void> {
	const { row, said } = incidents.place(alert.row)
	const { metric, value, rule, rulesDigest, firedFrom } = alert.row
	try {
		const draft = await draftRequest(context, {
			kind,
			model: row.model,
			environment: row.environment,
			reason: `rule ${rule}`,
			requester: 'job:evaluate-rules',
			incident: row.id,
			evidence: { rule, rulesDigest, metric, value, window: firedFrom },
		})
		const { change, entry } = requestChange(context, draft)
		changeSet.changes.push(change)
		changeSet.entries.push(entry)
		said.push(`requested a ${kind}: ${draft.id}`)
	} catch (error) {
		if (!(error instanceof AppError)) throw error
		said.push(`no ${kind} was requested: ${error.message}`)
	}
}

/** Puts the alert into the incident that is open for its model at that time, or opens one. */
export const openIncident = {
	name: 'open-incident',
	run: async ({ incidents, alert, facts }) => {
		// Some states have more to say than a number, such as which versions on which days: `replay.summary`.
		const { metric } = alert.row
		const more = facts(`${metric}.summary`) ?? facts(`${metric.split('.')[0]}.summary`)
		incidents.place(alert.row, typeof more === 'string' ? more : undefined)
	},
} satisfies RuleAction

/** Has the incident announced in a channel of its own, beside others that rules name. */
export const notify = {
	name: 'notify',
	run: async ({ incidents, alert, use }) => {
		const { row } = incidents.place(alert.row)
		if (use.channel !== undefined && !row.channels.includes(use.channel))
			row.channels = [...row.channels, use.channel]
	},
} satisfies RuleAction

/** Asks people for a retraining. */
export const requestRetraining = {
	name: 'request-retraining',
	run: (input) => requestFor(input, 'retraining'),
} satisfies RuleAction

/** Asks people for a rollback to the champion before this one. */
export const proposeRollback = {
	name: 'propose-rollback',
	run: (input) => requestFor(input, 'rollback'),
} satisfies RuleAction

/** What rules can do, by the name that they use. */
export const actions = {
	'open-incident': openIncident,
	notify,
	'request-retraining': requestRetraining,
	'propose-rollback': proposeRollback,
} satisfies ActionRegistry
