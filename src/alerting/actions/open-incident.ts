import type { RuleAction } from '../alert/action.ts'

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
