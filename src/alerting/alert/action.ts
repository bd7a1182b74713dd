import type { Context } from '../../context.ts'
import type { ActionName, ActionUse } from '../../rules/action-options.ts'
import type { Lookup } from '../../rules/facts.ts'
import type { IncidentWorkingSet, WorkingIncident } from '../incident/incident-working-set.ts'
import type { WorkingAlert } from './alert-working-set.ts'
import type { ChangeSet } from './change-set.ts'

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
