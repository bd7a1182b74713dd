import type { RuleAction } from '../services/alert/action.ts'

/** Puts the alert into the incident that is open for its model at that time, or opens one. */
export const openIncident = {
	name: 'open-incident',
	run: async ({ incidents, alert }) => void incidents.place(alert.row),
} satisfies RuleAction
