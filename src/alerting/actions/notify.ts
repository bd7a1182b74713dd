import type { RuleAction } from '../alert/action.ts'

/** Has the incident announced in a channel of its own, beside others that rules name. */
export const notify = {
	name: 'notify',
	run: async ({ incidents, alert, use }) => {
		const { row } = incidents.place(alert.row)
		if (use.channel !== undefined && !row.channels.includes(use.channel))
			row.channels = [...row.channels, use.channel]
	},
} satisfies RuleAction
