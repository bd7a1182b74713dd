import { openIncidents } from '../../alerting/incident/read-incidents.ts'
import { incidentsMessage } from '../blocks/incident.ts'
import type { SlackCommand } from '../reply.ts'

const limit = 20

export const incidents: SlackCommand = {
	name: 'incidents',
	usage: 'incidents',
	about: 'the incidents that are not resolved',
	answer: async (context, { actor }) => {
		const { items, areMore } = await openIncidents(context, actor, limit)
		return incidentsMessage(items, areMore)
	},
}
