import { listIncidents } from '../../services/incident/list-incidents.ts'
import { incidentsMessage } from '../blocks/incident.ts'
import type { SlackCommand } from '../reply.ts'

const limit = 20

export const incidents: SlackCommand = {
	name: 'incidents',
	usage: 'incidents',
	about: 'the incidents that are not resolved',
	answer: async (context, { actor }) => {
		const pages = await Promise.all(
			(['open', 'acknowledged'] as const).map((status) => listIncidents(context, actor, { status, limit })),
		)
		const items = pages.flatMap((p) => p.items).sort((a, b) => (a.openedAt < b.openedAt ? 1 : -1))
		return incidentsMessage(items.slice(0, limit), items.length > limit || pages.some((p) => p.next !== null))
	},
}
