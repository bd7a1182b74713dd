import { draftRequest, openRequest, requestChanges } from '../approvals/request/draft-request.ts'
import { expireRequests } from '../approvals/request/expire-requests.ts'
import type { RequestRow } from '../approvals/request/request-record.ts'
import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import type { ChangeSet } from '../db/commit.ts'
import type { RequestKind } from '../db/schema.ts'
import type { Lookup } from '../rules/facts.ts'
import type { ActionName, ActionUse } from '../rules/rule-set.ts'
import type { WorkingAlert } from './alert/alert-working-set.ts'
import type { IncidentWorkingSet, WorkingIncident } from './incident/incident-working-set.ts'

/** What an action works on: one firing alert, and the commit that is being prepared. */
export type ActionInput = {
	context: Context
	changeSet: ChangeSet
	incidents: IncidentWorkingSet
	alert: WorkingAlert
	/** The alert's incident; undefined until one of its actions has opened or joined one. */
	incident: WorkingIncident | undefined
	use: ActionUse
	/** The facts of the window in which the alert fires. */
	facts: Lookup
}

/** One action that rules can name. */
type RuleAction = { name: ActionName; run(input: ActionInput): Promise<void> }
export type ActionRegistry = Readonly<Record<ActionName, RuleAction>>

/** Adds the alert to the open incident with the same cause, or opens a new incident. */
const openIncident = {
	name: 'open-incident',
	run: async ({ incidents, alert, facts }) => {
		// Some states have a summary besides their number: `replay.summary` names versions and days.
		const { metric } = alert.row
		const summary = facts(`${metric}.summary`) ?? facts(`${metric.split('.')[0]}.summary`)
		incidents.assign(alert.row, typeof summary === 'string' ? summary : undefined)
	},
} satisfies RuleAction

/** Announces the incident in one more channel. */
const notify = {
	name: 'notify',
	run: async ({ incidents, alert, use }) => {
		const { row } = incidents.assign(alert.row)
		if (use.channel !== undefined && !row.channels.includes(use.channel))
			row.channels = [...row.channels, use.channel]
	},
} satisfies RuleAction

const requestRetraining = {
	name: 'request-retraining',
	run: (input) => requestFor(input, 'retraining'),
} satisfies RuleAction

const proposeRollback = {
	name: 'propose-rollback',
	run: (input) => requestFor(input, 'rollback'),
} satisfies RuleAction

/** What rules can do, by the name that rule files use. */
export const actions = {
	'open-incident': openIncident,
	notify,
	'request-retraining': requestRetraining,
	'propose-rollback': proposeRollback,
} satisfies ActionRegistry

/** Adds a request for approval, one per incident and kind. If it cannot be made, the timeline says why. */
async function requestFor(
	{ context, changeSet, incidents, alert }: ActionInput,
	kind: RequestKind,
): Promise<void> {
	const { row, notes } = incidents.assign(alert.row)
	const { metric, value, rule, rulesDigest, firedFrom } = alert.row
	try {
		const draft = await draftRequest(context, {
			kind,
			model: row.model,
			environment: row.environment,
			reason: `rule ${rule}`,
			requester: { id: 'job:evaluate-rules' },
			incident: row.id,
			evidence: { rule, rulesDigest, metric, value, window: firedFrom },
		})
		await expireRequests(context, { model: row.model })
		const known = (await openRequest(context, draft))?.id ?? draftedBefore(changeSet, draft)
		if (known !== undefined) {
			notes.push(`asks for a ${kind}, which ${known} already requests`)
			return
		}
		const { changes, entry } = requestChanges(context, draft)
		changeSet.changes.push(...changes)
		changeSet.entries.push(entry)
		notes.push(`requested a ${kind}: ${draft.id}`)
	} catch (error) {
		if (!(error instanceof AppError)) throw error
		notes.push(`no ${kind} was requested: ${error.message}`)
	}
}

/** The id of the request for the same that this commit stores already. */
const draftedBefore = ({ entries }: ChangeSet, { model, actionDigest }: RequestRow): string | undefined =>
	entries
		.find((e) => e.action === 'create-request' && e.model === model && e.after === actionDigest)
		?.object.replace('request:', '')
